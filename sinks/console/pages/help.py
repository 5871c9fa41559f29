"""Help: an article for each screen and each practice system, and where to ask. Nothing here is of a practice."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from sinks.console.help.articles import ARTICLES, BY_NAME
from sinks.console.process import console
from sinks.operations.queries.systems import shown_systems
from sinks.operations.words.support import support_of
from streams.runtime.errors import ConfigurationError


def help_page(request: HttpRequest, article: str = "") -> HttpResponse:
    """One article with the list of all. Asks no database."""
    chosen = BY_NAME.get(article)
    if article and chosen is None:
        raise Http404
    return _shown(request, article=chosen)


def help_system(request: HttpRequest, system: str) -> HttpResponse:
    """What staff see where in a system, and how a payment type of its own is added there."""
    try:
        (found,) = shown_systems(system)
    except ConfigurationError:
        raise Http404 from None
    return _shown(request, system=found)


def _shown(request: HttpRequest, **values: object) -> HttpResponse:
    known = {"articles": ARTICLES, "systems": shown_systems(), "support": support_of(console().settings)}
    return render(request, "console/help.html", known | values)

"""The article of each screen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse

from sinks.console.help import money_screens, other_screens, practice_screens
from sinks.console.help.article import Article

ARTICLES: Final = (*practice_screens.ARTICLES, *money_screens.ARTICLES, *other_screens.ARTICLES)
BY_NAME: Final[Mapping[str, Article]] = MappingProxyType({each.name: each for each in ARTICLES})
BY_SCREEN: Final[Mapping[str, Article]] = MappingProxyType(
    {screen: each for each in ARTICLES for screen in each.screens}
)


def help_address(request: HttpRequest) -> dict[str, Any]:
    """For templates: where the article of this screen is; the list of all where there is none."""
    match = request.resolver_match
    article = None if match is None else BY_SCREEN.get(match.url_name or "")
    return {"help_address": reverse("help") if article is None else reverse("help", args=[article.name])}

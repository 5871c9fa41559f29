"""What is shown when a page cannot be: in plain words, with what to do, and with nothing of what was asked."""

from __future__ import annotations

import sys
from typing import Any, Final

from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from sinks.console.assets import addresses
from sinks.console.process import console
from sinks.operations.words.in_the_browser import in_the_browser
from sinks.operations.words.support import support_of
from streams.runtime.errors import Transient, WritebackError, category_of
from streams.runtime.logging import log

_LOG: Final = log(__name__)


def _page(request: HttpRequest, status: int, headline: str, words: str) -> HttpResponse:
    """By no session and no query: those may be what fails."""
    support = support_of(console().settings)
    values = {"headline": headline, "words": in_the_browser(words), "support": support, **addresses(request)}
    return HttpResponse(render_to_string("console/failure.html", values), status=status)


def not_there(request: HttpRequest, exception: Any) -> HttpResponse:
    return _page(
        request,
        404,
        "There is no such page",
        "Or your account may not open it. Go back to the list, or ask whoever runs Writeback to give you the practice.",
    )


def not_allowed(request: HttpRequest, exception: Any) -> HttpResponse:
    return _page(request, 403, "This is not allowed", "Sign in again, or ask whoever runs Writeback.")


def not_understood(request: HttpRequest, exception: Any) -> HttpResponse:
    return _page(request, 400, "This cannot be read", "Go back, load the page again, and repeat what you did.")


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that this console did not hand out to this browser."""
    return _page(
        request,
        403,
        "The form was not taken",
        "It does not belong to your session any more. Go back, load the page again, and repeat what you did.",
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Whatever a page raised. What the operations refuse is said in their words; the rest is logged by its kind."""
    error = sys.exc_info()[1]
    if isinstance(error, (OperationalError, InterfaceError)) or (error and category_of(error) is Transient):
        words = str(error) if isinstance(error, WritebackError) else "The database does not answer."
        return _page(request, 503, "Not at the moment", f"{words} Nothing was changed. Try again in a minute.")
    if isinstance(error, WritebackError):
        return _page(request, 409, "This cannot be done", str(error))
    if error is not None:
        _LOG.failure("a page failed", error)
    return _page(
        request, 500, "Something went wrong", "It was noted. Try again; where it stays so, tell whoever runs Writeback."
    )

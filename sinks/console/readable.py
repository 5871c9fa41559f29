"""Refuses what no page can read: middleware before whatever asks a database for what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from django.http import HttpRequest, HttpResponse

from sinks.console.failures import not_understood

NUL: Final = "\0"
"""PostgreSQL keeps no text with it, and no browser sends it for what somebody typed."""


def readable_only(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A NUL in the address, its query, a form or a cookie is answered with 400, and with the headers of every page.
    A form that is too large is refused by Django here already, with 413 or 400."""

    def answer(request: HttpRequest) -> HttpResponse:
        if any(NUL in each for each in _sent(request)):
            return not_understood(request, None)
        return get_response(request)

    return answer


def _sent(request: HttpRequest) -> Iterator[str]:
    yield request.path_info
    for named in (request.GET, request.POST):
        for name, values in named.lists():
            yield name
            yield from values
    yield from request.COOKIES.values()

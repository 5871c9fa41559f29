"""Ends a digest by one click in a mail program (RFC 8058): no sign-in, no cookie, and only a POST does it.

A person who opens the address in a browser is asked first, as programs that look into mails open addresses too.
"""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sinks.console.process import console
from sinks.operations.actions.end_digest import ONE_CLICK, digest_ends_here
from sinks.operations.actions.end_digest import end_digest as end

_NAME, _, _VALUE = ONE_CLICK.partition("=")
_LONGEST: Final = 64


@csrf_exempt  # a mail program has no form of ours; the code in the address is what entitles it
@require_http_methods(["GET", "POST"])
def end_digest(request: HttpRequest, practice_id: str, code: str) -> HttpResponse:
    """Raises Http404 for a code that is nobody's, without saying whether the practice is known."""
    if len(code) > _LONGEST:
        raise Http404
    done = request.method == "POST" and request.POST.get(_NAME) == _VALUE
    with console().pool.ledger() as ledger:
        known = (end if done else digest_ends_here)(ledger, console().secrets.digest_ends(), practice_id, code)
    if not known:
        raise Http404
    values = {"done": done, "practice_id": practice_id, "name": _NAME, "value": _VALUE}
    return render(request, "console/end_digest.html", values)

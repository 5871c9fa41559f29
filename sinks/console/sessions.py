"""How long a session lasts and what it opens: middleware around every page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from sinks.console.django_settings import IDLE_S, LONGEST_S
from sinks.console.sign_in import CHANGE_PASSWORD, SECOND_FACTOR

Answer = Callable[[HttpRequest], HttpResponse]

BEGAN: Final = "console_began"
SEEN: Final = "console_seen"
SEEN_EVERY_S: Final = 30.0
"""How exactly the last request is kept, so that not every page is a write."""

_TO_ANYBODY: Final = frozenset({"asset", "account_login", "mfa_authenticate", "help", "help_system", "end_digest"})
_BEFORE_SECOND_FACTOR: Final = frozenset(
    {"account_logout", "account_reauthenticate", "account_change_password", "mfa_activate_totp"}
)


def private_answers(get_response: Answer) -> Answer:
    """Nothing but the two files that hold no data is kept by a browser or a proxy on the way."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    return answer


def limited_sessions(get_response: Answer) -> Answer:
    """End a session that nobody has used for IDLE_S, and any after LONGEST_S (H-19). What a page asks for by itself is
    no use."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and _is_over(request, time.time()):
            logout(request)
        return get_response(request)

    return answer


def _is_over(request: HttpRequest, now: float) -> bool:
    session = request.session
    began, seen = session.setdefault(BEGAN, now), session.setdefault(SEEN, now)
    if now - seen > IDLE_S or now - began > LONGEST_S:
        return True
    if now - seen > SEEN_EVERY_S and not getattr(request, "htmx", False):
        session[SEEN] = now
    return False


def signed_in_only(get_response: Answer) -> Answer:
    """Every page but the sign-in asks for a password and a second factor first (H-18)."""

    def answer(request: HttpRequest) -> HttpResponse:
        name = _name(request)
        if name in _TO_ANYBODY:
            return get_response(request)
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if name in _BEFORE_SECOND_FACTOR:
            return get_response(request)
        if request.session.get(SECOND_FACTOR) is True:
            return get_response(request)
        if request.user.groups.filter(name=CHANGE_PASSWORD).exists():
            return redirect("account_change_password")
        if is_mfa_enabled(request.user):
            # Its second factor was set in another session, in which it was given: this one has to begin anew.
            logout(request)
            return _to_sign_in(request)
        return redirect("mfa_activate_totp")

    return answer


def _name(request: HttpRequest) -> str | None:
    try:
        name: str | None = resolve(request.path_info).url_name
        return name
    except Resolver404:
        return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The address that was asked for comes back afterwards; a part of a page is not asked for again."""
    address = reverse("account_login")
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    if request.method == "GET" and request.path_info != "/":
        address = f"{address}?{urlencode({'next': request.path_info})}"
    return redirect(address)

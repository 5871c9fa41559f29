"""How people sign in: allauth's flows, with second factors sealed at rest and every sign-in in the audit trail."""

from __future__ import annotations

import time
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from sinks.console.process import console
from sinks.operations.sign_in_trail import SignIn

RECENT_S: Final = 300.0
"""Who proved who they are so long ago at most need not do it again to change how they sign in."""
CHANGE_PASSWORD: Final = "must change the password"  # noqa: S105 - a group's name
"""Accounts in this group have a password that an administrator has seen."""
SECOND_FACTOR: Final = "console_second_factor"
"""In a session in which a second factor was given, or set."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are added by an administrator; nobody signs up, and no mail is sent."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """There is no mail that would not tell somebody else who has an account here."""

    def login(self, request: HttpRequest, user: Any) -> None:
        """Called once every factor that the account has was given."""
        super().login(request, user)
        given = {record.get("method") for record in get_authentication_records(request, user)}
        request.session[SECOND_FACTOR] = "mfa" in given
        console().note_sign_in(SignIn.SIGNED_IN, user.get_username())

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """What was typed as the name is kept only where an account is called so."""
        super().authentication_failed(request, **credentials)
        name = str(credentials.get("username") or "")
        known = get_user_model().objects.filter(username=name).exists()
        console().note_sign_in(SignIn.REFUSED, name if known else None)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By the account alone: whoever calls the console by another of its names has no further tries."""
        return str(credentials.get("username") or "").lower()

    def set_password(self, user: Any, password: str) -> None:
        super().set_password(user, password)
        user.groups.remove(*user.groups.filter(name=CHANGE_PASSWORD))
        console().note_sign_in(SignIn.PASSWORD_SET, user.get_username())

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        request = context.request
        records = get_authentication_records(request, request.user)
        return not any(time.time() - record.get("at", 0.0) < RECENT_S for record in records)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and of recovery codes stand in the database sealed (H-13)."""

    def encrypt(self, text: str) -> str:
        return console().secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return console().secrets.open(encrypted_text)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """An administrator resets a second factor (`writeback console reset`); nobody goes without one."""
        return False


class CodeForm(AuthenticateForm):
    """The code after the password."""

    def clean_code(self) -> Any:
        try:
            return super().clean_code()
        except ValidationError:
            console().note_sign_in(SignIn.SECOND_FACTOR_REFUSED, self.user.get_username())
            raise


def second_factor_added(request: HttpRequest | None, user: Any, authenticator: Any, **_: Any) -> None:
    """Whoever has just set one has given it: its first code was asked for. Recovery codes are none by themselves."""
    if authenticator.type != authenticator.Type.TOTP:
        return
    if request is not None:
        request.session[SECOND_FACTOR] = True
    console().note_sign_in(SignIn.SECOND_FACTOR_SET, user.get_username())

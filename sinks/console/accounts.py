"""Who can sign in at the console: users of the operations, each with a password and a second factor."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec

from sinks.console.schema import require_console_schema
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

PASSWORD_BYTES: Final = 15
"""120 random bits, as 20 characters that can be read aloud."""
MOST: Final = 10_000


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account, without its secrets."""

    name: str
    second_factor: bool
    last_sign_in: datetime | None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator hands to the person, once. `password` None: a preview."""

    name: str
    password: str | None = None

    def __repr__(self) -> str:
        return f"Given(name={self.name!r})"


class Accounts:
    """All accounts, for one command; whoever calls keeps first that it was ordered (`order_sign_in`)."""

    def __init__(self, settings: ProgramSettings | None) -> None:
        """None: within the role, which looked at its tables when it started. Blocks. Raises ConfigurationError where
        the tables are not this release's."""
        if settings is not None:
            require_console_schema(settings)

    def add(self, name: str, *, apply: bool) -> Given:
        """Make an account with a password that is said once and has to be changed at the first sign-in. Blocks.

        Raises ConfigurationError where there is one already.
        """
        from django.contrib.auth.models import Group, User
        from django.db import transaction

        from sinks.console.sign_in import CHANGE_PASSWORD

        if User.objects.filter(username=name).exists():
            raise ConfigurationError(
                f"there is an account {name} already: `writeback console reset` gives it a new password"
            )
        if not apply:
            return Given(name=name)
        password = _password()
        with transaction.atomic():
            user = User.objects.create_user(name, password=password)
            user.groups.add(Group.objects.get_or_create(name=CHANGE_PASSWORD)[0])
        return Given(name=name, password=password)

    def reset(self, name: str, *, apply: bool) -> Given:
        """A new password, and no second factor any more: both are set anew at the next sign-in. Sessions end. Blocks.

        Raises ConfigurationError where there is no such account.
        """
        user = _account(name)
        if not apply:
            return Given(name=name)
        from allauth.mfa.models import Authenticator
        from django.contrib.auth.models import Group
        from django.db import transaction

        from sinks.console.sign_in import CHANGE_PASSWORD

        password = _password()
        with transaction.atomic():
            Authenticator.objects.filter(user=user).delete()
            user.set_password(password)
            user.save()
            user.groups.add(Group.objects.get_or_create(name=CHANGE_PASSWORD)[0])
        return Given(name=name, password=password)

    def remove(self, name: str, *, apply: bool) -> Given:
        """The account is gone, with its sessions; what the person did stays in the trail. Blocks. Raises as `reset`."""
        user = _account(name)
        if apply:
            user.delete()
        return Given(name=name)

    def listed(self, names: Collection[str] | None = None) -> list[Account]:
        """All, or those of these names, by name. Blocks for a few statements."""
        from allauth.mfa.models import Authenticator
        from django.contrib.auth.models import User

        users = User.objects.all() if names is None else User.objects.filter(username__in=names)
        found = list(users.order_by("username")[:MOST])
        keyed = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__in=found)
        have = set(keyed.values_list("user_id", flat=True))
        return [
            Account(name=user.get_username(), second_factor=user.pk in have, last_sign_in=user.last_login)
            for user in found
        ]


def _account(name: str) -> Any:
    from django.contrib.auth.models import User

    found = User.objects.filter(username=name).first()
    if found is None:
        raise ConfigurationError(f"there is no account {name}: `writeback console accounts` lists them")
    return found


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)

"""Adds people, gives and takes their roles, and disables them; each is an entry in the audit trail (H-15, H-21)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import lock_practice
from sinks.ledger.practices.settings.groups import audit_key, organisation
from sinks.ledger.practices.settings.settings_file import checked_email, checked_id
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.rows.fetch import fetch_value
from sinks.ledger.unit_of_work import instant
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.actions.retention import TRAIL
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.queries.users import ListedUser, User, granted, grants_of, user_named
from sinks.operations.roles import Role, View, may, may_grant
from streams.runtime.errors import ConfigurationError, Permanent

_SQL: Final = named_queries("sinks.operations.actions", "users.sql")
Cursor = psycopg.Cursor[TupleRow]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """At one practice, at a group's practices, or at all."""

    practice_id: str | None = None
    organisation_id: str | None = None

    def __post_init__(self) -> None:
        if self.practice_id is not None and self.organisation_id is not None:
            raise ConfigurationError("a role is granted at a practice or at a group's practices: name one of them")

    @property
    def trail(self) -> str:
        """In whose audit trail it stands."""
        return self.practice_id or (audit_key(self.organisation_id) if self.organisation_id else TRAIL)


def add_user(
    ledger: Ledger,
    name: str,
    order: Order,
    full_name: str | None = None,
    email: str | None = None,
    practice_id: str | None = None,
) -> User:
    """Make a person known, without any role; `practice_id`: by who administers that practice. Blocks.
    ConfigurationError for a name that is known."""
    authorise(order, Action.USER_ADD, practice_id)
    known = checked_id("USER", name)
    checked_text("--full-name", full_name or "")
    address = None if email is None else checked_email(email)
    with ledger.connection.transaction(force_rollback=not order.apply), ledger.connection.cursor() as cursor:
        _lock_trail(cursor, Where())
        values = {"name": known, "full_name": full_name, "email": address, "actor": order.actor.name}
        if fetch_value(cursor, _SQL["add"], values | {"at": instant(cursor, ledger.now)}) is None:
            raise ConfigurationError(f"the user {known} is known already")
        _audit(ledger, cursor, order, Action.USER_ADD, TRAIL, known, after={"user": known})
    return User(known, full_name, address, disabled=False)


def set_disabled(ledger: Ledger, name: str, order: Order, *, disabled: bool) -> User:
    """Keep a person out, or let them in again with the roles that they had. Blocks. Nobody disables their own name."""
    action = Action.USER_DISABLE if disabled else Action.USER_ENABLE
    authorise(order, action)
    _not_oneself(order, name)
    with ledger.connection.transaction(force_rollback=not order.apply), ledger.connection.cursor() as cursor:
        _lock_trail(cursor, Where())
        before = _locked(ledger, cursor, name)
        at = instant(cursor, ledger.now) if disabled else None
        cursor.execute(_SQL["disable"], {"name": name, "at": at, "actor": order.actor.name if disabled else None})
        was, now = {"disabled": before.disabled}, {"disabled": disabled}
        _audit(ledger, cursor, order, action, TRAIL, name, before=was, after=now)
    return msgspec.structs.replace(before, disabled=disabled)


def change_roles(
    ledger: Ledger,
    name: str,
    where: Where,
    order: Order,
    *,
    give: Sequence[Role] = (),
    take: Sequence[Role] = (),
    signs_in: bool = False,
) -> ListedUser:
    """Give roles there and take others away, all or none. Blocks.

    `signs_in`: the person has an account at the console. Permanent for a role that the actor may not give, for the
    actor's own name, and where a role is given to a person of others; ConfigurationError for one that is there already,
    or was not.
    """
    changes = [(Action.USER_GRANT, each) for each in give] + [(Action.USER_REVOKE, each) for each in take]
    if not changes:
        raise ConfigurationError("give a role with --give, or take one away with --take")
    for action, role in changes:
        authorise(order, action, where.practice_id, where.organisation_id)
        if not may_grant(order.actor.grants, role, where.practice_id, where.organisation_id):
            raise Permanent(f"{order.actor.name} may not give or take the role {role} there")
    _not_oneself(order, name)
    check_practice(ledger.connection, where.practice_id)
    with ledger.connection.transaction(force_rollback=not order.apply), ledger.connection.cursor() as cursor:
        if where.organisation_id is not None:
            organisation(cursor, where.organisation_id)
        _lock_trail(cursor, where)
        user = _locked(ledger, cursor, name)
        if give:
            _not_of_others(ledger, name, where, order, signs_in)
        for action, role in changes:
            _change(ledger, cursor, name, action, role, where, order)
        grants = granted(ledger.connection, [name])
    return ListedUser(user, tuple(grants))


def _change(ledger: Ledger, cursor: Cursor, name: str, action: Action, role: Role, where: Where, order: Order) -> None:
    values = {
        "name": name,
        "role": role.value,
        "practice_id": where.practice_id or "",
        "organisation_id": where.organisation_id or "",
        "at": instant(cursor, ledger.now),
        "actor": order.actor.name,
    }
    given = action is Action.USER_GRANT
    if fetch_value(cursor, _SQL["grant" if given else "revoke"], values) is None:
        raise ConfigurationError(f"{name} {'has' if given else 'does not have'} the role {role} there")
    after = {"role": role.value} | msgspec.to_builtins(where)
    _audit(ledger, cursor, order, action, where.trail, name, after=after)


def _not_oneself(order: Order, name: str) -> None:
    if order.actor.name == name:
        raise Permanent("nobody changes what they may do themselves: ask another administrator")


def _not_of_others(ledger: Ledger, name: str, where: Where, order: Order, signs_in: bool) -> None:
    """Whoever gave this person an account may know its password, and would see what is shown to it from now on."""
    has = grants_of(ledger.connection, name)
    if may(has, View.TRANSACTIONS, where.practice_id, where.organisation_id):
        return
    of_nobody = signs_in and not has and not may(order.actor.grants, Action.USER_GRANT)
    if of_nobody or any(
        not may_grant(order.actor.grants, each.role, each.practice_id or None, each.organisation_id or None)
        for each in granted(ledger.connection, [name])
    ):
        raise Permanent(f"{name} is a user of others: ask whoever runs Writeback to give the role")


def _lock_trail(cursor: Cursor, where: Where) -> None:
    """Entries of one trail are chained, so one writer at a time; a practice's is held by that practice's lock."""
    if where.practice_id is not None:
        lock_practice(cursor, where.practice_id)
    else:
        cursor.execute(_SQL["trail"], {"trail": where.trail})


def _locked(ledger: Ledger, cursor: Cursor, name: str) -> User:
    fetch_value(cursor, _SQL["lock"], {"name": name})
    return user_named(ledger.connection, name)


def _audit(
    ledger: Ledger,
    cursor: Cursor,
    order: Order,
    action: Action,
    trail: str,
    user: str,
    *,
    before: Any = None,
    after: Any = None,
) -> None:
    append(
        cursor,
        trail,
        at=instant(cursor, ledger.now),
        actor=order.actor.name,
        action=action,
        subject=user,
        before=before,
        after=after,
        why=order.reason,
    )

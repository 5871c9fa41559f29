"""An administrator gives a user a way to sign in at the console, or takes it back: kept before it is done."""

from __future__ import annotations

from enum import StrEnum

from sinks.ledger.practices.audit import append
from sinks.ledger.unit_of_work import instant
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.queries.users import granted, user_named
from sinks.operations.roles import may_grant
from sinks.operations.sign_in_trail import TRAIL, hold_trail
from streams.runtime.errors import Permanent


class SignInChange(StrEnum):
    """What is done with a user's sign-in."""

    ADDED = "added"
    RESET = "reset"
    REMOVED = "removed"


def order_sign_in(
    ledger: Ledger, change: SignInChange, name: str, order: Order, practice_id: str | None = None
) -> None:
    """Keep who ordered what and why; nothing for a preview. Blocks. Whoever calls does it then, in its tables.

    Who hands a password over could sign in as that person, so they must be able to give every role that the person has;
    `practice_id`: by who administers that practice, of somebody with a role there. Raises as `authorise`, Permanent
    for somebody who may do more, and for oneself; ConfigurationError for somebody who is to sign in and whom nobody
    added as a user.
    """
    authorise(order, Action.USER_SIGN_IN, practice_id)
    if practice_id is not None:
        _refuse_others(ledger, name, order, practice_id)
    if change is not SignInChange.REMOVED:
        user_named(ledger.connection, name)
    if not order.apply:
        return
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        hold_trail(cursor)
        append(
            cursor,
            TRAIL,
            at=instant(cursor, ledger.now),
            actor=order.actor.name,
            action=Action.USER_SIGN_IN,
            subject=name,
            after={"change": change},
            why=order.reason,
        )


def _refuse_others(ledger: Ledger, name: str, order: Order, practice_id: str) -> None:
    if name == order.actor.name:
        raise Permanent("nobody resets their own sign-in: ask another administrator")
    has = granted(ledger.connection, [name])
    beyond = [
        each.role
        for each in has
        if not may_grant(order.actor.grants, each.role, each.practice_id or None, each.organisation_id or None)
    ]
    if beyond or not any(each.practice_id == practice_id for each in has):
        raise Permanent(f"{name} may do more than you may give: ask whoever runs Writeback")

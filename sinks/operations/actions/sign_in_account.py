"""An administrator gives a user a way to sign in at the console, or takes it back: kept before it is done."""

from __future__ import annotations

from enum import StrEnum

from sinks.ledger.practices.audit import append
from sinks.ledger.unit_of_work import instant
from sinks.operations.acting import Action, Order, authorise
from sinks.operations.ledger import Ledger
from sinks.operations.queries.users import user_named
from sinks.operations.sign_in_trail import TRAIL, hold_trail


class SignInChange(StrEnum):
    """What is done with a user's sign-in."""

    ADDED = "added"
    RESET = "reset"
    REMOVED = "removed"


def order_sign_in(ledger: Ledger, change: SignInChange, name: str, order: Order) -> None:
    """Keep who ordered what and why; nothing for a preview. Blocks. Whoever calls does it then, in its tables.

    Raises as `authorise`; ConfigurationError for somebody who is to sign in and whom nobody added as a user.
    """
    authorise(order, Action.USER_SIGN_IN)
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

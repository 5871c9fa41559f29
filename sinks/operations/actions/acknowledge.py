"""Acknowledges a notice: somebody sees to it, so that nobody else is called for it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from streams.runtime.errors import Permanent

_SQL: Final = named_queries("sinks.operations.queries", "open_notices.sql")


class _Named(msgspec.Struct, frozen=True):
    practice_id: str
    cause: str
    opened_at: datetime
    closed_at: datetime | None
    acknowledged_by: str | None


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    practice_id: str
    cause: str
    by: str
    before: str | None
    """Who had acknowledged it before."""


def acknowledge(ledger: Ledger, reference: str, order: Order) -> Acknowledged:
    """Note that the actor sees to a notice: it is not escalated any more, and its next letters name who does.

    Its reminders and its closing go on. Blocks for the practice's lock. Raises as `acting`, and Permanent where no
    notice has that reference, or it is closed.
    """
    wanted = reference.strip().upper()
    named = fetch_one(ledger.connection, _Named, _SQL["notice_named"], {"reference": wanted})
    if named is None:
        raise Permanent(
            f"no notice has the reference {reference!r}: `writeback notices list` shows those that are open"
        )
    with acting(ledger, order, Action.NOTICE_ACKNOWLEDGE, named.practice_id, added=False) as act:
        found = fetch_one(act.cursor, _Named, _SQL["notice_named"], {"reference": wanted}) or named
        if found.closed_at is not None:
            raise Permanent(f"{wanted} is closed: there is nothing left to see to")
        key = {"practice_id": found.practice_id, "cause": found.cause, "opened_at": found.opened_at}
        by = order.actor.name
        act.cursor.execute(_SQL["acknowledge"], key | {"now": ledger.now, "actor": by})
        act.audit(subject=wanted, before={"by": found.acknowledged_by}, after={"by": by})
    return Acknowledged(
        reference=wanted, practice_id=found.practice_id, cause=found.cause, by=by, before=found.acknowledged_by
    )

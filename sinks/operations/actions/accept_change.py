"""Accepts what people did with an entry at the practice's own system: it was meant, and is told no more."""

from __future__ import annotations

from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.entry_changes import SQL, EntryChange
from streams.runtime.errors import ConfigurationError, Permanent


def accept_change(ledger: Ledger, practice_id: str, effect_id: int, order: Order) -> EntryChange:
    """No entry changes: the ledger keeps what was posted, and a refund of it is still held before it is sent (R-20).
    Blocks for the practice's lock.

    Raises ConfigurationError where nothing of that entry was found changed, Permanent where that has ended, and as
    `acting`.
    """
    with acting(ledger, order, Action.CHANGE_ACCEPT, practice_id) as act:
        key = {"practice_id": practice_id, "effect_id": effect_id}
        found = fetch_one(act.cursor, EntryChange, SQL["change"], key)
        if found is None:
            raise ConfigurationError(
                f"e:{effect_id} was not found changed at {practice_id}: see `writeback sync changes {practice_id}`"
            )
        if found.ended_at is not None:
            raise Permanent(f"e:{effect_id} has ended already ({found.ended_as}): nothing is left to decide")
        given = {"now": act.at, "actor": order.actor.name, "why": order.reason}
        act.cursor.execute(SQL["accept"], key | given)
        act.audit(subject=found.id, before={"state": found.state}, after={"ended_as": "ACCEPTED"})
    return found

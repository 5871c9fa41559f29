"""Dismisses a dead record that needs nothing any more: a named person says so, and its notice closes."""

from __future__ import annotations

from typing import Final

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_values
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.dead_letters import DeadId
from streams.runtime.errors import Permanent

_SQL: Final = named_queries("sinks.operations.actions", "redrive.sql")


def dismiss_record(ledger: Ledger, practice_id: str, place: DeadId, order: Order) -> tuple[str, ...]:
    """Settle the open dead letters of one record; answers their reasons. Blocks for the practice's lock.

    Its bytes and its row stay. Raises Permanent for an entry, since what happens with an entry's money is decided on
    the entry itself, and where nothing dead is called so; else as `acting`.
    """
    if place.topic is None:
        raise Permanent("only records are dismissed here; an entry is redriven, or ended with `writeback entries`")
    key = {"practice_id": practice_id, "topic": place.topic, "part": place.part, "off": place.off}
    with acting(ledger, order, Action.DEAD_LETTER_DISMISS, practice_id, added=False) as act:
        settling = key | {"who": order.actor.name, "now": act.at}
        dismissed = tuple(fetch_values(ledger.connection, _SQL["dismiss_record"], settling))
        if not dismissed:
            raise Permanent(f"nothing dead is called {place} at practice {practice_id}: see `writeback dlq list`")
        act.audit(subject=str(place), before=list(dismissed))
    return dismissed

"""What a person says about entries, in a ledger that the real rules filled."""

from __future__ import annotations

from typing import Any

from schemas.codec import decode_result
from schemas.practice_settings import TypeMode
from sinks.operations.acting import Order
from sinks.operations.actions.entry_action_rules import EntryAction, EntryItem
from sinks.operations.actions.entry_actions import EntriesDone, act_on_entries
from tests.processors.rules.event_examples import PRACTICE, modes
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.orders import ledger_of, order

WHO = order()
MANUAL = modes(terminal=TypeMode.MANUAL)


def plan(database: LedgerDatabase, action: EntryAction, *ids: int) -> list[EntryItem]:
    """What a preview shows."""
    ledger = ledger_of(database.connection, database.clock)
    return list(act_on_entries(ledger, action, PRACTICE, ids, order(reason="", apply=False)).items)


def apply(database: LedgerDatabase, action: EntryAction, *ids: int, who: Order = WHO) -> EntriesDone:
    return act_on_entries(ledger_of(database.connection, database.clock), action, PRACTICE, ids, who)


def results(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    """State, kind and amount of the results that wait for the relay."""
    rows = database.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY enqueued")
    published = [decode_result(bytes(row[0])) for row in rows]
    return [(each.state, each.entry_kind, each.amount_minor) for each in published]

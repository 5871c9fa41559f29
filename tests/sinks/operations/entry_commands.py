"""What a person says about entries, in a ledger that the real rules filled."""

from __future__ import annotations

from typing import Any

from schemas.codec import decode_result
from schemas.practice_settings import TypeMode
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.operations.actions import entry_actions
from sinks.operations.actions.entry_action_rules import Action, Item
from tests.processors.rules.event_examples import PRACTICE, modes
from tests.sinks.ledger.ledger_fixture import Book

WHO = Saving(actor="Ada", reason="typed in on Monday")
MANUAL = modes(terminal=TypeMode.MANUAL)


def plan(book: Book, action: Action, *ids: int) -> list[Item]:
    return list(entry_actions.plan(book.connection, action, PRACTICE, ids, clock=book.clock))


def apply(book: Book, action: Action, *ids: int, who: Saving = WHO) -> entry_actions.Done:
    return entry_actions.apply(book.connection, action, PRACTICE, ids, who, clock=book.clock, jitter_s=0)


def told(book: Book) -> list[tuple[Any, ...]]:
    """State, kind and amount of the results that wait for the relay."""
    rows = book.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY enqueued")
    results = [decode_result(bytes(row[0])) for row in rows]
    return [(each.state, each.entry_kind, each.amount_minor) for each in results]

"""What a person says about entries, in a ledger that the real rules filled."""

from __future__ import annotations

from typing import Any

from schemas.codec import decode_result
from schemas.practice_settings import TypeMode
from sinks.ledger.settings.truth import Saving
from sinks.operator import by_hand
from sinks.operator.by_hand_judging import Action, Item
from tests.processors.told import PRACTICE, modes
from tests.sinks.ledger.books import Book

WHO = Saving(actor="Ada", reason="typed in on Monday")
MANUAL = modes(terminal=TypeMode.MANUAL)


def plan(book: Book, action: Action, *ids: int) -> list[Item]:
    return list(by_hand.plan(book.connection, action, PRACTICE, ids, clock=book.clock))


def apply(book: Book, action: Action, *ids: int, who: Saving = WHO) -> by_hand.Done:
    return by_hand.apply(book.connection, action, PRACTICE, ids, who, clock=book.clock, jitter_s=0)


def told(book: Book) -> list[tuple[Any, ...]]:
    """State, kind and amount of the results that wait for the relay."""
    rows = book.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY enqueued")
    results = [decode_result(bytes(row[0])) for row in rows]
    return [(each.state, each.entry_kind, each.amount_minor) for each in results]

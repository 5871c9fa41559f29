"""A listing without days is read by pages of events, and is the same as one that is read at once."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle

import pytest

from schemas.vocabulary import State
from sinks.operations.queries import sums, transactions
from sinks.operations.queries.sums import all_sums
from sinks.operations.queries.transaction_filter import Wanted
from sinks.operations.queries.transactions import list_transactions
from tests.processors.rules.event_examples import NOON
from tests.sinks.operations.stored_payments import StoredPayments

pytestmark = pytest.mark.stack

PRACTICES = ("larkspur", "marigold", "nettle")
STATES = (State.POSTED, State.REJECTED, State.SCHEDULED)


@pytest.fixture
def three_practices(stored: StoredPayments) -> StoredPayments:
    """Two payments at the same instant in each, and one later with two entries; states in turn."""
    states = cycle(STATES)
    for practice in PRACTICES:
        stored.row("practices", practice_id=practice)
        for event, kinds in enumerate((("payment",), ("payment",), ("payment", "fee_adjustment"))):
            entries = [(kind, 100, next(states).value) for kind in kinds]
            at = NOON + timedelta(minutes=max(event, 1))
            stored.event("payment", f"pay-{event}", *entries, practice_id=practice, occurred_at=at)
    return stored


@pytest.mark.parametrize("page", [1, 2, 4])
@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(most=5),
        Wanted(states=(State.REJECTED,)),
        Wanted(states=(State.REJECTED,), most=2),
        Wanted(states=(State.POSTED, State.SCHEDULED), practice_id=PRACTICES[1]),
        Wanted(states=(State.DEAD_LETTERED,)),
    ],
)
def test_pages_hide_nothing_and_repeat_nothing(
    three_practices: StoredPayments, monkeypatch: pytest.MonkeyPatch, wanted: Wanted, page: int
) -> None:
    at_once = list_transactions(three_practices.connection, wanted)
    monkeypatch.setattr(transactions, "SCAN", page)
    assert list_transactions(three_practices.connection, wanted) == at_once
    matching = 12 if wanted.states is None else 4
    if wanted.practice_id is None and wanted.states != (State.DEAD_LETTERED,):
        assert len(at_once.transactions) == min(wanted.most, matching)
        assert at_once.more is (wanted.most < matching)


@pytest.mark.parametrize("part", [1, 2, 4])
def test_sums_read_in_parts_are_those_read_at_once(
    three_practices: StoredPayments, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    at_once = all_sums(three_practices.connection, Wanted())
    assert sum(each.entries for each in at_once) == 12
    monkeypatch.setattr(sums, "SCAN", part)
    assert all_sums(three_practices.connection, Wanted()) == at_once

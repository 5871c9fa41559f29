"""The work that one record costs is bounded, however much an upstream reports about one payment (law 9)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from processors.rules.lifecycle import bounds, engine
from processors.rules.lifecycle.bounds import MOST_FACTS
from processors.rules.lifecycle.payment_state import PaymentState
from processors.rules.lifecycle.resolve import resolve_follow_up
from schemas import events as e
from schemas.vocabulary import DecisionReason, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, corrected, refund, refund_failed
from tests.processors.rules.lifecycle.test_any_order import balances

MANY = 1_000
GROSS = 100_000


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each event was judged, and over how many facts about its payment at the most."""
    counted: Counter[str] = Counter()

    def resolve(event: e.Event, state: PaymentState, *, on: Any) -> Any:
        counted[event.event_id] += 1
        counted["facts"] = max(counted["facts"], len(state.follow_ups))
        return resolve_follow_up(event, state, on=on)

    monkeypatch.setattr(engine, "resolve_follow_up", resolve)
    return counted


def _paid() -> Ledger:
    ledger = Ledger()
    ledger.report(examples.payment(GROSS, 3_200))
    ledger.post()
    return ledger


def _held(ledger: Ledger) -> int:
    return sum(x.waiting is State.AWAITING_REVIEW for x in ledger.state.follow_ups)


@pytest.mark.parametrize("amount", [1, GROSS], ids=["that fit", "of which one fits"])
def test_a_thousand_refunds_of_one_payment_are_judged_once_each_and_then_not_at_all(
    judged: Counter[str], amount: int
) -> None:
    """Law 9: the first 200 are judged, once each, whether they fit or are too much; what comes after them is held with
    a reason of its own and costs nothing. The books have what was judged."""
    ledger = _paid()
    for number in range(MANY):
        ledger.report(refund(-amount, 0, 24 + number, f"re-{number}"))
    facts = judged.pop("facts")
    assert set(judged.values()) == {1}
    assert (len(judged), facts) == (MOST_FACTS, MOST_FACTS - 1)
    assert ledger.last.reason is DecisionReason.TOO_MANY_EVENTS
    counted = MOST_FACTS if amount == 1 else 1
    assert _held(ledger) == MANY - counted
    assert balances(ledger) == ({"pt-1": GROSS - counted} if amount == 1 else {})


def test_what_frees_money_has_only_that_judged_which_fits_now(judged: Counter[str]) -> None:
    """R-17, law 9: many wait for money; a refund that fails lets one go, and the others cost no judgement."""
    ledger = _paid()
    for number in range(100):
        ledger.report(refund(-GROSS, 0, 24 + number, f"re-{number}"))
    judged.clear()
    ledger.report(refund_failed(GROSS, 0, 200, "re-0"))
    assert _held(ledger) == 98
    judged.pop("facts")
    assert judged.keys() == {"ev-fre-0", "ev-re-1"}
    assert sum(judged.values()) <= 4
    assert balances(ledger) == {}


def test_without_the_look_at_the_whole_each_would_be_judged(judged: Counter[str], monkeypatch: Any) -> None:
    """The device is necessary: the same events, and nothing says beforehand what is too much still."""
    monkeypatch.setattr(engine, "still_too_much", lambda state: None)
    ledger = _paid()
    for number in range(50):
        ledger.report(refund(-GROSS, 0, 24 + number, f"re-{number}"))
    judged.pop("facts")
    assert sum(judged.values()) > 1_000


def test_a_payment_that_comes_after_its_two_hundred_refunds_is_posted() -> None:
    """Law 9, R-8: what parked before it is judged then; only what came too late is a person's."""
    ledger = Ledger()
    for number in range(MOST_FACTS + 2):
        ledger.report(refund(-1, 0, 24 + number, f"re-{number}"))
    assert _held(ledger) == 2
    ledger.report(examples.payment(GROSS, 3_200))
    ledger.post()
    assert balances(ledger) == {"pt-1": GROSS - MOST_FACTS}
    assert _held(ledger) == 2


def test_what_parked_and_is_too_much_is_held_when_its_payment_comes() -> None:
    """R-2, R-8: the look at the whole spares nobody the first judgement."""
    ledger = Ledger()
    ledger.report(refund(-GROSS, 0, 24, "re-0"), refund(-GROSS, 0, 25, "re-1"))
    ledger.report(examples.payment(GROSS, 3_200))
    assert [x.waiting for x in ledger.state.follow_ups] == [None, State.AWAITING_REVIEW]


def test_a_correction_of_a_payment_with_too_many_entries_is_a_persons(monkeypatch: Any) -> None:
    """Law 9: entries are bounded too; nothing of what stands is touched."""
    monkeypatch.setattr(bounds, "MOST_ENTRIES", 2)
    monkeypatch.setattr(engine, "MOST_ENTRIES", 2)
    ledger = _paid()
    ledger.report(corrected(gross=50_000, fee=1_600))
    assert ledger.last.reason is DecisionReason.TOO_MANY_EVENTS
    ledger.report(refund(-1))
    assert ledger.last.reason is DecisionReason.TOO_MANY_EVENTS
    assert balances(ledger) == {"pt-1": GROSS}

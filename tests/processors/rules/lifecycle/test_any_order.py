"""R-17: the books are a function of the set of facts, whatever order they arrive in and whatever is posted between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors.rules.lifecycle.payment_state import EntryState, PaidItem, event_id_of
from schemas import events as e
from schemas.practice_settings import AmountMode, FeeAdjustment, RefundBeforePost, RefundWithoutCompanion, Timing
from schemas.vocabulary import EntryKind, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, closed, corrected, dispute, refund, refund_failed
from tests.processors.rules.lifecycle.random_events import COMPANION_ON, MIRROR
from tests.processors.rules.lifecycle.random_facts import Fact, RandomFacts

GIVEN_BACK = (
    "refund",
    "refund",
    "named_refund",
    "refund_fails",
    "returned",
    "reinstated",
    "disputed",
    "dispute_closed",
)
STEPS = (*GIVEN_BACK, "disputed_again", "fee_changes", "corrected", "cleared", "paid_out", "voided")
BARE = {
    "amount": AmountMode.NET,
    "fee_adjustment": FeeAdjustment.OFF,
    "refund_without_companion": RefundWithoutCompanion.CASH,
}
MODES: tuple[dict[str, Any], ...] = (COMPANION_ON, COMPANION_ON, {"amount": AmountMode.GROSS}, MIRROR, BARE)
_OWED = frozenset({EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL})


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_r17_every_order_ends_alike(data: st.DataObject) -> None:
    """R-17, N-5: the same balance per patient, cash per payment and amounts open, with posting between at random.

    With a conflict (more was given back than was paid, a correction that says less, something after a void) those who
    were first stand, and what is held depends on that: so do balance and cash, until a person decides. Promised is then
    that every fact either counts or is held, and that the books are exactly those of the facts that count: what is held
    has left no cent in them, in any order.
    """
    chosen = data.draw(st.sampled_from(MODES)) | {
        "timing": data.draw(st.sampled_from((Timing.INSTANT, Timing.DAILY, Timing.ON_CLEAR))),
        "refund_before_post": RefundBeforePost.BOTH_ENTRIES,
    }
    facts = RandomFacts(data.draw, STEPS)
    as_it_happened = _told(Ledger(**chosen), facts.told, data)
    otherwise = _told(Ledger(**chosen), data.draw(st.permutations(facts.told)), data)
    ends = (as_it_happened, otherwise)
    if any(_in_conflict(ledger) for ledger in ends):
        for ledger in ends:
            alone = _told(Ledger(**chosen), _that_count(ledger, facts.told), data)
            assert balances(alone) == balances(ledger)
            assert alone.cash() == ledger.cash()
        return
    assert balances(otherwise) == balances(as_it_happened)
    assert otherwise.cash() == as_it_happened.cash()
    assert still_open(otherwise) == still_open(as_it_happened)


REPLACED = (refund(-10_000, ref="re-b", hours=72), refund(-10_000, ref="re-a"), refund_failed(10_000, ref="re-a"))
"""Refund A failed and B replaced it, and B is told first."""
SURCHARGED = (
    dispute(-5_150),
    corrected(gross=10_300, fee=267, hours=30, surcharge_minor=300, net_minor=10_033),
    closed(e.DisputeOutcome.WON, 2_000),
)
"""A surcharge that a correction brings changes what of the dispute counted toward the balance (R-16)."""


def test_r17_a_replaced_refund_is_judged_again() -> None:
    """R-17: what was held as too much counts when what came back is known; the control leaves it with a person."""
    ledger, control = Ledger(), Ledger()
    control.facts = replace(control.facts, judges_again=False)
    for each in (ledger, control):
        each.report(examples.payment(), *REPLACED)
    assert balances(ledger) == {}
    assert still_open(ledger) != still_open(control)
    assert any(x.waiting is State.AWAITING_REVIEW for x in control.state.follow_ups)


def test_r17_a_correction_with_a_dispute_in_every_order() -> None:
    """R-17, R-16: 2 cents stood between the orders; the control of the differences still has them."""
    ends: set[Any] = set()
    without: set[Any] = set()
    for order in permutations(SURCHARGED):
        for found, posts in ((ends, True), (without, False)):
            ledger = Ledger()
            ledger.facts = replace(ledger.facts, posts_differences=posts)
            ledger.report(examples.payment())
            for event in order:
                ledger.post()
                ledger.report(event)
            found.add((tuple(balances(ledger).items()), ledger.cash()))
    assert len(ends) == 1
    assert len(without) > 1


def _told(ledger: Ledger, facts: Sequence[Fact], data: st.DataObject) -> Ledger:
    for fact in facts:
        if isinstance(fact, PaidItem):
            ledger.paid_out(fact)
        else:
            ledger.report(fact)
        posts = data.draw(st.sampled_from(("nothing", "nothing", "some", "all")))
        if posts == "all":
            ledger.post()
        elif posts == "some":
            ledger.post(_until(data.draw(st.integers(0, 12))))
    ledger.post()
    return ledger


def _until(last: int) -> Callable[[EntryState], bool]:
    return lambda entry: entry.effect_id <= last


def _that_count(ledger: Ledger, facts: Sequence[Fact]) -> list[Fact]:
    """Without what is held, or waits behind that."""
    known = (*ledger.state.follow_ups, ledger.state.reported)
    waiting = {event_id_of(x.event) for x in known if x is not None and x.waiting is not None}
    return [x for x in facts if isinstance(x, PaidItem) or event_id_of(x) not in waiting]


def _in_conflict(ledger: Ledger) -> bool:
    """More was given back than was paid, whatever came back of it; or something happened after a void."""
    return any(
        each.waiting is State.AWAITING_REVIEW for each in (*ledger.state.follow_ups, ledger.state.reported) if each
    )


def balances(ledger: Ledger) -> dict[str, int]:
    """By patient, what was credited and not taken back, less what is owed for memberships."""
    found: Counter[str] = Counter()
    for entry in ledger.standing():
        sign = -1 if entry.entry_kind in _OWED else 1
        found[entry.instruction.patient_ref or ""] += sign * entry.amount_minor
    return {patient: amount for patient, amount in found.items() if amount}


def still_open(ledger: Ledger) -> list[Any]:
    """What waits: events by what they report, and entries that nothing lets go."""
    waiting = [
        (each.waiting.value, getattr(each.event, "gross_minor", 0))
        for each in (*ledger.state.follow_ups, ledger.state.reported)
        if each is not None and each.waiting is not None
    ]
    amounts: Counter[str] = Counter()
    for entry in ledger.standing():
        if entry.state is not State.POSTED:
            amounts[entry.state.value] += entry.amount_minor
    return [*sorted(waiting), *sorted((state, amount) for state, amount in amounts.items() if amount)]

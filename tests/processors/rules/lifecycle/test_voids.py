"""Voids (R-7, R-14, R-15, law 2), in minor units."""

from __future__ import annotations

import pytest

from schemas.practice_settings import FeeAdjustment, Timing, TypeMode
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, corrected, fee_assessed, refund, refund_failed, void


def test_r7_before_posting_both_are_suppressed() -> None:
    ledger = Ledger(timing=Timing.DAILY)
    ledger.report(examples.payment(), void(hours=1))
    assert (ledger.last.void, ledger.last.void_reason, ledger.last.applied) == ((1, 2), DecisionReason.VOIDED, True)
    assert ledger.rows() == []


def test_r7_r15_after_posting_both_are_reversed() -> None:
    """R-15, E-1: 9000/291 → −8709 and −291, each behind what it reverses, named kind/part@version."""
    ledger = Ledger()
    ledger.report(examples.payment(9000, 291))
    ledger.post()
    change = ledger.report(void())
    assert ledger.table() == [("reversal", "payment/@1", -8709), ("reversal", "fee_adjustment/@1", -291)]
    assert [planned.behind for planned in change.effects] == [1, 2]
    assert [planned.effect.state for planned in change.effects] == [State.SCHEDULED] * 2


def test_r7_partly_posted_is_partly_reversed() -> None:
    """Law 2: what was sent is reversed, what was not is suppressed."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post(lambda entry: entry.entry_kind is EntryKind.PAYMENT)
    change = ledger.report(void())
    assert change.void == (2,)
    assert ledger.table() == [("reversal", "payment/@1", -9680)]
    assert ledger.total() == 0


@pytest.mark.parametrize("state", [State.SENDING, State.ACCEPTED, State.UNCERTAIN])
def test_law2_what_is_in_doubt_is_reversed_not_suppressed(state: State) -> None:
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.put(state, EntryKind.PAYMENT)
    change = ledger.report(void())
    assert (change.void, ledger.table()) == ((2,), [("reversal", "payment/@1", -9680)])


def test_law2_what_is_to_be_looked_up_first_is_reversed() -> None:
    """Law 4: after a failover it may stand already."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.put(State.SCHEDULED, look_first=True)
    change = ledger.report(void())
    assert change.void == ()
    assert [planned.behind for planned in change.effects] == [1, 2]


def test_r7_a_void_after_a_refund_takes_what_still_stands() -> None:
    """R-7: 5000 of 10000/320 were refunded: −4680 and −320 remain to be taken back."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(refund(-5000))
    ledger.post()
    ledger.report(void(hours=30))
    assert ledger.table() == [("reversal", "payment/@1", -4680), ("reversal", "fee_adjustment/@1", -320)]
    assert ledger.total() == 0


def test_r7_a_void_after_a_full_refund_takes_nothing() -> None:
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(refund(-10000), void(hours=30))
    assert (ledger.last.applied, ledger.last.void) == (True, ())


def test_r7_an_unsent_refund_goes_with_its_unsent_payment() -> None:
    ledger = Ledger(timing=Timing.DAILY)
    ledger.report(examples.payment(), refund(-4000, hours=1), void(hours=2))
    assert ledger.last.void == (1, 2, 3)
    assert ledger.rows() == []


def test_r8_a_void_before_its_payment_parks_and_then_suppresses_it() -> None:
    ledger = Ledger()
    assert ledger.report(void()).waiting is State.AWAITING_ORIGINAL
    ledger.report(examples.payment())
    assert ledger.rows() == []


def test_r2_a_refund_reported_after_the_void() -> None:
    """R-2: one that happened before it is in what the void took back; one after it is a person's."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(void(hours=30))
    before = ledger.report(refund(-4000, hours=20))
    assert (before.applied, before.reason) == (True, DecisionReason.VOIDED)
    after = ledger.report(refund(-4000, hours=40, ref="re-2"))
    assert (after.waiting, after.reason) == (State.AWAITING_REVIEW, DecisionReason.MORE_THAN_ORIGINAL)


def test_n5_a_payment_that_waits_for_its_fee_is_voided_as_it_waits() -> None:
    """R-7: its own event ends as VOIDED_BEFORE_POST, and no fee brings it back."""
    ledger = Ledger()
    ledger.report(examples.payment(fee=None))
    change = ledger.report(void())
    assert change.original is not None
    assert (change.original.voided, change.original.effects) == (True, ())
    ledger.report(fee_assessed(320, 9680, hours=30))
    assert ledger.rows() == []


def test_r14_a_skipped_payment_is_a_persons_to_reverse() -> None:
    ledger = Ledger(types=examples.modes(terminal=TypeMode.OFF))
    ledger.report(examples.payment(), void())
    assert [planned.effect.state for planned in ledger.last.effects] == [State.AWAITING_MANUAL_POST] * 2


def test_n2_a_companion_that_was_off_is_not_reversed() -> None:
    ledger = Ledger(fee_adjustment=FeeAdjustment.OFF)
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(void())
    assert ledger.table() == [("reversal", "payment/@1", -9680)]


def test_b1_a_voided_membership_takes_its_charge_with_it() -> None:
    ledger = Ledger()
    ledger.report(examples.membership())
    ledger.post()
    ledger.report(void())
    assert ledger.table() == [
        ("reversal", "payment/@1", -29003),
        ("reversal", "fee_adjustment/@1", -897),
        ("charge_reversal", "charge/@1", -29900),
    ]


def test_e11_a_void_takes_back_the_version_that_stands() -> None:
    """E-1, E-11: the reversal names version 2; version 1 was taken back by the correction."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(corrected(gross=12000, fee=380))
    ledger.post()
    ledger.report(void(hours=30))
    assert ledger.table() == [("reversal", "payment/@2", -11620), ("reversal", "fee_adjustment/@2", -380)]
    assert ledger.total() == 0


def test_e11_a_correction_after_a_void() -> None:
    """One that happened before it changes nothing; one after it is a person's."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(void(hours=30))
    assert ledger.report(corrected(gross=12000, fee=380, hours=20)).applied
    assert ledger.report(corrected(3, gross=12000, fee=380, hours=40)).waiting is State.AWAITING_REVIEW


def test_law18_what_follows_a_payment_on_two_charges_waits_for_the_piece_that_is_not_there() -> None:
    """Law 2, law 18: one piece is posted, one refused: the reversal and the refund of all wait for that one."""
    for follower in (void(), refund(-10000)):
        ledger = Ledger()
        ledger.report(examples.payment())
        ledger.laid_on_two_charges()
        ledger.put_one(1, State.REJECTED)
        ledger.put_one(2, State.POSTED)
        ledger.put_one(3, State.POSTED)
        ledger.report(follower)
        assert ledger.last.effects[0].behind == 1
        assert ledger.total("refund") + ledger.total("reversal") == -10000


def test_law18_while_no_piece_was_sent_all_are_suppressed() -> None:
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.laid_on_two_charges()
    assert sorted(ledger.report(void()).void) == [1, 2, 3]
    assert ledger.rows() == []


def test_law2_a_void_before_a_correction_was_posted_strands_nothing() -> None:
    """Law 2: the correction's own entries are suppressed with the refund that it moved; what was sent is taken back."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(refund(-4000))
    ledger.post()
    ledger.report(corrected(patient_ref="pt-2", hours=30), void(40))
    ledger.post()
    assert ledger.total() == 0
    assert {entry.state for entry in ledger.standing()} == {State.POSTED}


@pytest.mark.parametrize(
    ("at", "failed", "reason"),
    [
        (40, False, DecisionReason.MORE_THAN_ORIGINAL),
        (40, True, DecisionReason.VOIDED),
        (20, False, DecisionReason.VOIDED),
    ],
    ids=["moved later", "came back", "moved before"],
)
def test_r17_a_void_that_comes_after_money_moved_later_says_so(at: int, failed: bool, reason: DecisionReason) -> None:
    """R-7, R-17: the refund counted first, so nothing is held; the books are those of the other order, and the void's
    reason tells a person what the held refund would."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(refund(-4000, hours=at))
    ledger.post()
    if failed:
        ledger.report(refund_failed(4000, hours=at + 1))
        ledger.post()
    ledger.report(void(hours=30))
    ledger.post()
    assert (ledger.last.waiting, ledger.last.reason) == (None, reason)
    assert ledger.total() == 0


def test_r17_a_correction_that_happened_after_the_void_is_told_too() -> None:
    """What a void would hold that came first is told where it came last; what people decided here is not."""
    ledger = Ledger()
    ledger.report(examples.payment(), corrected(gross=9000, fee=300, hours=40))
    ledger.report(void(hours=30))
    assert ledger.last.reason is DecisionReason.MORE_THAN_ORIGINAL

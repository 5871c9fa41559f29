"""Refunds and refunds that fail (R-1 to R-9, R-13, R-14, R-16, B-1), in minor units."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import Split
from schemas.practice_settings import (
    AmountMode,
    FeeAdjustment,
    RefundBeforePost,
    RefundWithoutCompanion,
    Timing,
    TypeMode,
)
from schemas.vocabulary import DecisionReason, EntryKind, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, corrected, refund, refund_failed

PAIR = [("payment", "", 9680), ("fee_adjustment", "", 320)]


def posted(*events: Any, **settings: Any) -> Ledger:
    """A payment of 10000 with a fee of 320, or what is given, that was posted."""
    ledger = Ledger(**settings)
    ledger.report(*(events or (examples.payment(),)))
    ledger.post()
    return ledger


def test_r3_r4_the_fee_stays_with_the_processor() -> None:
    """R-3, R-4: payment 9680 with companion 320, full refund with fee 0: −10000 alone; balance 0, cash −320."""
    ledger = posted()
    ledger.report(refund(-10000))
    assert ledger.table() == [("refund", "", -10000)]
    assert (ledger.applied(), ledger.cash()) == (0, -320)


def test_r1_a_refund_is_an_entry_of_its_own_behind_its_payment() -> None:
    """R-1, law 2, R-13: it depends on the payment, in its lane, for its patient, dated by its own day."""
    ledger = posted()
    (planned,) = ledger.report(refund(-10000)).effects
    order = planned.effect.instruction
    assert planned.behind == 1
    assert planned.effect.lane == ledger.entry(1).lane
    assert planned.connection_id == ledger.entry(1).connection_id == "PMS"
    assert (order.patient_ref, order.payment_ref, order.original_ref) == ("pt-1", "re-1", "pay-1")
    assert (order.ledger_date.day, order.original_date.day if order.original_date else None) == (5, 4)
    assert (order.gross_minor, order.fee_minor, order.allocation) == (-10000, 0, None)


def test_r2_two_refunds_alike_are_two_and_never_more_than_was_paid() -> None:
    """R-2: 6000 and 4000 of 10000; one cent more is for a person and posts nothing."""
    ledger = posted()
    ledger.report(refund(-6000, ref="re-1"), refund(-4000, ref="re-2"))
    change = ledger.report(refund(-1, ref="re-3"))
    assert (change.waiting, change.reason) == (State.AWAITING_REVIEW, DecisionReason.MORE_THAN_ORIGINAL)
    assert change.effects == ()
    assert ledger.total("refund") == -10000


def test_r2_what_failed_may_be_refunded_again() -> None:
    """R-2, R-9: a refund that failed is money that is there again."""
    ledger = posted()
    ledger.report(refund(-10000), refund_failed(10000), refund(-10000, ref="re-2", hours=60))
    assert ledger.table() == [("refund", "", -10000)]
    assert ledger.applied() == 0


def test_r5_mirror_takes_back_the_posted_share_by_cumulative_rounding() -> None:
    """R-5: 9680 refunded as 3333, 3333, 3334 of 10000 → 3226, 3227, 3227."""
    ledger = posted(fee_adjustment=FeeAdjustment.OFF)
    amounts = []
    for number, gross in enumerate((-3333, -3333, -3334)):
        ledger.report(refund(gross, ref=f"re-{number}"))
        amounts += ledger.table()
    assert [amount for _, _, amount in amounts] == [-3226, -3227, -3227]


def test_r5_cash_matches_the_bank_and_shows_the_companion_as_skipped() -> None:
    """R-5 CASH: −10000, and the patient goes on owing 320."""
    off: dict[str, Any] = {"fee_adjustment": FeeAdjustment.OFF, "refund_without_companion": RefundWithoutCompanion.CASH}
    ledger = posted(**off)
    ledger.report(refund(-10000, 25))
    first, second = ledger.last.effects
    assert ledger.table() == [("refund", "", -10025), ("fee_adjustment", "", 25)]
    assert (first.effect.state, second.effect.state) == (State.SCHEDULED, State.SKIPPED_DISABLED)
    assert second.effect.reason is DecisionReason.COMPANION_OFF
    assert ledger.total() == -345


def test_r6_the_mode_is_the_originals() -> None:
    """R-6: paid under GROSS, refunded under NET: 10000 goes back, without a companion."""
    ledger = Ledger(
        examples.history(
            examples.version(1, amount=AmountMode.GROSS),
            examples.version(2, examples.NOON.replace(hour=20), amount=AmountMode.NET),
        )
    )
    ledger.report(examples.payment())
    ledger.post()
    change = ledger.report(refund(-10000, 25))
    assert ledger.table() == [("refund", "", -10000)]
    assert change.settings_version == 1


def test_r7_before_posting_both_entries_by_default() -> None:
    """R-7: the refund waits for its payment; both are posted."""
    ledger = Ledger(timing=Timing.DAILY)
    ledger.report(examples.payment(), refund(-4000, hours=1))
    assert ledger.table() == [("refund", "", -4000)]
    assert ledger.last.void == ()
    assert ledger.total() == 6000


def test_r7_one_net_entry_where_the_practice_chose_it() -> None:
    """R-7: payment and companion are voided; 5680 and 320 stand in their place, due when the payment was; a refund of
    the rest leaves nothing, and its failing brings the payment back."""
    ledger = Ledger(timing=Timing.DAILY, refund_before_post=RefundBeforePost.NET_ENTRY)
    ledger.report(examples.payment())
    due = ledger.entry(1).due_at
    ledger.report(refund(-4000, hours=1))
    assert (ledger.last.void, ledger.last.void_reason) == ((1, 2), DecisionReason.REFUNDED_BEFORE_POST)
    assert ledger.rows() == [("payment", "", 5680, "SCHEDULED"), ("fee_adjustment", "", 320, "SCHEDULED")]
    assert ledger.entry(3).due_at == due
    assert ledger.last.effects[0].behind is None
    ledger.report(refund(-6000, hours=2, ref="re-2"))
    assert ledger.rows() == []
    ledger.report(refund_failed(6000, hours=3, ref="re-2"))
    assert ledger.total() == 6000


def test_r7_n9_a_net_entry_that_the_fee_eats_is_a_persons() -> None:
    """N-9: 200 of 10000/320 are left: a payment of −120 is never posted automatically."""
    ledger = Ledger(timing=Timing.DAILY, refund_before_post=RefundBeforePost.NET_ENTRY)
    ledger.report(examples.payment(), refund(-9800, hours=1))
    assert ledger.rows() == [
        ("payment", "", -120, "AWAITING_MANUAL_POST"),
        ("fee_adjustment", "", 320, "AWAITING_MANUAL_POST"),
    ]


def test_r7_r9_a_part_that_netting_left_empty_comes_back_when_its_refund_fails() -> None:
    """R-9: the first of two halves was refunded before posting, the second is posted: the first is paid after all."""
    splits = (Split(patient_ref="pt-1", amount_minor=5000), Split(patient_ref="pt-2", amount_minor=5000))
    ledger = Ledger(timing=Timing.DAILY, refund_before_post=RefundBeforePost.NET_ENTRY)
    ledger.report(examples.payment(splits=splits))
    ledger.report(refund(-5000, hours=1, splits=(Split(patient_ref="pt-1", amount_minor=-5000),)))
    assert {x.instruction.patient_ref for x in ledger.standing()} == {"pt-2"}
    ledger.post()
    ledger.report(refund_failed(5000, hours=2))
    assert [row for row in ledger.table() if row[0] == "payment"] == [("payment", "0", 5000)]
    assert ledger.applied() == 10000
    ledger.report(refund(-10000, hours=3, ref="re-2"))
    assert ledger.applied() == 0


def test_r7_once_posted_a_refund_is_its_own_entry() -> None:
    ledger = posted(refund_before_post=RefundBeforePost.NET_ENTRY)
    ledger.report(refund(-4000))
    assert ledger.table() == [("refund", "", -4000)]
    assert ledger.last.void == ()


def test_r8_a_naked_refund_parks() -> None:
    """R-8: nothing is posted before the payment is known; then it follows it, whatever came first."""
    ledger = Ledger()
    change = ledger.report(refund(-4000))
    assert (change.waiting, change.reason) == (State.AWAITING_ORIGINAL, DecisionReason.ORIGINAL_UNKNOWN)
    assert ledger.state.entries == ()
    ledger.report(examples.payment())
    assert [row[:3] for row in ledger.rows()] == [*PAIR, ("refund", "", -4000)]


def test_r8_a_refund_waits_while_its_payment_waits_for_a_fee() -> None:
    """R-8, N-5: until the payment is resolved there is nothing to follow."""
    ledger = Ledger()
    ledger.report(examples.payment(fee=None))
    assert ledger.report(refund(-4000)).waiting is State.AWAITING_ORIGINAL


def test_r9_a_refund_that_fails_is_credited_anew() -> None:
    """R-9: −10300 with its share of the surcharge, and the same back; a failure before its refund parks."""
    ledger = posted(examples.payment(10300, 267, surcharge_minor=300))
    assert ledger.report(refund_failed(10300)).waiting is State.AWAITING_ORIGINAL
    ledger.report(refund(-10300))
    failing = [x for x in ledger.state.entries if x.event_id == "ev-fre-1"]
    assert [(x.entry_kind.value, x.amount_minor) for x in failing] == [("refund", 10300), ("fee_adjustment", -300)]
    assert ledger.applied() == 10000


def test_r9_no_more_fails_than_was_refunded() -> None:
    ledger = posted()
    ledger.report(refund(-4000))
    assert ledger.report(refund_failed(4001)).reason is DecisionReason.MORE_THAN_ORIGINAL


SPLITS = (
    Split(patient_ref="pt-1", amount_minor=3334, provider_ref="dr-1"),
    Split(patient_ref="pt-1", amount_minor=3333, provider_ref="dr-2"),
    Split(patient_ref="pt-2", amount_minor=3333, provider_ref="dr-1"),
)


def test_r13_m5_a_refund_inherits_its_payments_splits() -> None:
    """R-13, M-5: by what is left of each, largest remainder; the last refund takes exactly the rest of each part."""
    ledger = posted(examples.payment(splits=SPLITS))
    ledger.report(refund(-5000, ref="re-1"))
    assert [row[2] for row in ledger.table()] == [-1667, -1667, -1666]
    assert [planned.effect.instruction.patient_ref for planned in ledger.last.effects] == ["pt-1", "pt-1", "pt-2"]
    ledger.report(refund(-5000, ref="re-2"))
    assert [row[2] for row in ledger.table()] == [-1667, -1666, -1667]


def test_r13_named_splits_take_from_their_parts_the_last_first() -> None:
    """R-13: a split that names the patient alone takes from that patient's parts in reverse order."""
    ledger = posted(examples.payment(splits=SPLITS))
    ledger.report(refund(-4000, splits=(Split(patient_ref="pt-1", amount_minor=-4000),)))
    assert ledger.table() == [("refund", "0", -667), ("refund", "1", -3333)]


@pytest.mark.parametrize(
    ("patient", "amount", "reason"),
    [
        ("pt-2", -3334, DecisionReason.MORE_THAN_ORIGINAL),
        ("pt-9", -1, DecisionReason.NAMES_OTHER_PATIENT),
    ],
    ids=["more than the part holds", "nobody's part"],
)
def test_r2_r13_r21_a_part_gives_no_more_than_it_holds(patient: str, amount: int, reason: DecisionReason) -> None:
    """R-2, R-13, R-21: what cannot go where it says is held, and each says why."""
    ledger = posted(examples.payment(splits=SPLITS))
    change = ledger.report(refund(amount, splits=(Split(patient_ref=patient, amount_minor=amount),)))
    assert (change.waiting, change.reason) == (State.AWAITING_REVIEW, reason)


@pytest.mark.parametrize("state", [State.RECORDED_MANUALLY, State.DISMISSED])
def test_r14_after_a_person_the_refund_is_a_persons(state: State) -> None:
    """R-14: recorded or dismissed by hand: the reversal is a manual item that waits for nothing."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.put(state)
    (planned,) = ledger.report(refund(-4000)).effects
    assert (planned.effect.state, planned.effect.reason) == (
        State.AWAITING_MANUAL_POST,
        DecisionReason.ORIGINAL_NOT_POSTED,
    )
    assert planned.behind is None


def test_r14_skipped_by_its_type_the_refund_is_a_persons() -> None:
    ledger = Ledger(types=examples.modes(terminal=TypeMode.OFF))
    ledger.report(examples.payment(), refund(-4000))
    assert [planned.effect.state for planned in ledger.last.effects] == [State.AWAITING_MANUAL_POST]


@pytest.mark.parametrize("state", [State.AWAITING_MANUAL_POST, State.AWAITING_LINK, State.UNCERTAIN, State.REJECTED])
def test_r14_while_the_payment_may_still_be_posted_the_refund_waits_behind_it(state: State) -> None:
    """R-14: by `depends_on`, so that it goes out as soon as the payment stands."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.put(state)
    (planned,) = ledger.report(refund(-4000)).effects
    assert (planned.effect.state, planned.behind) == (State.SCHEDULED, 1)


def test_r16_a_refund_takes_its_share_of_the_surcharge() -> None:
    """R-16: 5150 of 10300/300 → surcharge −150: NET −5150 and +150, GROSS −5000."""
    net = posted(examples.payment(10300, 267, surcharge_minor=300))
    net.report(refund(-5150))
    assert net.table() == [("refund", "", -5150), ("fee_adjustment", "", 150)]
    gross = posted(examples.payment(10300, 267, surcharge_minor=300), amount=AmountMode.GROSS)
    gross.report(refund(-5150))
    assert gross.table() == [("refund", "", -5000)]
    assert gross.last.effects[0].effect.instruction.surcharge_minor == -150


def test_r16_a_surcharge_that_is_reported_counts() -> None:
    """R-16: reported as 0, the next refund of the rest takes all of it; more than there is, is for a person."""
    ledger = posted(examples.payment(10300, 267, surcharge_minor=300), amount=AmountMode.GROSS)
    ledger.report(refund(-5150, surcharge_minor=0))
    assert ledger.table() == [("refund", "", -5150)]
    ledger.report(refund(-5150, ref="re-2"))
    assert ledger.table() == [("refund", "", -4850)]
    other = posted()
    assert other.report(refund(-5000, surcharge_minor=-1)).reason is DecisionReason.SUMS_DISAGREE


def test_b1_a_memberships_charge_goes_with_its_refund() -> None:
    """B-1: 29900/897 refunded 9900 → −9900 and the charge less 9900; failing, both come back."""
    ledger = Ledger()
    ledger.report(examples.membership())
    ledger.post()
    ledger.report(refund(-9900))
    assert ledger.table() == [("refund", "", -9900), ("charge_reversal", "", -9900)]
    assert ledger.last.effects[1].behind == next(
        x.effect_id for x in ledger.state.entries if x.entry_kind is EntryKind.CHARGE
    )
    ledger.report(refund_failed(9900))
    assert ledger.table() == [("refund", "", 9900), ("charge_reversal", "", 9900)]


def test_b1_without_a_charge_none_is_reversed() -> None:
    """B-1: where the route writes no charges, the payment was a prepayment."""
    ledger = Ledger()
    ledger.report(examples.membership())
    ledger.put(State.SKIPPED_DISABLED, EntryKind.CHARGE, reason=DecisionReason.NOT_BY_THIS_ROUTE)
    ledger.post()
    ledger.report(refund(-9900))
    assert ledger.table() == [("refund", "", -9900)]


def test_n9_a_refund_whose_fee_turns_it_round_is_a_persons() -> None:
    """N-9, as for payments: −100 with 500 given back is money in."""
    ledger = posted()
    ledger.report(refund(-100, -500))
    assert [planned.effect.state for planned in ledger.last.effects] == [State.AWAITING_MANUAL_POST] * 2


def test_r2_a_correction_below_what_was_given_back_is_a_persons() -> None:
    ledger = posted()
    ledger.report(refund(-6000))
    assert ledger.report(corrected(gross=5000, fee=160)).reason is DecisionReason.MORE_THAN_ORIGINAL

"""Fees that are assessed later (N-1, N-5, N-9, R-15), in minor units."""

from __future__ import annotations

import msgspec
import pytest

from schemas.practice_settings import AmountMode, FeeAdjustment, Timing, TypeMode
from schemas.vocabulary import DecisionReason, Ruling, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, charge_item, corrected, fee_assessed, refund, void


def test_n5_a_payment_without_its_fee_is_released_by_it() -> None:
    """N-5: the plan is the one of a payment whose fee was known, and the fee's event posts nothing itself."""
    ledger = Ledger()
    change = ledger.report(examples.payment(fee=None))
    assert (change.waiting, change.reason) == (State.AWAITING_FEE, DecisionReason.FEE_UNKNOWN)
    change = ledger.report(fee_assessed(320, 9680))
    assert (change.applied, change.effects) == (True, ())
    assert ledger.rows() == [("payment", "", 9680, "SCHEDULED"), ("fee_adjustment", "", 320, "SCHEDULED")]
    known = Ledger()
    known.report(examples.payment())
    assert ledger.state.entries == known.state.entries


def test_n5_a_fee_before_its_payment_parks() -> None:
    ledger = Ledger()
    assert ledger.report(fee_assessed(320, 9680, hours=-1)).waiting is State.AWAITING_ORIGINAL
    ledger.report(examples.payment(fee=None))
    assert ledger.applied() == 10000
    assert ledger.total("fee_adjustment") == 320


def test_n5_the_payout_that_carries_the_fee_releases_it() -> None:
    """N-5: of the payment's own item; a refund's item alone has no fee of it."""
    ledger = Ledger()
    ledger.report(examples.payment(fee=None))
    change = ledger.paid_out(charge_item(10000, 320))
    assert change.original is not None
    assert ledger.rows() == [("payment", "", 9680, "SCHEDULED"), ("fee_adjustment", "", 320, "SCHEDULED")]


def test_n5_a_payout_that_came_before_its_payment_reports_its_fee() -> None:
    ledger = Ledger()
    ledger.paid_out(charge_item(10000, 320))
    ledger.report(examples.payment(fee=None))
    assert ledger.table() == [("payment", "", 9680), ("fee_adjustment", "", 320)]


def test_p21_the_fee_of_a_payout_that_failed_is_still_the_one_that_was_booked() -> None:
    """P-21, R-15, R-5: its items are free again, but the entries stand as they were amounted."""
    ledger = Ledger()
    ledger.report(examples.payment(fee=None))
    ledger.paid_out(charge_item(10000, 320))
    ledger.post()
    ledger.no_longer_paid_out()
    ledger.report(fee_assessed(350, 9650))
    assert ledger.table() == [("reversal", "payment/@1", -30), ("fee_adjustment", "", 30)]
    bare = Ledger(fee_adjustment=FeeAdjustment.OFF)
    bare.report(examples.payment(fee=None))
    bare.paid_out(charge_item(10000, 320))
    bare.post()
    bare.no_longer_paid_out()
    bare.report(refund(-10000))
    assert bare.table() == [("refund", "", -9680)]


def test_n9_a_fee_that_takes_all_leaves_it_to_a_person() -> None:
    """N-9: 25 with a fee of 31 → −6, by hand."""
    ledger = Ledger()
    ledger.report(examples.payment(25, None), fee_assessed(31, -6))
    assert ledger.rows() == [
        ("payment", "", -6, "AWAITING_MANUAL_POST"),
        ("fee_adjustment", "", 31, "AWAITING_MANUAL_POST"),
    ]


def test_n1_r15_another_fee_after_posting_posts_the_difference() -> None:
    """R-15: 320 becomes 350: the payment is 30 less, the companion 30 more; 300 → the other way."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    change = ledger.report(fee_assessed(350, 9650))
    assert ledger.table() == [("reversal", "payment/@1", -30), ("fee_adjustment", "", 30)]
    assert change.effects[0].behind == 1
    ledger.post()
    ledger.report(fee_assessed(300, 9700, version=2, hours=30))
    assert ledger.table() == [("payment", "", 50), ("fee_adjustment", "", -50)]
    assert (ledger.applied(), ledger.cash()) == (10000, 9700)
    ledger.post()
    ledger.report(void(40))
    assert ledger.table() == [("reversal", "payment/@1", -9700), ("reversal", "fee_adjustment/@1", -300)]


def test_e11_another_fee_before_posting_replaces() -> None:
    ledger = Ledger(timing=Timing.DAILY)
    ledger.report(examples.payment(), refund(-4000, hours=1))
    change = ledger.report(fee_assessed(350, 9650, hours=2))
    assert change.void == (1, 2)
    assert [each.effect_id for each in change.redirect] == [3]
    assert ledger.total("payment", "fee_adjustment") == 10000
    assert ledger.total("payment") == 9650


def test_e7_an_older_assessment_changes_nothing() -> None:
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(fee_assessed(350, 9650, version=3))
    assert ledger.report(fee_assessed(340, 9660, version=2, hours=30)).applied
    assert ledger.cash() == 9650


def test_n1_gross_takes_no_fee_to_the_ledger() -> None:
    ledger = Ledger(amount=AmountMode.GROSS)
    ledger.report(examples.payment(fee=None), fee_assessed(320, 9680))
    assert (ledger.last.applied, ledger.rows()) == (True, [("payment", "", 10000, "SCHEDULED")])


def test_n5_what_is_skipped_takes_no_fee() -> None:
    ledger = Ledger(types=examples.modes(terminal=TypeMode.OFF))
    ledger.report(examples.payment(fee=None), fee_assessed(320, 9680))
    assert (ledger.last.applied, ledger.last.effects) == (True, ())


def test_n2_without_companion_the_difference_shows_one_as_skipped() -> None:
    ledger = Ledger(fee_adjustment=FeeAdjustment.OFF)
    ledger.report(examples.payment())
    ledger.post()
    ledger.report(fee_assessed(350, 9650))
    assert [planned.effect.state for planned in ledger.last.effects] == [State.SCHEDULED, State.SKIPPED_DISABLED]
    assert ledger.total() == 9650


def test_b1_a_membership_is_released_with_its_charge() -> None:
    """B-1, N-5: charge 29900, payment 29003, companion 897."""
    ledger = Ledger()
    ledger.report(examples.membership(fee=None), fee_assessed(897, 29003))
    assert [row[:3] for row in ledger.rows()] == [
        ("charge", "", 29900),
        ("payment", "", 29003),
        ("fee_adjustment", "", 897),
    ]


@pytest.mark.parametrize("known", [320, None])
def test_m3_a_fee_whose_net_is_not_its_payments_is_a_persons(known: int | None) -> None:
    """M-3: net = gross - fee, always; what disagrees books nothing, and the right version does."""
    ledger = Ledger()
    ledger.report(examples.payment(10000, known))
    ledger.post()
    change = ledger.report(fee_assessed(350, 9000, version=2))
    assert (change.waiting, change.reason) == (State.AWAITING_REVIEW, DecisionReason.SUMS_DISAGREE)
    ledger.report(fee_assessed(350, 9650, version=3, hours=30))
    assert (ledger.cash(), ledger.total()) == (9650, 10000)


def test_m3_a_fee_reported_before_a_correction_speaks_of_the_payment_before_it() -> None:
    """E-11: it is older than the current version, which has its own fee."""
    ledger = Ledger()
    ledger.report(examples.payment())
    ledger.report(corrected(2, 9000, 290, hours=48))
    assert ledger.report(fee_assessed(320, 9680, hours=24)).applied
    assert ledger.total() == 9000


@pytest.mark.parametrize("kept", [True, False], ids=["as it is", "control"])
def test_control_r14_a_late_fee_brings_nothing_to_what_a_person_ended(kept: bool) -> None:
    """R-14, N-5: the payment waited for its fee, and a person dismissed it; when the fee comes, nothing is planned
    beside that. With the control the difference is."""
    ledger = Ledger()
    ledger.facts = msgspec.structs.replace(ledger.facts, keeps_ended=kept)
    ledger.report(examples.payment(fee=None))
    ledger.end(Ruling.DISMISS)
    before = ledger.rows()
    ledger.report(fee_assessed(320, 9680))
    assert (ledger.rows() == before) is kept

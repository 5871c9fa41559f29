"""Returned payments and disputes (R-10, R-11, R-15), in minor units."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import DisputeOutcome
from schemas.practice_settings import AmountMode, DisputeBooking, FeeAdjustment, RefundWithoutCompanion
from schemas.vocabulary import DecisionReason, State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, closed, dispute, refund, returned


def posted(gross: int, fee: int, **settings: Any) -> Ledger:
    ledger = Ledger(**settings)
    ledger.report(examples.payment(gross, fee))
    ledger.post()
    return ledger


def test_r11_r15_a_returned_payment_with_the_banks_fee() -> None:
    """R-11, R-15: 25000 returned with a fee of 400 → −25400 and +400; GROSS −25000."""
    net = posted(25000, 0)
    net.report(returned(-25000, 400))
    assert net.table() == [("return", "", -25400), ("fee_adjustment", "", 400)]
    gross = posted(25000, 0, amount=AmountMode.GROSS)
    gross.report(returned(-25000, 400))
    assert gross.table() == [("return", "", -25000)]


def test_r5_a_return_without_companion_mirrors_what_was_posted() -> None:
    ledger = posted(10000, 320, fee_adjustment=FeeAdjustment.OFF)
    ledger.report(returned(-10000, 400))
    assert ledger.table() == [("return", "", -9680)]


def test_r10_r15_a_dispute_won_with_its_fee_given_back() -> None:
    """R-15: 40000 with a fee of 1500 → −41500, +1500; won → +41500, −1500."""
    ledger = posted(40000, 1190)
    ledger.report(dispute(-40000, 1500))
    assert ledger.table() == [("dispute_hold", "", -41500), ("fee_adjustment", "", 1500)]
    ledger.report(closed(DisputeOutcome.WON, 40000, -1500))
    assert ledger.table() == [("dispute_release", "", 41500), ("fee_adjustment", "", -1500)]
    assert ledger.applied() == 40000


@pytest.mark.parametrize("outcome", [DisputeOutcome.WON, DisputeOutcome.WITHDRAWN])
def test_r10_the_fee_may_stay(outcome: DisputeOutcome) -> None:
    ledger = posted(40000, 0)
    ledger.report(dispute(-40000, 1500), closed(outcome, 40000))
    assert ledger.table() == [("dispute_release", "", 40000)]


def test_r10_a_lost_dispute_posts_nothing_more() -> None:
    ledger = posted(40000, 0)
    ledger.report(dispute(-40000, 1500))
    change = ledger.report(closed(DisputeOutcome.LOST))
    assert (change.applied, change.effects) == (True, ())


@pytest.mark.parametrize("outcome", list(DisputeOutcome)[:3])
def test_n3_r15_a_fee_that_the_close_of_a_dispute_reports_is_the_banks_and_not_the_patients(
    outcome: DisputeOutcome,
) -> None:
    """N-3 A, R-15: it takes what the payout will be less by, and its companion gives that back to the balance."""
    ledger = posted(40000, 1190)
    ledger.report(dispute(-40000, 1500), closed(outcome, fee=700))
    assert ledger.table() == [("dispute_hold", "", -700), ("fee_adjustment", "", 700)]
    assert ledger.cash() == (40000 - 1190) + (-40000 - 1500) - 700
    assert ledger.total() == 0


@pytest.mark.parametrize(
    ("chosen", "booked"),
    [
        ({"amount": AmountMode.GROSS}, []),
        ({"fee_adjustment": FeeAdjustment.OFF}, []),
        (
            {"fee_adjustment": FeeAdjustment.OFF, "refund_without_companion": RefundWithoutCompanion.CASH},
            [("dispute_hold", "", -700), ("fee_adjustment", "", 700)],
        ),
        ({"disputes": DisputeBooking.SUSPENSE}, [("dispute_hold", "", -700), ("fee_adjustment", "", 700)]),
    ],
)
def test_n1_r5_a_fee_at_the_close_is_booked_as_the_fee_at_the_opening_is(
    chosen: dict[str, Any], booked: list[tuple[str, str, int]]
) -> None:
    """N-1: GROSS books no fee. R-5: MIRROR takes back what was posted and no more; CASH follows the bank. R-10
    SUSPENSE: shown, and not posted."""
    ledger = posted(40000, 1190, **chosen)
    ledger.report(dispute(-40000, 1500), closed(DisputeOutcome.LOST, fee=700))
    assert ledger.table() == booked
    skipped = {planned.effect.state for planned in ledger.last.effects if planned.effect.instruction.amount_minor > 0}
    assert skipped <= {State.SKIPPED_DISABLED}


def test_r15_a_fee_given_back_with_a_lost_dispute_comes_back() -> None:
    """R-15 with the other sign: the bank has 7.00 more, and the patient owes what he owed."""
    ledger = posted(40000, 0)
    ledger.report(dispute(-40000, 1500), closed(DisputeOutcome.LOST, fee=-700))
    assert ledger.table() == [("dispute_release", "", 700), ("fee_adjustment", "", -700)]


def test_n3_an_inquiry_that_costs_something_books_its_fee_and_no_more() -> None:
    """R-10: an inquiry moves no money of the patient's; N-3 A: its fee is in the payout all the same."""
    ledger = posted(40000, 0)
    ledger.report(dispute(0, 1500))
    assert ledger.table() == [("dispute_hold", "", -1500), ("fee_adjustment", "", 1500)]
    ledger.report(dispute(-40000, hours=30), closed(DisputeOutcome.WON, 40000))
    assert ledger.total() == 40000


def test_r10_an_inquiry_posts_nothing_and_the_dispute_after_it_does() -> None:
    """R-10, E-1: one dispute id, two stages."""
    ledger = posted(40000, 0)
    ledger.report(dispute(0))
    assert ledger.last.applied
    ledger.report(dispute(-40000, hours=30))
    assert ledger.table() == [("dispute_hold", "", -40000)]


def test_r10_an_inquiry_withdrawn_posts_nothing() -> None:
    ledger = posted(40000, 0)
    ledger.report(dispute(0), closed(DisputeOutcome.WITHDRAWN))
    assert (ledger.last.applied, ledger.last.effects) == (True, ())


def test_r8_a_dispute_closed_before_it_was_opened_parks() -> None:
    """R-8: and follows when the opening comes; an inquiry alone does not explain money that comes back."""
    ledger = posted(40000, 0)
    assert ledger.report(closed(DisputeOutcome.WON, 40000)).waiting is State.AWAITING_ORIGINAL
    ledger.report(dispute(0, hours=20))
    assert ledger.total("dispute_release") == 0
    ledger.report(dispute(-40000))
    assert (ledger.total("dispute_hold"), ledger.total("dispute_release")) == (-40000, 40000)


def test_r10_suspense_shows_the_dispute_and_leaves_the_patient_alone() -> None:
    """R-10 SUSPENSE: skipped at office level, with its amounts; won the same way; the ledger is not touched."""
    ledger = posted(40000, 1190, disputes=DisputeBooking.SUSPENSE)
    ledger.report(dispute(-40000, 1500))
    for planned in ledger.last.effects:
        effect = planned.effect
        assert (effect.state, effect.reason) == (State.SKIPPED_DISABLED, DecisionReason.PATIENT_UNTOUCHED)
        assert effect.instruction.office_level
    assert ledger.table() == [("dispute_hold", "", -41500), ("fee_adjustment", "", 1500)]
    ledger.report(closed(DisputeOutcome.WON, 40000, -1500))
    assert ledger.table() == [("dispute_release", "", 41500), ("fee_adjustment", "", -1500)]
    assert ledger.total() == 40000


def test_r2_no_more_is_disputed_than_is_left() -> None:
    """R-2: what was refunded is not there to be disputed; a person looks, and nothing is posted."""
    ledger = posted(10000, 320)
    ledger.report(refund(-6000))
    change = ledger.report(dispute(-10000, hours=30))
    assert (change.waiting, change.reason) == (State.AWAITING_REVIEW, DecisionReason.MORE_THAN_ORIGINAL)


def test_b1_a_returned_membership_payment_leaves_its_charge() -> None:
    """B-1: the patient owes the membership again."""
    ledger = Ledger()
    ledger.report(examples.membership())
    ledger.post()
    ledger.report(returned(-29900, 0))
    assert ledger.table() == [("return", "", -29900)]

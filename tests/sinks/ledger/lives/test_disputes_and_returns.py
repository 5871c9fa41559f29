"""Returned payments and disputes (R-10, R-11, R-15), in minor units."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import DisputeOutcome
from schemas.practice_settings import AmountMode, DisputeBooking, FeeAdjustment
from schemas.reasons import DecisionReason
from schemas.states import State
from tests.processors import told as telling
from tests.sinks.ledger.lives.living import Ledger, closed, dispute, refund, returned


def posted(gross: int, fee: int, **settings: Any) -> Ledger:
    ledger = Ledger(**settings)
    ledger.tell(telling.payment(gross, fee))
    ledger.post()
    return ledger


def test_r11_r15_a_returned_payment_with_the_banks_fee() -> None:
    """R-11, R-15: 25000 returned with a fee of 400 → −25400 and +400; GROSS −25000."""
    net = posted(25000, 0)
    net.tell(returned(-25000, 400))
    assert net.table() == [("return", "", -25400), ("fee_adjustment", "", 400)]
    gross = posted(25000, 0, amount=AmountMode.GROSS)
    gross.tell(returned(-25000, 400))
    assert gross.table() == [("return", "", -25000)]


def test_r5_a_return_without_companion_mirrors_what_was_posted() -> None:
    ledger = posted(10000, 320, fee_adjustment=FeeAdjustment.OFF)
    ledger.tell(returned(-10000, 400))
    assert ledger.table() == [("return", "", -9680)]


def test_r10_r15_a_dispute_won_with_its_fee_given_back() -> None:
    """R-15: 40000 with a fee of 1500 → −41500, +1500; won → +41500, −1500."""
    ledger = posted(40000, 1190)
    ledger.tell(dispute(-40000, 1500))
    assert ledger.table() == [("dispute_hold", "", -41500), ("fee_adjustment", "", 1500)]
    ledger.tell(closed(DisputeOutcome.WON, 40000, -1500))
    assert ledger.table() == [("dispute_release", "", 41500), ("fee_adjustment", "", -1500)]
    assert ledger.applied() == 40000


@pytest.mark.parametrize("outcome", [DisputeOutcome.WON, DisputeOutcome.WITHDRAWN])
def test_r10_the_fee_may_stay(outcome: DisputeOutcome) -> None:
    ledger = posted(40000, 0)
    ledger.tell(dispute(-40000, 1500), closed(outcome, 40000))
    assert ledger.table() == [("dispute_release", "", 40000)]


def test_r10_a_lost_dispute_posts_nothing_more() -> None:
    ledger = posted(40000, 0)
    ledger.tell(dispute(-40000, 1500))
    change = ledger.tell(closed(DisputeOutcome.LOST, fee=1500))
    assert (change.applied, change.effects) == (True, ())


def test_r10_an_inquiry_posts_nothing_and_the_dispute_after_it_does() -> None:
    """R-10, E-1: one dispute id, two stages."""
    ledger = posted(40000, 0)
    ledger.tell(dispute(0))
    assert ledger.last.applied
    ledger.tell(dispute(-40000, hours=30))
    assert ledger.table() == [("dispute_hold", "", -40000)]


def test_r10_an_inquiry_withdrawn_posts_nothing() -> None:
    ledger = posted(40000, 0)
    ledger.tell(dispute(0), closed(DisputeOutcome.WITHDRAWN))
    assert (ledger.last.applied, ledger.last.effects) == (True, ())


def test_r8_a_dispute_closed_before_it_was_opened_parks() -> None:
    """R-8: and follows when the opening comes; an inquiry alone does not explain money that comes back."""
    ledger = posted(40000, 0)
    assert ledger.tell(closed(DisputeOutcome.WON, 40000)).waiting is State.AWAITING_ORIGINAL
    ledger.tell(dispute(0, hours=20))
    assert ledger.total("dispute_release") == 0
    ledger.tell(dispute(-40000))
    assert (ledger.total("dispute_hold"), ledger.total("dispute_release")) == (-40000, 40000)


def test_r10_suspense_shows_the_dispute_and_leaves_the_patient_alone() -> None:
    """R-10 SUSPENSE: skipped at office level, with its amounts; won the same way; the ledger is not touched."""
    ledger = posted(40000, 1190, disputes=DisputeBooking.SUSPENSE)
    ledger.tell(dispute(-40000, 1500))
    for planned in ledger.last.effects:
        effect = planned.effect
        assert (effect.state, effect.reason) == (State.SKIPPED_DISABLED, DecisionReason.PATIENT_UNTOUCHED)
        assert effect.instruction.office_level
    assert ledger.table() == [("dispute_hold", "", -41500), ("fee_adjustment", "", 1500)]
    ledger.tell(closed(DisputeOutcome.WON, 40000, -1500))
    assert ledger.table() == [("dispute_release", "", 41500), ("fee_adjustment", "", -1500)]
    assert ledger.total() == 40000


def test_r2_no_more_is_disputed_than_is_left() -> None:
    """R-2: what was refunded is not there to be disputed; a person looks, and nothing is posted."""
    ledger = posted(10000, 320)
    ledger.tell(refund(-6000))
    change = ledger.tell(dispute(-10000, hours=30))
    assert (change.waiting, change.reason) == (State.AWAITING_REVIEW, DecisionReason.MORE_THAN_ORIGINAL)


def test_b1_a_returned_membership_payment_leaves_its_charge() -> None:
    """B-1: the patient owes the membership again."""
    ledger = Ledger()
    ledger.tell(telling.membership())
    ledger.post()
    ledger.tell(returned(-29900, 0))
    assert ledger.table() == [("return", "", -29900)]

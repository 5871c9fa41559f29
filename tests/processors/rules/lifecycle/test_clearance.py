"""Money that is there (T-13, R-11)."""

from __future__ import annotations

from schemas.practice_settings import Timing
from schemas.vocabulary import State
from tests.processors.rules import event_examples as examples
from tests.processors.rules.lifecycle.memory_ledger import Ledger, charge_item, cleared, fee_assessed, refund, void


def test_t13_cleared_funds_release_what_waited_for_them() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment())
    assert {row[3] for row in ledger.rows()} == {"AWAITING_CLEARANCE"}
    change = ledger.report(cleared())
    assert (change.lift, change.applied) == ((1, 2), True)
    assert {row[3] for row in ledger.rows()} == {"SCHEDULED"}


def test_t13_a_payout_that_contains_the_payment_releases_it() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment())
    assert ledger.paid_out(charge_item(10000, 320)).lift == (1, 2)


def test_t13_cleared_before_it_is_known_parks_and_then_nothing_waits() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    assert ledger.report(cleared(-1)).waiting is State.AWAITING_ORIGINAL
    ledger.report(examples.payment())
    assert {row[3] for row in ledger.rows()} == {"SCHEDULED"}


def test_t13_paid_out_before_it_is_known_waits_for_nothing() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.paid_out(charge_item(10000, 320))
    ledger.report(examples.payment())
    assert {row[3] for row in ledger.rows()} == {"SCHEDULED"}


def test_t13_cleared_while_it_waits_for_its_fee() -> None:
    """N-5, T-13: once the fee is known, nothing else is waited for."""
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment(fee=None), cleared(), fee_assessed(320, 9680, hours=30))
    assert {row[3] for row in ledger.rows()} == {"SCHEDULED"}


def test_t13_money_that_is_settled_outside_never_waits() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment(settled_outside=True))
    assert {row[3] for row in ledger.rows()} == {"SCHEDULED"}
    assert ledger.report(cleared()).lift == ()


def test_t13_a_refund_waits_for_its_payment_not_for_funds() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment(), refund(-4000))
    (planned,) = ledger.last.effects
    assert (planned.effect.state, planned.behind) == (State.SCHEDULED, 1)


def test_r7_voided_while_it_waits_for_its_funds() -> None:
    ledger = Ledger(timing=Timing.ON_CLEAR)
    ledger.report(examples.payment(), void())
    assert ledger.rows() == []
    assert ledger.report(cleared(40)).lift == ()

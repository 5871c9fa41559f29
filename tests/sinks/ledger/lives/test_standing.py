"""REVERSED, PARTIALLY_REVERSED and the running totals of a payment (features 2.4, R-2)."""

from __future__ import annotations

from schemas.events import (
    EVENT_TYPES,
    DisputeOutcome,
    MembershipCancelled,
    MembershipPaid,
    PatientChanged,
    PaymentCorrected,
    PaymentRequestSent,
    PaymentSucceeded,
    PayoutPaid,
)
from sinks.ledger.lives.resolving import LINKED
from sinks.ledger.lives.standing import Reversal, Totals, totals
from tests.processors import told as telling
from tests.sinks.ledger.lives.living import Ledger, closed, dispute, refund, refund_failed, returned, void


def standing(ledger: Ledger) -> Totals:
    found = totals(ledger.life)
    assert found is not None
    return found


def test_r2_running_totals() -> None:
    """What was given back, by how it went, and what stands; what failed or was won counts no more."""
    ledger = Ledger()
    ledger.tell(telling.payment())
    assert standing(ledger).reversal is None
    ledger.tell(refund(-3000, ref="re-1"), refund(-2000, ref="re-2"), refund_failed(2000, ref="re-2"))
    ledger.tell(dispute(-4000, hours=60), closed(DisputeOutcome.WON, 4000))
    found = standing(ledger)
    assert (found.gross, found.fee, found.refunded, found.disputed, found.standing) == (10000, 320, 3000, 0, 7000)
    assert found.reversal is Reversal.PARTIALLY_REVERSED
    ledger.tell(returned(-7000, hours=80))
    assert (standing(ledger).returned, standing(ledger).reversal) == (7000, Reversal.REVERSED)


def test_r7_a_void_takes_what_was_left() -> None:
    ledger = Ledger()
    ledger.tell(telling.payment(), refund(-3000), void(30))
    found = standing(ledger)
    assert (found.refunded, found.voided, found.standing) == (3000, 7000, 0)
    assert found.reversal is Reversal.REVERSED


def test_r2_what_is_a_persons_does_not_count() -> None:
    ledger = Ledger()
    ledger.tell(telling.payment(), refund(-10001))
    assert standing(ledger).refunded == 0
    assert totals(Ledger().life) is None


def test_law7_every_event_type_is_told_linked_or_alone() -> None:
    """Law 7: none falls through: each type tells money, speaks of other money, or concerns none."""
    telling_money = {PaymentSucceeded, PaymentCorrected, MembershipPaid, PayoutPaid}
    alone = {PaymentRequestSent, MembershipCancelled, PatientChanged}
    assert set(EVENT_TYPES) == set(LINKED) | telling_money | alone

"""Reversals of the next morning: a partial refund, a returned payment, a lost dispute, a refused payout.

Pure, like the day itself: what must come of them is computed from these events alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from deploy.demo.day import SOURCE, Day, linked
from deploy.demo.observed import Claim, Observed, cents
from schemas.events import (
    DisputeClosed,
    DisputeOpened,
    DisputeOutcome,
    Event,
    MoneyFields,
    PaymentKind,
    PaymentReturned,
    PaymentSucceeded,
    PayoutFailed,
    RefundSucceeded,
)

RETURN_FEE = 400
DISPUTE_FEE = 1_500


class Reversals(msgspec.Struct, frozen=True, kw_only=True):
    """The events, and what the practice's books must show of them. Cents."""

    events: tuple[Event, ...]
    returned_minor: int
    """What counts no longer toward patients' balances: fees are the practice's own (R-3, R-15)."""
    failed_payout: int
    """The bank line that did not arrive."""
    entries: int
    """Reversing entries at the PMS: one for each, and one for each fee that the practice bears."""


def next_morning_reversals(day: Day, at: datetime) -> Reversals:
    """Three payments of linked patients, none of them divided, and the day's last payout."""
    refunded, returned, disputed = _plain(day)[:3]
    part = -(refunded.gross_minor // 3)
    payout = day.payouts[-1]
    envelopes = (_envelope(day, at, number) for number in range(1, 6))
    events: tuple[Event, ...] = (
        RefundSucceeded(
            **next(envelopes),
            refund_id=f"re-{refunded.payment_id}",
            payment_id=refunded.payment_id,
            gross_minor=part,
            fee_minor=0,
            net_minor=part,
        ),
        PaymentReturned(
            **next(envelopes),
            return_id=f"rt-{returned.payment_id}",
            payment_id=returned.payment_id,
            gross_minor=-returned.gross_minor,
            fee_minor=RETURN_FEE,
            net_minor=-returned.gross_minor - RETURN_FEE,
            return_code="R01",
        ),
        DisputeOpened(
            **next(envelopes),
            dispute_id=f"dp-{disputed.payment_id}",
            payment_id=disputed.payment_id,
            gross_minor=-disputed.gross_minor,
            fee_minor=DISPUTE_FEE,
            net_minor=-disputed.gross_minor - DISPUTE_FEE,
            reason_code="fraudulent",
        ),
        DisputeClosed(
            **next(envelopes),
            dispute_id=f"dp-{disputed.payment_id}",
            payment_id=disputed.payment_id,
            outcome=DisputeOutcome.LOST,
            gross_minor=0,
            fee_minor=0,
            net_minor=0,
        ),
        PayoutFailed(**next(envelopes), payout_id=payout.payout_id, failed_at=at, reason_code="account_closed"),
    )
    return Reversals(
        events=events,
        returned_minor=-part + returned.gross_minor + disputed.gross_minor,
        failed_payout=payout.net_minor,
        entries=5,
    )


def _plain(day: Day) -> list[MoneyFields]:
    return [
        payment
        for payment in day.payments
        if isinstance(payment, PaymentSucceeded)
        and payment.kind is PaymentKind.TERMINAL
        and not payment.splits
        and payment.patient_ref is not None
        and linked(payment.patient_ref)
    ]


def _envelope(day: Day, at: datetime, number: int) -> dict[str, Any]:
    happened = at + timedelta(minutes=number)
    return {
        "event_id": f"ev-back-{day.practice.practice_id}-{number}",
        "source": SOURCE,
        "occurred_at": happened,
        "produced_at": happened + timedelta(seconds=2),
        "practice_id": day.practice.practice_id,
    }


def check_reversals(reversals: Reversals, before: Observed, after: Observed) -> list[Claim]:
    """The claims about them: new entries beside the old ones, and their sums. Pure."""
    balance = (after.pms_payments + after.pms_credits) - (before.pms_payments + before.pms_credits)
    bank = after.quickbooks - before.quickbooks
    return [
        Claim(
            "a reversal is a new entry: nothing that was posted is changed or deleted",
            after.pms_payments == before.pms_payments and after.pms_entries - before.pms_entries == reversals.entries,
            f"{after.pms_entries - before.pms_entries} new entries, payments stay {cents(after.pms_payments)}",
        ),
        Claim(
            "patients owe again exactly what was returned to them, and none of the practice's fees",
            balance == -reversals.returned_minor,
            f"{cents(balance)} of {cents(-reversals.returned_minor)}",
        ),
        Claim(
            "the payout that the bank refused is reversed in QuickBooks by a document of its own",
            bank == -reversals.failed_payout and after.quickbooks_documents == before.quickbooks_documents + 1,
            f"{cents(bank)} in {after.quickbooks_documents - before.quickbooks_documents} document",
        ),
    ]

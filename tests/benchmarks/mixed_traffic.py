"""The whole contract as traffic: every kind of payment, and what becomes of payments, in a practice's proportions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from schemas import events as e
from tests.benchmarks.traffic import SEED, patient_ref, payments

SHARES: Final = {
    "payment": 66,
    "split": 6,
    "membership": 10,
    "insurance": 6,
    "refund": 5,
    "fee": 2,
    "cleared": 2,
    "void": 1,
    "return": 1,
    "dispute": 1,
}
"""Of a hundred events; the first is the slice's own stream."""


def mixed(count: int, practices: list[str], *, run: str, at: datetime | None = None) -> Iterator[e.Event]:
    """As `payments`, with the others among them; what is about a payment is about the one before it."""
    chance = Random(SEED + 1)
    kinds, weights = list(SHARES), list(SHARES.values())
    for payment in payments(count, practices, run=run, at=at):
        kind = chance.choices(kinds, weights)[0]
        yield payment if kind == "payment" else as_kind(kind, payment)


def as_kind(kind: str, payment: e.PaymentSucceeded) -> e.Event:
    """Another event in a payment's place, with its envelope and its amounts."""
    envelope: dict[str, Any] = {
        name: getattr(payment, name) for name in ("event_id", "source", "occurred_at", "produced_at", "practice_id")
    }
    money = {name: getattr(payment, name) for name in e.MoneyFields.__struct_fields__ if name not in envelope}
    gross, fee, about = payment.gross_minor, payment.fee_minor or 0, payment.payment_id
    back: dict[str, Any] = {"payment_id": about, "gross_minor": -gross, "fee_minor": 0, "net_minor": -gross}
    if kind == "split":
        half = gross // 2
        parts = ((patient_ref(1), half), (patient_ref(2), gross - half))
        splits = tuple(e.Split(patient_ref=who, amount_minor=amount) for who, amount in parts)
        return e.PaymentSucceeded(**envelope, **money, kind=payment.kind, splits=splits)
    if kind == "membership":
        year: dict[str, Any] = {"period_start": date(2026, 1, 1), "period_end": date(2026, 12, 31)}
        year["plan_code"] = "ADULT"
        action = e.MembershipAction.AUTO_RENEWAL
        return e.MembershipPaid(**envelope, **money, **year, membership_id=f"mem-{about}", action=action)
    if kind == "insurance":
        return e.PaymentSucceeded(**envelope, **money, kind=e.PaymentKind.INSURANCE, remittance=_remittance(payment))
    if kind == "refund":
        return e.RefundSucceeded(**envelope, **back, refund_id=f"re-{about}")
    if kind == "fee":
        return e.PaymentFeeAssessed(**envelope, payment_id=about, fee_minor=fee, net_minor=gross - fee)
    if kind == "cleared":
        return e.PaymentCleared(**envelope, payment_id=about, cleared_at=payment.occurred_at)
    if kind == "void":
        return e.PaymentVoided(**envelope, payment_id=about)
    if kind == "return":
        return e.PaymentReturned(**envelope, **back, return_id=f"ret-{about}", return_code="R01")
    return e.DisputeOpened(**envelope, **back, dispute_id=f"dp-{about}", reason_code="fraudulent")


def _remittance(payment: e.PaymentSucceeded) -> e.Remittance:
    """One claim of two service lines, balanced."""
    first = payment.gross_minor // 2
    lines = tuple(
        e.ClaimLine(
            procedure_ref=f"proc-{number}",
            charged_minor=paid + 5_000,
            paid_minor=paid,
            adjustments=(e.ClaimAdjustment(group=e.AdjustmentGroup.CO, carc="45", amount_minor=5_000),),
        )
        for number, paid in enumerate((first, payment.gross_minor - first))
    )
    claim = e.Claim(
        claim_ref=f"clm-{payment.payment_id}",
        status="1",
        patient_ref=payment.patient_ref or patient_ref(0),
        charged_minor=payment.gross_minor + 10_000,
        paid_minor=payment.gross_minor,
        lines=lines,
    )
    return e.Remittance(remittance_id=f"era-{payment.payment_id}", insurer_ref="ins-1", claims=(claim,))


LINKED: Final = ("refund", "fee", "cleared", "void", "return", "dispute")


def about(told: list[e.PaymentSucceeded], *, run: str, after: timedelta) -> Iterator[e.Event]:
    """One event about each of these payments, of every linked kind in turn."""
    for number, payment in enumerate(told):
        fields = {name: getattr(payment, name) for name in payment.__struct_fields__}
        at = payment.occurred_at + after
        later = {"event_id": f"{run}-{number:08}", "occurred_at": at, "produced_at": at}
        yield as_kind(LINKED[number % len(LINKED)], e.PaymentSucceeded(**(fields | later)))

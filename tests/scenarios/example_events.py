"""Example events of a practice, with defaults for every field that a scenario does not choose."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.events import (
    Event,
    Funds,
    Initiation,
    Member,
    MembershipAction,
    MembershipPaid,
    Payer,
    PaymentKind,
    PaymentSucceeded,
    PayoutCategory,
    PayoutItem,
    PayoutPaid,
    Tender,
)

SOURCE = "payments.example"


def some_id(what: str) -> str:
    return f"{what}-{secrets.token_hex(5)}"


def just_now() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


def _envelope(practice: str, at: datetime | None) -> dict[str, Any]:
    at = at or just_now()
    return {
        "event_id": some_id("ev"),
        "source": SOURCE,
        "occurred_at": at,
        "produced_at": at,
        "practice_id": practice,
    }


def payment(
    practice: str, patient: str = "pt-1", gross: int = 10_000, fee: int | None = 320, **facts: Any
) -> PaymentSucceeded:
    at = facts.pop("occurred_at", None)
    fields: dict[str, Any] = {
        "payment_id": some_id("pay"),
        "kind": PaymentKind.TERMINAL,
        "tender": Tender.CARD,
        "initiation": Initiation.STAFF,
        "currency": "USD",
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": None if fee is None else gross - fee,
        "funds": Funds.CLEARED,
        "patient_ref": patient,
        "payer": Payer.SELF,
    }
    return PaymentSucceeded(**(_envelope(practice, at) | fields | facts))


def membership(
    practice: str, patient: str = "pt-1", gross: int = 29_900, fee: int = 897, **facts: Any
) -> MembershipPaid:
    at = facts.pop("occurred_at", None)
    fields: dict[str, Any] = {
        "membership_id": some_id("mem"),
        "action": MembershipAction.AUTO_RENEWAL,
        "members": (Member(patient_ref=patient, amount_minor=gross),),
        "period_start": date(2026, 1, 1),
        "period_end": date(2026, 12, 31),
        "plan_code": "SMILE-YEAR",
        "payment_id": some_id("pay"),
        "tender": Tender.CARD,
        "initiation": Initiation.AUTOMATIC,
        "currency": "USD",
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": gross - fee,
        "funds": Funds.CLEARED,
        "patient_ref": patient,
        "payer": Payer.SELF,
    }
    return MembershipPaid(**(_envelope(practice, at) | fields | facts))


def payout(practice: str, items: tuple[tuple[int, int], ...] = ((10_000, 320),), **facts: Any) -> PayoutPaid:
    """A payout of charges, each `(gross, fee)`; a negative gross is a refund."""
    at = facts.pop("occurred_at", None)
    lines = tuple(
        PayoutItem(
            item_id=f"{number:03d}",
            category=PayoutCategory.CHARGE if gross >= 0 else PayoutCategory.REFUND,
            kind=PaymentKind.TERMINAL if gross >= 0 else None,
            gross_minor=gross,
            fee_minor=fee,
            net_minor=gross - fee,
        )
        for number, (gross, fee) in enumerate(items, start=1)
    )
    gross, fee = sum(line.gross_minor for line in lines), sum(line.fee_minor for line in lines)
    fields: dict[str, Any] = {
        "payout_id": some_id("po"),
        "arrival_date": date(2026, 11, 20),
        "currency": "USD",
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": gross - fee,
        "items": lines,
    }
    return PayoutPaid(**(_envelope(practice, at) | fields | facts))


__all__ = ["SOURCE", "Event", "just_now", "membership", "payment", "payout", "some_id"]

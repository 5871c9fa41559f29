"""Events and settings for tests of the rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from schemas.events import (
    Funds,
    Initiation,
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
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion, TypeModes

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
"""Noon in New York, long before the cut-off of 18:00."""
PRACTICE = "practice-1"
ZONE = "America/New_York"


def settings(**changed: Any) -> PracticeSettings:
    """Switched on, NET, INSTANT, New York, unless changed."""
    values: dict[str, Any] = {"zone": ZONE, "master": True}
    return PracticeSettings(**(values | changed))


def modes(**changed: Any) -> TypeModes:
    return TypeModes(**changed)


def version(number: int = 1, effective_from: datetime = NOON - timedelta(days=30), **changed: Any) -> SettingsVersion:
    return SettingsVersion(
        version=number,
        effective_from=effective_from,
        saved_at=effective_from,
        saved_by="owner",
        reason="",
        settings=settings(**changed),
    )


def history(*versions: SettingsVersion, practice_id: str = PRACTICE) -> SettingsHistory:
    return SettingsHistory(practice_id=practice_id, versions=versions or (version(),))


def _envelope(event_id: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "source": "payments.example",
        "occurred_at": at,
        "produced_at": at,
        "practice_id": PRACTICE,
    }


def _money(gross: int, fee: int | None) -> dict[str, Any]:
    return {
        "payment_id": "pay-1",
        "tender": Tender.CARD,
        "initiation": Initiation.STAFF,
        "currency": "USD",
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": None if fee is None else gross - fee,
        "funds": Funds.CLEARED,
        "patient_ref": "pt-1",
        "payer": Payer.SELF,
    }


def payment(gross: int = 10000, fee: int | None = 320, at: datetime = NOON, **changed: Any) -> PaymentSucceeded:
    values = _envelope("ev-1", at) | _money(gross, fee) | {"kind": PaymentKind.TERMINAL}
    return PaymentSucceeded(**(values | changed))


def membership(gross: int = 29900, fee: int | None = 897, at: datetime = NOON, **changed: Any) -> MembershipPaid:
    values = (
        _envelope("ev-m1", at)
        | _money(gross, fee)
        | {
            "membership_id": "mem-1",
            "action": MembershipAction.AUTO_RENEWAL,
            "period_start": date(2026, 3, 1),
            "period_end": date(2027, 2, 28),
            "plan_code": "ADULT",
        }
    )
    return MembershipPaid(**(values | changed))


def payout(*items: PayoutItem, at: datetime = NOON, **changed: Any) -> PayoutPaid:
    """A payout whose sums are those of its items."""
    values = _envelope("ev-o1", at) | {
        "payout_id": "po-1",
        "arrival_date": date(2026, 3, 5),
        "currency": "USD",
        "gross_minor": sum(item.gross_minor for item in items),
        "fee_minor": sum(item.fee_minor for item in items),
        "net_minor": sum(item.net_minor for item in items),
        "items": items,
    }
    return PayoutPaid(**(values | changed))


def item(
    number: int, gross: int, fee: int = 0, category: PayoutCategory = PayoutCategory.CHARGE, **changed: Any
) -> PayoutItem:
    values: dict[str, Any] = {
        "item_id": f"it-{number}",
        "category": category,
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": gross - fee,
    }
    return PayoutItem(**(values | changed))


def changed(event: Any, **values: Any) -> Any:
    """The event with other values."""
    return msgspec.structs.replace(event, **values)

"""Reversal events: payment returned and reinstated, refund succeeded and failed, dispute opened and closed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from schemas.events.envelope import Event
from schemas.events.payments import Split


class DisputeOutcome(StrEnum):
    """How a dispute ended (R-10)."""

    WON = "WON"
    LOST = "LOST"
    WITHDRAWN = "WITHDRAWN"
    UNKNOWN = "UNKNOWN"


class ReinstatedReason(StrEnum):
    """Why a returned payment is the practice's after all (R-19)."""

    DISHONORED_RETURN = "DISHONORED_RETURN"
    REPRESENTED = "REPRESENTED"
    UNKNOWN = "UNKNOWN"


class PaymentReturned(Event, frozen=True, kw_only=True):
    """A bank transfer came back: gross < 0 (R-11)."""

    stream: ClassVar[str] = "payments"
    return_id: str
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    return_code: str


class PaymentReinstated(Event, frozen=True, kw_only=True):
    """A return that was undone, by its `return_id`: gross > 0 is the practice's again (R-19)."""

    stream: ClassVar[str] = "payments"
    return_id: str
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    reason: ReinstatedReason


class RefundSucceeded(Event, frozen=True, kw_only=True):
    """A full or partial refund: gross < 0; `surcharge_minor` None takes its share of the original's (R-2, R-16)."""

    stream: ClassVar[str] = "payments"
    refund_id: str
    payment_id: str
    gross_minor: int
    surcharge_minor: int | None = None
    fee_minor: int
    net_minor: int
    splits: tuple[Split, ...] = ()


class RefundFailed(Event, frozen=True, kw_only=True):
    """A refund that did not reach the patient: gross > 0 comes back to the practice (R-9)."""

    stream: ClassVar[str] = "payments"
    refund_id: str
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int


class DisputeOpened(Event, frozen=True, kw_only=True):
    """A dispute: gross ≤ 0; 0 is an inquiry, which posts nothing (R-10).

    Opened again under its id it has a higher `version`, and takes the money again (R-18).
    """

    stream: ClassVar[str] = "payments"
    dispute_id: str
    version: int = 1
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    respond_by: datetime | None = None
    reason_code: str


class DisputeClosed(Event, frozen=True, kw_only=True):
    """The end of a dispute: gross ≥ 0 comes back where it was won or withdrawn (R-10).

    It belongs to the last opening before it; a higher `version` supersedes an earlier outcome of that opening (R-18).
    """

    stream: ClassVar[str] = "payments"
    dispute_id: str
    version: int = 1
    payment_id: str
    outcome: DisputeOutcome
    gross_minor: int
    fee_minor: int
    net_minor: int

"""Payout events: paid to the practice's bank, failed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final

from schemas.bookkeeping.money import Money
from schemas.events.envelope import Event, Part
from schemas.events.money_fields import FeePart
from schemas.events.payments import PaymentKind


class PayoutCategory(StrEnum):
    """What an item of a payout is; each category maps to an account (P-3)."""

    CHARGE = "CHARGE"
    REFUND = "REFUND"
    REFUND_FAILED = "REFUND_FAILED"
    DISPUTE = "DISPUTE"
    DISPUTE_REVERSAL = "DISPUTE_REVERSAL"
    RETURN = "RETURN"
    PROCESSING_FEE = "PROCESSING_FEE"
    MANAGEMENT_FEE = "MANAGEMENT_FEE"
    MONTHLY_FEE = "MONTHLY_FEE"
    DISPUTE_FEE = "DISPUTE_FEE"
    RESERVE_HOLD = "RESERVE_HOLD"
    RESERVE_RELEASE = "RESERVE_RELEASE"
    BALANCE_CARRIED = "BALANCE_CARRIED"
    LOAN_ADVANCE = "LOAN_ADVANCE"
    LOAN_REPAYMENT = "LOAN_REPAYMENT"
    ADJUSTMENT = "ADJUSTMENT"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


MOVED_ONCE: Final = frozenset({PayoutCategory.CHARGE, PayoutCategory.REFUND, PayoutCategory.REFUND_FAILED})
"""Moves its money once, so that a second payout with it would book it twice (P-2). A dispute or a return may move it
again."""


class PayoutItem(Part, frozen=True, kw_only=True):
    """One signed item of a payout: net = gross − fee, in minor units (P-1)."""

    item_id: str
    category: PayoutCategory
    payment_id: str | None = None
    refund_id: str | None = None
    dispute_id: str | None = None
    kind: PaymentKind | None = None
    gross_minor: int
    fee_minor: int
    fees: tuple[FeePart, ...] = ()
    net_minor: int


class PayoutPaid(Event, frozen=True, kw_only=True):
    """A payout on its way to the bank: `net_minor` is the bank line of `arrival_date`; a higher version replaces
    (P-8)."""

    stream: ClassVar[str] = "payouts"
    payout_id: str
    version: int = 1
    arrival_date: date
    currency: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    bank_last4: str | None = None
    items_known: bool = True
    """False: the platform cannot say what is in it, and there are no items (P-25)."""
    items: tuple[PayoutItem, ...] = ()

    @property
    def net(self) -> Money:
        """The bank line; may be zero or below."""
        return Money(self.net_minor, self.currency)


class PayoutFailed(Event, frozen=True, kw_only=True):
    """The bank returned a payout (P-7, P-21)."""

    stream: ClassVar[str] = "payouts"
    payout_id: str
    version: int = 1
    """The version of the payout that failed: one that was reissued under its id and fails too names its own."""
    failed_at: datetime
    reason_code: str

"""Money fields shared by payments, corrections and memberships."""

from __future__ import annotations

from enum import StrEnum

from schemas.bookkeeping.money import Money
from schemas.events.envelope import Event, Part


class Tender(StrEnum):
    """How it was paid."""

    CARD = "CARD"
    ACH = "ACH"
    CHECK = "CHECK"
    CASH = "CASH"
    FINANCING = "FINANCING"
    VIRTUAL_CARD = "VIRTUAL_CARD"
    UNKNOWN = "UNKNOWN"


class Initiation(StrEnum):
    """Who started the payment."""

    AUTOMATIC = "AUTOMATIC"
    STAFF = "STAFF"
    PATIENT = "PATIENT"
    UNKNOWN = "UNKNOWN"


class Funds(StrEnum):
    """Whether the processor has the money; clears nothing by itself (T-13)."""

    CLEARED = "CLEARED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"


class Payer(StrEnum):
    """Who paid."""

    SELF = "SELF"
    GUARANTOR = "GUARANTOR"
    INSURER = "INSURER"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class FeePart(Part, frozen=True, kw_only=True):
    """One kind of fee, in minor units, > 0 where it costs the practice; parts add up to the fee."""

    fee_kind: str
    amount_minor: int


class CardRef(Part, frozen=True, kw_only=True):
    """Brand and last four only (C-3)."""

    brand: str
    last4: str


class MoneyFields(Event, frozen=True, kw_only=True):
    """The money of a payment; shared by payments, corrections and memberships."""

    payment_id: str
    tender: Tender
    initiation: Initiation
    currency: str
    gross_minor: int
    fee_minor: int | None = None
    fees: tuple[FeePart, ...] | None = None
    net_minor: int | None = None
    surcharge_minor: int = 0
    funds: Funds
    patient_ref: str | None = None
    payer: Payer
    card: CardRef | None = None
    settled_outside: bool = False

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, self.currency)

    @property
    def fee(self) -> Money | None:
        """None while it is not known (N-5)."""
        return None if self.fee_minor is None else Money(self.fee_minor, self.currency)

    @property
    def surcharge(self) -> Money:
        return Money(self.surcharge_minor, self.currency)

"""The events that upstream payment systems send, as frozen records (reference: events).

Amounts are `*_minor` integers, signed in the practice's cash view (M-3), with `currency` beside them; `Money` is made
where amounts are combined. Instants are aware UTC datetimes. Field names are those of the Avro schemas.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

import msgspec

from schemas.money import Money


class PaymentKind(StrEnum):
    TERMINAL = "TERMINAL"
    PAYMENT_PLAN = "PAYMENT_PLAN"
    INSURANCE = "INSURANCE"
    MEMBERSHIP = "MEMBERSHIP"
    COLLECTION = "COLLECTION"
    UNKNOWN = "UNKNOWN"


class Tender(StrEnum):
    CARD = "CARD"
    ACH = "ACH"
    CHECK = "CHECK"
    CASH = "CASH"
    FINANCING = "FINANCING"
    VIRTUAL_CARD = "VIRTUAL_CARD"
    UNKNOWN = "UNKNOWN"


class Initiation(StrEnum):
    AUTOMATIC = "AUTOMATIC"
    STAFF = "STAFF"
    PATIENT = "PATIENT"
    UNKNOWN = "UNKNOWN"


class Funds(StrEnum):
    CLEARED = "CLEARED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"


class Payer(StrEnum):
    SELF = "SELF"
    GUARANTOR = "GUARANTOR"
    INSURER = "INSURER"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class MembershipAction(StrEnum):
    NEW = "NEW"
    AUTO_RENEWAL = "AUTO_RENEWAL"
    AUTO_PAY = "AUTO_PAY"
    ONE_TIME = "ONE_TIME"
    MANUAL_RENEWAL = "MANUAL_RENEWAL"
    UNKNOWN = "UNKNOWN"


class DisputeOutcome(StrEnum):
    WON = "WON"
    LOST = "LOST"
    WITHDRAWN = "WITHDRAWN"
    UNKNOWN = "UNKNOWN"


class CollectionChannel(StrEnum):
    REMINDER = "REMINDER"
    PORTAL = "PORTAL"
    TEXT = "TEXT"
    EMAIL = "EMAIL"
    UNKNOWN = "UNKNOWN"


class AdjustmentGroup(StrEnum):
    CO = "CO"
    PR = "PR"
    OA = "OA"
    PI = "PI"
    UNKNOWN = "UNKNOWN"


class PayoutCategory(StrEnum):
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
    ADJUSTMENT = "ADJUSTMENT"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of an event; not addressable alone. Configured as Event is."""


class FeePart(_Part, frozen=True, kw_only=True):
    fee_kind: str
    amount_minor: int


class Split(_Part, frozen=True, kw_only=True):
    patient_ref: str
    amount_minor: int
    provider_ref: str | None = None
    procedure_ref: str | None = None


class PlanRef(_Part, frozen=True, kw_only=True):
    plan_ref: str
    instalment: int
    of: int | None = None
    pms_plan: bool = False


class CollectionRef(_Part, frozen=True, kw_only=True):
    channel: CollectionChannel


class CardRef(_Part, frozen=True, kw_only=True):
    """Brand and last four only (C-3)."""

    brand: str
    last4: str


class ClaimAdjustment(_Part, frozen=True, kw_only=True):
    group: AdjustmentGroup
    carc: str
    amount_minor: int


class ClaimLine(_Part, frozen=True, kw_only=True):
    procedure_ref: str | None = None
    charged_minor: int
    paid_minor: int
    adjustments: tuple[ClaimAdjustment, ...] = ()


class Claim(_Part, frozen=True, kw_only=True):
    claim_ref: str | None = None
    status: str
    patient_ref: str
    service_from: date | None = None
    charged_minor: int
    paid_minor: int
    adjustments: tuple[ClaimAdjustment, ...] = ()
    lines: tuple[ClaimLine, ...] | None = None


class ProviderAdjustment(_Part, frozen=True, kw_only=True):
    plb_code: str
    amount_minor: int


class Remittance(_Part, frozen=True, kw_only=True):
    remittance_id: str
    insurer_ref: str
    claims: tuple[Claim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()


class Member(_Part, frozen=True, kw_only=True):
    patient_ref: str
    amount_minor: int


class PayoutItem(_Part, frozen=True, kw_only=True):
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


class ExternalId(_Part, frozen=True, kw_only=True):
    system: str
    id: str


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The envelope, first in every event.

    Digests leave defaults out, so that a new field changes none; a misspelt field in a JSON file is refused.
    """

    stream: ClassVar[str] = ""
    event_id: str
    source: str
    occurred_at: datetime
    produced_at: datetime
    practice_id: str
    trace_id: str | None = None


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


class PaymentFacts(MoneyFields, frozen=True, kw_only=True):
    """What a payment says of itself, first told or corrected."""

    stream: ClassVar[str] = "payments"
    kind: PaymentKind
    splits: tuple[Split, ...] = ()
    plan: PlanRef | None = None
    collection: CollectionRef | None = None
    remittance: Remittance | None = None


class PaymentSucceeded(PaymentFacts, frozen=True, kw_only=True):
    """A payment that went through (ET-10)."""


class PaymentCorrected(PaymentFacts, frozen=True, kw_only=True):
    """The whole payment as it should have been (E-11); not a subtype of PaymentSucceeded on purpose."""

    version: int


class PaymentCleared(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    payment_id: str
    cleared_at: datetime


class PaymentFeeAssessed(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    payment_id: str
    version: int = 1
    fee_minor: int
    fees: tuple[FeePart, ...] = ()
    net_minor: int


class PaymentVoided(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    payment_id: str


class PaymentReturned(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    return_id: str
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    return_code: str


class RefundSucceeded(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    refund_id: str
    payment_id: str
    gross_minor: int
    surcharge_minor: int | None = None
    fee_minor: int
    net_minor: int
    splits: tuple[Split, ...] = ()


class RefundFailed(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    refund_id: str
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int


class DisputeOpened(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    dispute_id: str
    payment_id: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    respond_by: datetime | None = None
    reason_code: str


class DisputeClosed(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    dispute_id: str
    payment_id: str
    outcome: DisputeOutcome
    gross_minor: int
    fee_minor: int
    net_minor: int


class PaymentRequestSent(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payments"
    request_id: str
    patient_ref: str
    amount_minor: int
    channel: CollectionChannel


class MembershipPaid(MoneyFields, frozen=True, kw_only=True):
    stream: ClassVar[str] = "memberships"
    membership_id: str
    action: MembershipAction
    members: tuple[Member, ...] = ()
    period_start: date
    period_end: date
    plan_code: str


class MembershipCancelled(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "memberships"
    membership_id: str
    effective_on: date


class PayoutPaid(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payouts"
    payout_id: str
    version: int = 1
    arrival_date: date
    currency: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    bank_last4: str | None = None
    items: tuple[PayoutItem, ...] = ()

    @property
    def net(self) -> Money:
        """The bank line; may be zero or below."""
        return Money(self.net_minor, self.currency)


class PayoutFailed(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "payouts"
    payout_id: str
    version: int = 1
    """Of the payout that failed: one that was issued anew under its id and fails too names its own."""
    failed_at: datetime
    reason_code: str


class PatientChanged(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "patients"
    patient_ref: str
    identity: str
    external_ids: tuple[ExternalId, ...] = ()
    merged_into: str | None = None


EVENT_TYPES: tuple[type[Event], ...] = (
    PaymentSucceeded,
    PaymentCorrected,
    PaymentCleared,
    PaymentFeeAssessed,
    PaymentVoided,
    PaymentReturned,
    RefundSucceeded,
    RefundFailed,
    DisputeOpened,
    DisputeClosed,
    PaymentRequestSent,
    MembershipPaid,
    MembershipCancelled,
    PayoutPaid,
    PayoutFailed,
    PatientChanged,
)
"""Every type the contract knows; a test holds rules, schemas and identities against it, so none falls through."""

"""Payment events: succeeded, corrected, cleared, voided, fee assessed, request sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from schemas.events.envelope import Event, Part
from schemas.events.money_fields import FeePart, MoneyFields
from schemas.events.remittances import Remittance


class PaymentKind(StrEnum):
    """The type of payment; each has settings of its own (SET-2)."""

    TERMINAL = "TERMINAL"
    PAYMENT_PLAN = "PAYMENT_PLAN"
    INSURANCE = "INSURANCE"
    MEMBERSHIP = "MEMBERSHIP"
    COLLECTION = "COLLECTION"
    UNKNOWN = "UNKNOWN"


class CollectionChannel(StrEnum):
    """How a balance was collected, or a request sent (ET-5, ET-13)."""

    REMINDER = "REMINDER"
    PORTAL = "PORTAL"
    TEXT = "TEXT"
    EMAIL = "EMAIL"
    UNKNOWN = "UNKNOWN"


class Split(Part, frozen=True, kw_only=True):
    """One patient's share in minor units; splits add up to gross − surcharge (M-5)."""

    patient_ref: str
    amount_minor: int
    provider_ref: str | None = None
    procedure_ref: str | None = None


class PlanRef(Part, frozen=True, kw_only=True):
    """The instalment of a payment plan; `pms_plan`: the plan is kept in the PMS (PL-2)."""

    plan_ref: str
    instalment: int
    of: int | None = None
    pms_plan: bool = False


class CollectionRef(Part, frozen=True, kw_only=True):
    """Where a collection came from."""

    channel: CollectionChannel


class PaymentFacts(MoneyFields, frozen=True, kw_only=True):
    """The fields of a payment, as first reported or as corrected."""

    stream: ClassVar[str] = "payments"
    kind: PaymentKind
    splits: tuple[Split, ...] = ()
    plan: PlanRef | None = None
    collection: CollectionRef | None = None
    remittance: Remittance | None = None


class PaymentSucceeded(PaymentFacts, frozen=True, kw_only=True):
    """A successful payment (ET-10)."""


class PaymentCorrected(PaymentFacts, frozen=True, kw_only=True):
    """The whole payment as it should have been (E-11); not a subtype of PaymentSucceeded on purpose."""

    version: int


class PaymentCleared(Event, frozen=True, kw_only=True):
    """The money is in the practice's own bank account (T-13)."""

    stream: ClassVar[str] = "payments"
    payment_id: str
    cleared_at: datetime


class PaymentFeeAssessed(Event, frozen=True, kw_only=True):
    """The fee of a payment that did not have one yet, or its correction (a higher version); net = gross − fee (N-5)."""

    stream: ClassVar[str] = "payments"
    payment_id: str
    version: int = 1
    fee_minor: int
    fees: tuple[FeePart, ...] = ()
    net_minor: int


class PaymentVoided(Event, frozen=True, kw_only=True):
    """A payment cancelled before settlement (R-7)."""

    stream: ClassVar[str] = "payments"
    payment_id: str


class PaymentRequestSent(Event, frozen=True, kw_only=True):
    """A patient was asked to pay `amount_minor`; moves no money, becomes a note (NOTE-1)."""

    stream: ClassVar[str] = "payments"
    request_id: str
    patient_ref: str
    amount_minor: int
    channel: CollectionChannel

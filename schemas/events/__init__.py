"""The events that upstream payment systems send, as frozen records (README section 2): import them from here.

`envelope` and `money_fields` are shared; `payments`, `reversals`, `memberships`, `payouts`, `remittances`, `patients`
are the families. Amounts are `*_minor` integers, signed in the practice's cash view (M-3), with `currency` beside them;
`Money` is made where amounts are combined. Instants are aware UTC datetimes. Field names are those of the Avro schemas.
"""

from __future__ import annotations

from schemas.events.envelope import OUR_SOURCE, Event
from schemas.events.memberships import Member, MembershipAction, MembershipCancelled, MembershipPaid
from schemas.events.money_fields import CardRef, FeePart, Funds, Initiation, MoneyFields, Payer, Tender
from schemas.events.patients import ExternalId, PatientChanged
from schemas.events.payments import (
    CollectionChannel,
    CollectionRef,
    PaymentCleared,
    PaymentCorrected,
    PaymentFacts,
    PaymentFeeAssessed,
    PaymentKind,
    PaymentRequestSent,
    PaymentSucceeded,
    PaymentVoided,
    PlanRef,
    Split,
)
from schemas.events.payouts import MOVED_ONCE, PayoutCategory, PayoutFailed, PayoutItem, PayoutPaid
from schemas.events.remittances import (
    AdjustmentGroup,
    Claim,
    ClaimAdjustment,
    ClaimLine,
    ProviderAdjustment,
    Remittance,
)
from schemas.events.reversals import (
    DisputeClosed,
    DisputeOpened,
    DisputeOutcome,
    PaymentReinstated,
    PaymentReturned,
    RefundFailed,
    RefundSucceeded,
    ReinstatedReason,
)

__all__ = [
    "EVENT_TYPES",
    "MOVED_ONCE",
    "OUR_SOURCE",
    "AdjustmentGroup",
    "CardRef",
    "Claim",
    "ClaimAdjustment",
    "ClaimLine",
    "CollectionChannel",
    "CollectionRef",
    "DisputeClosed",
    "DisputeOpened",
    "DisputeOutcome",
    "Event",
    "ExternalId",
    "FeePart",
    "Funds",
    "Initiation",
    "Member",
    "MembershipAction",
    "MembershipCancelled",
    "MembershipPaid",
    "MoneyFields",
    "PatientChanged",
    "Payer",
    "PaymentCleared",
    "PaymentCorrected",
    "PaymentFacts",
    "PaymentFeeAssessed",
    "PaymentKind",
    "PaymentReinstated",
    "PaymentRequestSent",
    "PaymentReturned",
    "PaymentSucceeded",
    "PaymentVoided",
    "PayoutCategory",
    "PayoutFailed",
    "PayoutItem",
    "PayoutPaid",
    "PlanRef",
    "ProviderAdjustment",
    "RefundFailed",
    "RefundSucceeded",
    "ReinstatedReason",
    "Remittance",
    "Split",
    "Tender",
]

EVENT_TYPES: tuple[type[Event], ...] = (
    PaymentSucceeded,
    PaymentCorrected,
    PaymentCleared,
    PaymentFeeAssessed,
    PaymentVoided,
    PaymentReturned,
    PaymentReinstated,
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
"""Every type of the contract; tests compare rules, schemas and identities with it, so that none is missed."""

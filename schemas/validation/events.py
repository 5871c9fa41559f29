"""Validates an event against the contract, by type (README section 2; M-1 to M-3, I-1, I-2, C-1).

Pure, does not block, called by RULES for each event and by the producer kit before sending. Sums of payouts are not
refused here: a payout whose items do not add up is shown for review and never written (P-1, `payout_adds_up`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from schemas import events as e
from schemas.identity_jwe import NotAnIdentity, parse_identity
from schemas.validation.checks import (
    Invalid,
    check_count,
    check_id,
    check_instant,
    check_optional_id,
    check_practice_id,
    invalid_field,
)
from schemas.validation.limits import LATEST
from schemas.validation.payments import (
    check_cancelled,
    check_cleared,
    check_corrected,
    check_fee_assessed,
    check_membership,
    check_payment,
    check_request,
    check_voided,
)
from schemas.validation.payouts import check_payout, check_payout_failed, payout_adds_up
from schemas.validation.reversals import (
    check_dispute_closed,
    check_dispute_opened,
    check_refund,
    check_refund_failed,
    check_reinstated,
    check_returned,
)
from schemas.validation.time_units import instant_fault
from schemas.vocabulary import DeadLetterReason, FieldFault

__all__ = ["CLOCK_SKEW", "Invalid", "check_key", "key_of", "payout_adds_up", "validate"]

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far `occurred_at` may lie after the broker's append time before the event is refused (E-10)."""


def validate(event: e.Event, appended_at: datetime | None = None) -> None:
    """Returns when the event can be accepted, else raises Invalid for the first rule it breaks.

    `appended_at` is the broker's time of the record; without it (before sending) only absurd times are refused.
    """
    _check_envelope(event)
    if appended_at is not None and event.occurred_at > appended_at + CLOCK_SKEW:
        raise Invalid(DeadLetterReason.OCCURRED_IN_FUTURE, "occurred_at", FieldFault.IN_THE_FUTURE)
    _CHECKS[type(event)](event)


def key_of(event: e.Event) -> bytes:
    """The Kafka key: the practice, on `patients.v1` the practice and the patient's surrogate."""
    if isinstance(event, e.PatientChanged):
        return f"{event.practice_id}:{event.patient_ref}".encode()
    return event.practice_id.encode()


def check_key(event: e.Event, key: bytes | None) -> None:
    """Invalid KEY_MISMATCH when a record's key is not its event's: order per practice would be lost (E-6)."""
    if key != key_of(event):
        raise Invalid(DeadLetterReason.KEY_MISMATCH, "practice_id", FieldFault.ANOTHER_KEY)


def _check_envelope(event: e.Event) -> None:
    check_id("event_id", event.event_id)
    check_id("source", event.source)
    if event.source == e.OUR_SOURCE:
        raise invalid_field("source", FieldFault.OUR_OWN_SOURCE)
    check_practice_id("practice_id", event.practice_id)
    check_optional_id("trace_id", event.trace_id)
    if event.occurred_at.tzinfo is not None and event.occurred_at >= LATEST:
        fault = instant_fault(event.occurred_at)
        raise Invalid(DeadLetterReason.OCCURRED_IN_FUTURE, "occurred_at", fault)
    check_instant("occurred_at", event.occurred_at)
    check_instant("produced_at", event.produced_at)


def _check_patient(event: e.PatientChanged) -> None:
    check_id("patient_ref", event.patient_ref)
    try:
        parse_identity(event.identity)
    except NotAnIdentity as error:
        raise invalid_field("identity", error.fault or FieldFault.IDENTITY_NOT_COMPACT) from None
    check_count("external_ids", event.external_ids)
    for number, external in enumerate(event.external_ids):
        check_id(f"external_ids.{number}.system", external.system)
        check_id(f"external_ids.{number}.id", external.id)
    check_optional_id("merged_into", event.merged_into)


_CHECKS: Final[dict[type[e.Event], Callable[[Any], None]]] = {
    e.PaymentSucceeded: check_payment,
    e.PaymentCorrected: check_corrected,
    e.PaymentCleared: check_cleared,
    e.PaymentFeeAssessed: check_fee_assessed,
    e.PaymentVoided: check_voided,
    e.PaymentReturned: check_returned,
    e.PaymentReinstated: check_reinstated,
    e.RefundSucceeded: check_refund,
    e.RefundFailed: check_refund_failed,
    e.DisputeOpened: check_dispute_opened,
    e.DisputeClosed: check_dispute_closed,
    e.PaymentRequestSent: check_request,
    e.MembershipPaid: check_membership,
    e.MembershipCancelled: check_cancelled,
    e.PayoutPaid: check_payout,
    e.PayoutFailed: check_payout_failed,
    e.PatientChanged: _check_patient,
}
"""One entry per event type; a test holds it against EVENT_TYPES."""

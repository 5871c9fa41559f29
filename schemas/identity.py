"""Identifies an event: event identity, money identity, and digests of its content (E-1, E-2, B-5, law 6).

Version 1 of the digest: SHA-256 over the type's name and the business fields as JSON, sorted, without fields that
have their default, without `produced_at` and `trace_id`. So a repeat by a newer producer, under another schema id or
with added optional fields left empty, is the same content. Pure; does not block.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import msgspec

from schemas import events as e
from schemas.wire import EPOCH
from schemas.writebacks import Identity, MoneyKind

DIGEST_VERSION: Final = 1
"""Stored beside each digest; only digests of one version are compared."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_replace: Final = msgspec.structs.replace

Subject = tuple[str, MoneyKind, int]


def identify(event: e.Event) -> Identity:
    """The identities of a valid event. TypeError for PatientChanged, which moves no money and makes no receipt."""
    subject, kind, version = subject_of(event)
    return Identity(
        practice_id=event.practice_id,
        source=event.source,
        event_id=event.event_id,
        subject=subject,
        kind=kind,
        version=version,
        digest_version=DIGEST_VERSION,
        digest=_digest(event),
        money_digest=_money_digest(event),
    )


def subject_of(event: e.Event) -> Subject:
    """Id, kind and version of the money that an event moves (E-1). TypeError as for `identify`. Pure."""
    try:
        named = _SUBJECTS[type(event)]
    except KeyError:
        raise TypeError(f"{type(event).__name__} has no money identity") from None
    return named(event)


def _digest(event: e.Event) -> bytes:
    blank: dict[str, Any] = {"produced_at": EPOCH, "trace_id": None}
    if isinstance(event, e.MoneyFields):
        blank["net_minor"] = None  # follows from gross and fee (M-3), so present or absent it is the same
    return sha256(type(event).__name__.encode() + _encode(_replace(event, **blank))).digest()


def _money_digest(event: e.Event) -> bytes:
    """The same money reported again has the same digest, whatever its event id and time.

    A membership payment may be reported as MembershipPaid and as PaymentSucceeded: only the fields of both count.
    """
    if isinstance(event, e.MoneyFields):
        content: Any = _payment_content(event)
    else:
        content = _replace(event, event_id="", occurred_at=EPOCH, produced_at=EPOCH, trace_id=None)
    return sha256(_encode(content)).digest()


def _payment_content(event: e.MoneyFields) -> tuple[Any, ...]:
    content = (
        event.tender,
        event.initiation,
        event.currency,
        event.gross_minor,
        event.fee_minor,
        event.fees or None,
        event.surcharge_minor,
        event.funds,
        event.patient_ref,
        event.payer,
        event.card,
        event.settled_outside,
    )
    if isinstance(event, e.PaymentFacts) and event.kind is not e.PaymentKind.MEMBERSHIP:
        return (*content, event.kind, event.splits, event.plan, event.collection, event.remittance)
    return (*content, e.PaymentKind.MEMBERSHIP)


def _dispute(event: e.DisputeOpened) -> Subject:
    return event.dispute_id, (MoneyKind.DISPUTE if event.gross_minor else MoneyKind.INQUIRY), event.version


def _cancelled(event: e.MembershipCancelled) -> Subject:
    return f"{event.membership_id}@{event.effective_on.isoformat()}", MoneyKind.CANCEL, 1


_SUBJECTS: Final[dict[type[e.Event], Callable[[Any], Subject]]] = {
    e.PaymentSucceeded: lambda x: (x.payment_id, MoneyKind.PAYMENT, 1),
    e.MembershipPaid: lambda x: (x.payment_id, MoneyKind.PAYMENT, 1),
    e.PaymentCorrected: lambda x: (x.payment_id, MoneyKind.PAYMENT, x.version),
    e.PaymentFeeAssessed: lambda x: (x.payment_id, MoneyKind.FEE, x.version),
    e.PaymentCleared: lambda x: (x.payment_id, MoneyKind.CLEARED, 1),
    e.PaymentVoided: lambda x: (x.payment_id, MoneyKind.VOID, 1),
    e.PaymentReturned: lambda x: (x.return_id, MoneyKind.RETURN, 1),
    e.PaymentReinstated: lambda x: (x.return_id, MoneyKind.REINSTATED, 1),
    e.RefundSucceeded: lambda x: (x.refund_id, MoneyKind.REFUND, 1),
    e.RefundFailed: lambda x: (x.refund_id, MoneyKind.REFUND_FAILED, 1),
    e.DisputeOpened: _dispute,
    e.DisputeClosed: lambda x: (x.dispute_id, MoneyKind.DISPUTE_CLOSED, x.version),
    e.PaymentRequestSent: lambda x: (x.request_id, MoneyKind.REQUEST, 1),
    e.MembershipCancelled: _cancelled,
    e.PayoutPaid: lambda x: (x.payout_id, MoneyKind.PAYOUT, x.version),
    e.PayoutFailed: lambda x: (x.payout_id, MoneyKind.PAYOUT_FAILED, x.version),
}

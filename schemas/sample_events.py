"""Makes a valid event of any type, with those before it that it speaks of: for trials, and for the contract's examples.

Every event of one `Sample` speaks of the same payment, patient and payout, by ids made of its `tag`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import msgspec

from schemas import events as e

LONGEST_TAG: Final = 64
"""Ids made of it stay far below 255 characters, and fit every target's own limit of a reference."""
APART: Final = timedelta(seconds=1)
"""Between an event and the one that follows it: each happened after the other."""
_CAPITALS: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What its events have in common. Amounts in minor units."""

    practice_id: str
    tag: str
    at: datetime
    """When the last of them happened."""
    patient_ref: str = "pt-1"
    source: str = "payments.example"
    currency: str = "USD"
    gross_minor: int = 10_000
    fee_minor: int = 320
    identity: str = ""
    """The JWE of `PatientChanged`, which only its recipient's key makes."""


def event_name(kind: type[e.Event]) -> str:
    """`payment.fee_assessed` for PaymentFeeAssessed."""
    first, *others = _CAPITALS.split(kind.__name__)
    return f"{first}.{'_'.join(others)}".lower()


EVENT_NAMES: Final[Mapping[str, type[e.Event]]] = MappingProxyType({event_name(kind): kind for kind in e.EVENT_TYPES})

_PAID: Final = (e.PaymentSucceeded,)
_BEFORE: Final[Mapping[type[e.Event], tuple[type[e.Event], ...]]] = MappingProxyType(
    {
        e.PaymentCorrected: _PAID,
        e.PaymentCleared: _PAID,
        e.PaymentFeeAssessed: _PAID,
        e.PaymentVoided: _PAID,
        e.PaymentReturned: _PAID,
        e.PaymentReinstated: (*_PAID, e.PaymentReturned),
        e.RefundSucceeded: _PAID,
        e.RefundFailed: (*_PAID, e.RefundSucceeded),
        e.DisputeOpened: _PAID,
        e.DisputeClosed: (*_PAID, e.DisputeOpened),
        e.MembershipCancelled: (e.MembershipPaid,),
        e.PayoutPaid: _PAID,
        e.PayoutFailed: (*_PAID, e.PayoutPaid),
    }
)
_ON_ACCOUNT: Final = {"tender": e.Tender.ACH, "funds": e.Funds.PENDING, "card": None}
_PAYMENT_BEFORE: Final[Mapping[type[e.Event], Mapping[str, Any]]] = MappingProxyType(
    {
        e.PaymentCleared: _ON_ACCOUNT,
        e.PaymentReturned: _ON_ACCOUNT,
        e.PaymentReinstated: _ON_ACCOUNT,
        e.PaymentFeeAssessed: {"fee_minor": None, "net_minor": None},
    }
)
"""Of what a payment was made that this follows: a bank transfer before it clears, a fee that is not known yet."""


def sample_events(kind: type[e.Event], sample: Sample) -> list[e.Event]:
    """The event that was asked for, and before it those that it speaks of, in the order in which they happened."""
    kinds = (*_BEFORE.get(kind, ()), kind)
    made = []
    for number, each in enumerate(kinds, 1):
        at = sample.at - (len(kinds) - number) * APART
        event = _MAKERS[each](sample, _envelope(each, sample, at))
        if each is e.PaymentSucceeded and kind in _PAYMENT_BEFORE:
            event = msgspec.structs.replace(event, **_PAYMENT_BEFORE[kind])
        made.append(event)
    return made


def _envelope(kind: type[e.Event], sample: Sample, at: datetime) -> dict[str, Any]:
    return {
        "event_id": f"ev-{sample.tag}-{event_name(kind)}",
        "source": sample.source,
        "occurred_at": at,
        "produced_at": at,
        "practice_id": sample.practice_id,
    }


def _money(sample: Sample) -> dict[str, Any]:
    return {
        "payment_id": _payment_id(sample),
        "tender": e.Tender.CARD,
        "initiation": e.Initiation.PATIENT,
        "currency": sample.currency,
        "gross_minor": sample.gross_minor,
        "fee_minor": sample.fee_minor,
        "net_minor": sample.gross_minor - sample.fee_minor,
        "funds": e.Funds.CLEARED,
        "patient_ref": sample.patient_ref,
        "payer": e.Payer.SELF,
        "card": e.CardRef(brand="visa", last4="4242"),
    }


def _payment_id(sample: Sample) -> str:
    return f"pay-{sample.tag}"


def _about_payment(sample: Sample) -> dict[str, Any]:
    return {"payment_id": _payment_id(sample)}


def _taken(sample: Sample) -> dict[str, Any]:
    """The whole payment goes back, and the processor keeps its fee."""
    return _about_payment(sample) | {
        "gross_minor": -sample.gross_minor,
        "fee_minor": 0,
        "net_minor": -sample.gross_minor,
    }


def _given(sample: Sample) -> dict[str, Any]:
    return _about_payment(sample) | {"gross_minor": sample.gross_minor, "fee_minor": 0, "net_minor": sample.gross_minor}


def _membership(sample: Sample, envelope: dict[str, Any]) -> e.Event:
    begins = sample.at.date()
    return e.MembershipPaid(
        **envelope,
        **(_money(sample) | {"payment_id": f"mem-pay-{sample.tag}"}),
        membership_id=f"mem-{sample.tag}",
        action=e.MembershipAction.NEW,
        members=(e.Member(patient_ref=sample.patient_ref, amount_minor=sample.gross_minor),),
        period_start=begins,
        period_end=begins + timedelta(days=364),
        plan_code="standard",
    )


def _payout(sample: Sample, envelope: dict[str, Any]) -> e.Event:
    sums: dict[str, Any] = {
        "gross_minor": sample.gross_minor,
        "fee_minor": sample.fee_minor,
        "net_minor": sample.gross_minor - sample.fee_minor,
    }
    item = e.PayoutItem(
        item_id=f"item-{sample.tag}",
        category=e.PayoutCategory.CHARGE,
        payment_id=_payment_id(sample),
        kind=e.PaymentKind.TERMINAL,
        **sums,
    )
    return e.PayoutPaid(
        **envelope,
        payout_id=f"po-{sample.tag}",
        arrival_date=sample.at.date(),
        currency=sample.currency,
        bank_last4="6789",
        items=(item,),
        **sums,
    )


_MAKERS: Final[Mapping[type[e.Event], Callable[[Sample, dict[str, Any]], e.Event]]] = MappingProxyType(
    {
        e.PaymentSucceeded: lambda s, v: e.PaymentSucceeded(**v, **_money(s), kind=e.PaymentKind.TERMINAL),
        e.PaymentCorrected: lambda s, v: e.PaymentCorrected(
            **v,
            **(_money(s) | {"gross_minor": s.gross_minor + 500, "net_minor": s.gross_minor + 500 - s.fee_minor}),
            kind=e.PaymentKind.TERMINAL,
            version=2,
        ),
        e.PaymentCleared: lambda s, v: e.PaymentCleared(**v, **_about_payment(s), cleared_at=s.at),
        e.PaymentFeeAssessed: lambda s, v: e.PaymentFeeAssessed(
            **v, **_about_payment(s), fee_minor=s.fee_minor, net_minor=s.gross_minor - s.fee_minor
        ),
        e.PaymentVoided: lambda s, v: e.PaymentVoided(**v, **_about_payment(s)),
        e.PaymentReturned: lambda s, v: e.PaymentReturned(
            **v, **_taken(s), return_id=f"ret-{s.tag}", return_code="R01"
        ),
        e.PaymentReinstated: lambda s, v: e.PaymentReinstated(
            **v, **_given(s), return_id=f"ret-{s.tag}", reason=e.ReinstatedReason.REPRESENTED
        ),
        e.RefundSucceeded: lambda s, v: e.RefundSucceeded(**v, **_taken(s), refund_id=f"re-{s.tag}"),
        e.RefundFailed: lambda s, v: e.RefundFailed(**v, **_given(s), refund_id=f"re-{s.tag}"),
        e.DisputeOpened: lambda s, v: e.DisputeOpened(
            **v, **_taken(s), dispute_id=f"dp-{s.tag}", respond_by=s.at + timedelta(days=10), reason_code="fraudulent"
        ),
        e.DisputeClosed: lambda s, v: e.DisputeClosed(
            **v, **_given(s), dispute_id=f"dp-{s.tag}", outcome=e.DisputeOutcome.WON
        ),
        e.PaymentRequestSent: lambda s, v: e.PaymentRequestSent(
            **v,
            request_id=f"rq-{s.tag}",
            patient_ref=s.patient_ref,
            amount_minor=s.gross_minor,
            channel=e.CollectionChannel.TEXT,
        ),
        e.MembershipPaid: _membership,
        e.MembershipCancelled: lambda s, v: e.MembershipCancelled(
            **v, membership_id=f"mem-{s.tag}", effective_on=s.at.date() + timedelta(days=30)
        ),
        e.PayoutPaid: _payout,
        e.PayoutFailed: lambda s, v: e.PayoutFailed(
            **v, payout_id=f"po-{s.tag}", failed_at=s.at, reason_code="account_closed"
        ),
        e.PatientChanged: lambda s, v: e.PatientChanged(**v, patient_ref=s.patient_ref, identity=s.identity),
    }
)

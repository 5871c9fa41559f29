"""One valid event of each type, and any event at all for properties."""

from __future__ import annotations

import types
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from schemas import events as e

AT = datetime(2026, 3, 1, 17, 0, 0, 123456, tzinfo=UTC)
ENVELOPE: dict[str, Any] = {
    "event_id": "ev-1",
    "source": "payments.example",
    "occurred_at": AT,
    "produced_at": AT,
    "practice_id": "practice-1",
}
MONEY: dict[str, Any] = {
    "payment_id": "pay-1",
    "tender": e.Tender.CARD,
    "initiation": e.Initiation.PATIENT,
    "currency": "USD",
    "gross_minor": 10000,
    "fee_minor": 320,
    "net_minor": 9680,
    "funds": e.Funds.CLEARED,
    "patient_ref": "pat-1",
    "payer": e.Payer.SELF,
    "card": e.CardRef(brand="visa", last4="4242"),
}
BACK: dict[str, Any] = {"gross_minor": -10000, "fee_minor": 0, "net_minor": -10000}
CLAIM = e.Claim(
    claim_ref="c-1",
    status="1",
    patient_ref="pat-1",
    service_from=date(2026, 2, 1),
    charged_minor=20000,
    paid_minor=10000,
    adjustments=(e.ClaimAdjustment(group=e.AdjustmentGroup.CO, carc="45", amount_minor=4000),),
    lines=(
        e.ClaimLine(
            charged_minor=16000,
            paid_minor=10000,
            adjustments=(e.ClaimAdjustment(group=e.AdjustmentGroup.PR, carc="2", amount_minor=6000),),
        ),
    ),
)
REMITTANCE = e.Remittance(
    remittance_id="rem-1",
    insurer_ref="ins-1",
    claims=(CLAIM,),
    provider_adjustments=(e.ProviderAdjustment(plb_code="WO", amount_minor=0),),
)
ITEM = e.PayoutItem(
    item_id="i-1",
    category=e.PayoutCategory.CHARGE,
    payment_id="pay-1",
    kind=e.PaymentKind.TERMINAL,
    gross_minor=10000,
    fee_minor=320,
    fees=(e.FeePart(fee_kind="card", amount_minor=320),),
    net_minor=9680,
)

PAYMENT = e.PaymentSucceeded(
    **ENVELOPE,
    **MONEY,
    kind=e.PaymentKind.TERMINAL,
    fees=(e.FeePart(fee_kind="interchange", amount_minor=300), e.FeePart(fee_kind="processor", amount_minor=20)),
    surcharge_minor=0,
    splits=(
        e.Split(patient_ref="pat-1", amount_minor=6000),
        e.Split(patient_ref="pat-2", amount_minor=4000, provider_ref="dr-1"),
    ),
    plan=e.PlanRef(plan_ref="plan-1", instalment=2, of=12),
    collection=e.CollectionRef(channel=e.CollectionChannel.TEXT),
    remittance=REMITTANCE,
)
MEMBERSHIP = e.MembershipPaid(
    **ENVELOPE,
    **MONEY,
    membership_id="m-1",
    action=e.MembershipAction.NEW,
    members=(e.Member(patient_ref="pat-1", amount_minor=10000),),
    period_start=date(2026, 3, 1),
    period_end=date(2027, 2, 28),
    plan_code="gold",
)
PAYOUT = e.PayoutPaid(
    **ENVELOPE,
    payout_id="po-1",
    arrival_date=date(2026, 3, 3),
    currency="USD",
    gross_minor=10000,
    fee_minor=320,
    net_minor=9680,
    bank_last4="6789",
    items=(ITEM,),
)
IDENTITY = (
    "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJjVkNqMU9WUFlzMDJxQXpCdTZjVzE0blN3X0ZS"
    "WnFNY2c0SElRR1NZUmZRIiwiZXBrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoiMC1QcVJhdmVHTG5LX0NaenEtdkIy"
    "WlNXekYwMFlrajYyUVVwTkZNUWNySSIsInkiOiJHbzBSSzhVYnZDaXQ4LUF0c2R6SUdmSGU1dnNocjlvckllT0VxbVdJYTBJIn19"
    ".XM6HfOlEgUD2NXy4K0fBRDH2GBvtj-mp94wJFIy0b7BBtCspEKdyoA.CVX8ZdXizaoIxT4U.LutS1sQFYknsaY-8X5jjr7wIY6e"
    "MKvPFjswdi_3fvzMYBUZ_3ZIL56jGQbxhHZIhJQhmln_Snrcdjwy_MVhpYhtVIG1kh0IAvWg75OwMGkB71mzcvg.egYu-w4iqhpQ"
    "jMRsoJt70w"
)
"""Encrypted to the key of the secret `1` x 32; holds CANARY names."""

_LATER: tuple[e.Event, ...] = (
    e.PaymentCorrected(**ENVELOPE, **MONEY, kind=e.PaymentKind.TERMINAL, version=2),
    e.PaymentCleared(**ENVELOPE, payment_id="pay-1", cleared_at=AT),
    e.PaymentFeeAssessed(**ENVELOPE, payment_id="pay-1", fee_minor=320, net_minor=9680),
    e.PaymentVoided(**ENVELOPE, payment_id="pay-1"),
    e.PaymentReturned(**ENVELOPE, **BACK, return_id="ret-1", payment_id="pay-1", return_code="R01"),
    e.PaymentReinstated(
        **ENVELOPE,
        return_id="ret-1",
        payment_id="pay-1",
        gross_minor=10000,
        fee_minor=-400,
        net_minor=10400,
        reason=e.ReinstatedReason.REPRESENTED,
    ),
    e.RefundSucceeded(
        **ENVELOPE,
        **BACK,
        refund_id="re-1",
        payment_id="pay-1",
        surcharge_minor=-300,
        splits=(e.Split(patient_ref="pat-1", amount_minor=-9700),),
    ),
    e.RefundFailed(**ENVELOPE, refund_id="re-1", payment_id="pay-1", gross_minor=10000, fee_minor=0, net_minor=10000),
    e.DisputeOpened(**ENVELOPE, **BACK, dispute_id="d-1", payment_id="pay-1", respond_by=AT, reason_code="fraud"),
    e.DisputeClosed(
        **ENVELOPE,
        dispute_id="d-1",
        payment_id="pay-1",
        outcome=e.DisputeOutcome.WON,
        gross_minor=10000,
        fee_minor=0,
        net_minor=10000,
    ),
    e.PaymentRequestSent(
        **ENVELOPE, request_id="rq-1", patient_ref="pat-1", amount_minor=5000, channel=e.CollectionChannel.EMAIL
    ),
    e.MembershipCancelled(**ENVELOPE, membership_id="m-1", effective_on=date(2026, 4, 1)),
    e.PayoutFailed(**ENVELOPE, payout_id="po-1", failed_at=AT, reason_code="closed"),
    e.PatientChanged(
        **ENVELOPE,
        patient_ref="pat-1",
        identity=IDENTITY,
        external_ids=(e.ExternalId(system="pms", id="12"),),
    ),
)
EXAMPLES: dict[type[e.Event], e.Event] = {type(event): event for event in (PAYMENT, MEMBERSHIP, PAYOUT, *_LATER)}

E = TypeVar("E", bound=msgspec.Struct)


def changed(event: E, **fields: Any) -> E:
    """The event with other fields."""
    return msgspec.structs.replace(event, **fields)


_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(-(2**31), 2**31 - 1),
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
}


def any_record(record: type[E]) -> st.SearchStrategy[E]:
    """Any record of a type that its schema can carry, valid or not."""
    hints = get_type_hints(record)
    return st.builds(record, **{name: _of(hints[name]) for name in record.__struct_fields__})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(st.none(), *(_of(argument) for argument in arguments if argument is not type(None)))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(_of(argument) for argument in arguments))
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return any_record(hint)

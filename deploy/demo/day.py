"""A realistic day of events, drawn from a seed: the five kinds of payment, memberships, and the payouts that follow.

Pure: the same seed and date give the same day. Expected totals are computed from these lists,
never from the pipeline, so that the check is independent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import msgspec

from deploy.demo.practices import DemoPractice
from schemas.events import (
    CardRef,
    CollectionChannel,
    CollectionRef,
    Event,
    Funds,
    Initiation,
    Member,
    MembershipAction,
    MembershipPaid,
    MoneyFields,
    Payer,
    PaymentKind,
    PaymentSucceeded,
    PayoutCategory,
    PayoutItem,
    PayoutPaid,
    PlanRef,
    Split,
    Tender,
)

SOURCE = "payments.example"
CLOSES = time(17, 30)
MIX = (
    (PaymentKind.TERMINAL, 45),
    (PaymentKind.PAYMENT_PLAN, 20),
    (PaymentKind.COLLECTION, 17),
    (PaymentKind.MEMBERSHIP, 12),
    (PaymentKind.INSURANCE, 6),
)
"""Shares of the kinds, in percent: what a general practice sees on a weekday."""
RATE_PER_10K, FIXED_FEE = 290, 30
PATIENTS = 40
UNLINKED_EVERY = 20
"""One patient in twenty has no linked record yet, as in any real practice."""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at one practice, in the order in which it happened, and the payouts of its money."""

    practice: DemoPractice
    payments: tuple[MoneyFields, ...]
    payouts: tuple[PayoutPaid, ...]

    def events(self) -> tuple[Event, ...]:
        return (*self.payments, *self.payouts)


def patient_refs(practice: DemoPractice) -> tuple[str, ...]:
    """Surrogates only: nothing in them says who somebody is."""
    return tuple(f"pt-{practice.practice_id}-{number:03d}" for number in range(PATIENTS))


def linked(patient_ref: str) -> bool:
    return int(patient_ref.rsplit("-", 1)[1]) % UNLINKED_EVERY != UNLINKED_EVERY - 1


def fee_of(gross_minor: int) -> int:
    """2.9 % and 30 cents, half up (M-7): what the processor of the demonstration takes."""
    return (gross_minor * RATE_PER_10K + 5_000) // 10_000 + FIXED_FEE


def practice_day(practice: DemoPractice, on: date, seed: int) -> Day:
    """The day of one practice. Every payment reaches the bank in one of two payouts on the next day."""
    rng = random.Random(f"{seed}:{practice.practice_id}:{on}")  # noqa: S311 - a rehearsal, not a secret
    instants = sorted(_instants(practice, on, rng))
    payments = tuple(_payment(practice, number, at, rng) for number, at in enumerate(instants, start=1))
    half = len(payments) // 2
    payouts = tuple(
        _payout(practice, on, number, part) for number, part in enumerate((payments[:half], payments[half:]), start=1)
    )
    return Day(practice=practice, payments=payments, payouts=payouts)


def _instants(practice: DemoPractice, on: date, rng: random.Random) -> Iterator[datetime]:
    start = datetime.combine(on, practice.opens, practice.zone)
    minutes = (datetime.combine(on, CLOSES) - datetime.combine(on, practice.opens)).seconds // 60
    for _ in range(practice.payments):
        yield start + timedelta(minutes=rng.randrange(minutes), seconds=rng.randrange(60))


def _payment(practice: DemoPractice, number: int, at: datetime, rng: random.Random) -> MoneyFields:
    kind = rng.choices([each for each, _ in MIX], [share for _, share in MIX])[0]
    gross = rng.choice((2_500, 4_999, 8_000, 12_345, 17_143, 29_900, 45_000, rng.randrange(1_000, 90_000)))
    fee = fee_of(gross)
    patients = patient_refs(practice)
    common = {
        "event_id": f"ev-{practice.practice_id}-{number:04d}",
        "source": SOURCE,
        "occurred_at": at,
        "produced_at": at + timedelta(seconds=2),
        "practice_id": practice.practice_id,
        "payment_id": f"pay-{practice.practice_id}-{number:04d}",
        "currency": "USD",
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": gross - fee,
        "funds": Funds.CLEARED,
        "payer": Payer.INSURER if kind is PaymentKind.INSURANCE else Payer.SELF,
        "tender": Tender.VIRTUAL_CARD if kind is PaymentKind.INSURANCE else Tender.CARD,
        "initiation": Initiation.STAFF if kind is PaymentKind.TERMINAL else Initiation.AUTOMATIC,
        "card": CardRef(brand="VISA", last4=f"{rng.randrange(10_000):04d}"),
    }
    if kind is PaymentKind.MEMBERSHIP:
        return _membership(common, rng.choice(patients), at, gross, rng)
    patient = rng.choice(patients)
    splits: tuple[Split, ...] = ()
    if kind is PaymentKind.TERMINAL and rng.random() < 0.2:
        other = rng.choice([each for each in patients if each != patient])
        first = gross // 3
        splits = (
            Split(patient_ref=patient, amount_minor=first),
            Split(patient_ref=other, amount_minor=gross - first),
        )
    plan = PlanRef(plan_ref=f"plan-{number:04d}", instalment=2, of=6) if kind is PaymentKind.PAYMENT_PLAN else None
    collection = CollectionRef(channel=CollectionChannel.PORTAL) if kind is PaymentKind.COLLECTION else None
    return msgspec.convert(
        common | {"kind": kind, "patient_ref": patient, "splits": splits, "plan": plan, "collection": collection},
        PaymentSucceeded,
        strict=False,
        from_attributes=True,
    )


def _membership(
    common: dict[str, object], patient: str, at: datetime, gross: int, rng: random.Random
) -> MembershipPaid:
    action = rng.choices(
        [MembershipAction.AUTO_RENEWAL, MembershipAction.NEW, MembershipAction.AUTO_PAY, MembershipAction.ONE_TIME],
        [50, 20, 20, 10],
    )[0]
    return msgspec.convert(
        common
        | {
            "membership_id": f"mem-{common['payment_id']}",
            "action": action,
            "patient_ref": patient,
            "members": (Member(patient_ref=patient, amount_minor=gross),),
            "period_start": at.date(),
            "period_end": at.date() + timedelta(days=365),
            "plan_code": "SMILE-YEAR",
        },
        MembershipPaid,
        strict=False,
        from_attributes=True,
    )


def _payout(practice: DemoPractice, on: date, number: int, payments: tuple[MoneyFields, ...]) -> PayoutPaid:
    items = tuple(
        PayoutItem(
            item_id=f"{position:03d}",
            category=PayoutCategory.CHARGE,
            payment_id=payment.payment_id,
            kind=payment.kind if isinstance(payment, PaymentSucceeded) else PaymentKind.MEMBERSHIP,
            gross_minor=payment.gross_minor,
            fee_minor=payment.fee_minor or 0,
            net_minor=payment.gross_minor - (payment.fee_minor or 0),
        )
        for position, payment in enumerate(payments, start=1)
    )
    gross = sum(item.gross_minor for item in items)
    fee = sum(item.fee_minor for item in items)
    paid_at = datetime.combine(on, time(17, 45), practice.zone)
    payout_id = f"po-{practice.practice_id}-{on:%m%d}-{number}"
    return PayoutPaid(
        event_id=f"ev-{payout_id}",
        source=SOURCE,
        occurred_at=paid_at,
        produced_at=paid_at + timedelta(seconds=2),
        practice_id=practice.practice_id,
        payout_id=payout_id,
        arrival_date=on + timedelta(days=1),
        currency="USD",
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
        bank_last4="6789",
        items=items,
    )

"""How an event's amounts came about, from what it told and what its entries say (N-1, N-2, R-4 to R-6, R-15). Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from schemas.bookkeeping.money import Money
from schemas.events import (
    DisputeClosed,
    DisputeOpened,
    Event,
    MoneyFields,
    PaymentFeeAssessed,
    PaymentReturned,
    PayoutPaid,
    RefundFailed,
    RefundSucceeded,
)
from schemas.practice_settings import AmountMode
from schemas.vocabulary import AMOUNT_KINDS, SKIPPED, EntryKind, State
from sinks.operations.queries.explain_records import AmountsTold

_WITH_MONEY = (
    MoneyFields | RefundSucceeded | RefundFailed | PaymentReturned | DisputeOpened | DisputeClosed | PayoutPaid
)


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What the sums need of an entry."""

    kind: EntryKind
    state: State
    amount_minor: int
    surcharge_minor: int


def amounts_of(
    event: Event | None,
    entries: Sequence[Booked],
    mode: AmountMode | None,
    currency: str,
    fee_told_later: int | None = None,
) -> AmountsTold | None:
    """None for an event that tells no amount, or whose bytes are not kept any more.

    `fee_told_later`: of the payment, where it did not know its own (N-5).
    """
    if isinstance(event, PaymentFeeAssessed):
        return _fee_alone(event, currency)
    if not isinstance(event, _WITH_MONEY):
        return None
    fee, net = event.fee_minor, event.net_minor
    if fee is None and isinstance(event, MoneyFields) and fee_told_later is not None:
        fee, net = fee_told_later, event.gross_minor - fee_told_later
    surcharge = _surcharge(event, entries)
    paid = [each.amount_minor for each in entries if each.kind in AMOUNT_KINDS]
    credited = [
        each.amount_minor for each in entries if each.kind is EntryKind.FEE_ADJUSTMENT and each.state not in SKIPPED
    ]
    payment = sum(paid) if paid else None
    companion = sum(credited) if credited else None
    counts = event.net_minor if isinstance(event, PayoutPaid) else event.gross_minor - surcharge
    adds_up = None if payment is None else payment + (companion or 0) == counts
    told = AmountsTold(
        gross_minor=event.gross_minor,
        surcharge_minor=surcharge,
        fee_minor=fee,
        net_minor=net,
        currency=currency,
        mode=None if mode is None else mode.value,
        payment_minor=payment,
        companion_minor=companion,
        adds_up=adds_up,
        words=(),
    )
    return msgspec.structs.replace(told, words=tuple(_words(told, event.gross_minor, isinstance(event, PayoutPaid))))


def _fee_alone(event: PaymentFeeAssessed, currency: str) -> AmountsTold:
    return AmountsTold(
        gross_minor=None,
        surcharge_minor=None,
        fee_minor=event.fee_minor,
        net_minor=event.net_minor,
        currency=currency,
        mode=None,
        payment_minor=None,
        companion_minor=None,
        adds_up=None,
        words=(),
    )


def _surcharge(event: _WITH_MONEY, entries: Sequence[Booked]) -> int:
    """A refund that does not tell its share of the surcharge has it in its entries (R-16)."""
    if isinstance(event, RefundSucceeded):
        if event.surcharge_minor is not None:
            return event.surcharge_minor
        return sum(each.surcharge_minor for each in entries if each.kind in AMOUNT_KINDS)
    return event.surcharge_minor if isinstance(event, MoneyFields) else 0


def _words(told: AmountsTold, gross: int, of_payout: bool) -> list[str]:
    """Each amount as the sum that made it, then the check."""
    if told.payment_minor is None:
        return []
    surcharge, fee = told.surcharge_minor or 0, told.fee_minor
    payment, companion = told.payment_minor, told.companion_minor or 0
    if of_payout:
        return [f"document {plain(payment)} = gross {plain(gross)} - fees {plain(fee or 0)}"]
    said = []
    if told.mode == AmountMode.NET and fee is not None and payment == gross - fee:
        said.append(f"NET: payment {plain(payment)} = gross {plain(gross)} - fee {plain(fee)}")
    elif payment == gross - surcharge:
        said.append(f"GROSS: payment {plain(payment)} = gross {plain(gross)} - surcharge {plain(surcharge)}")
    else:
        said.append(f"payment {plain(payment)}: the share of what had been posted, not of gross {plain(gross)}")
    if told.companion_minor is not None and fee is not None:
        said.append(f"fee adjustment {plain(companion)} = fee {plain(fee)} - surcharge {plain(surcharge)}")
    counts = f"gross {plain(gross)} - surcharge {plain(surcharge)}"
    if told.adds_up:
        said.append(f"payment + fee adjustment = {plain(payment + companion)} = {counts}")
    else:
        left = gross - surcharge - payment - companion
        said.append(f"payment + fee adjustment = {plain(payment + companion)}, {plain(left)} less than {counts}")
    return said


def plain(minor: int) -> str:
    """An amount without its currency."""
    return f"{Money(minor).decimal():.2f}"

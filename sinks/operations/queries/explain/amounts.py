"""Explains how an event's amounts came about: gross, surcharge, fee, net, and the entries that they became. Pure.

Rules N-1, N-2, R-4 to R-6 and R-15.
"""

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
    PaymentReinstated,
    PaymentReturned,
    PayoutPaid,
    RefundFailed,
    RefundSucceeded,
)
from schemas.practice_settings import AmountMode
from schemas.vocabulary import AMOUNT_KINDS, SKIPPED, EntryKind, State
from sinks.operations.queries.explain.record import StoryAmounts

_WITH_MONEY = (
    MoneyFields
    | RefundSucceeded
    | RefundFailed
    | PaymentReturned
    | PaymentReinstated
    | DisputeOpened
    | DisputeClosed
    | PayoutPaid
)


class EntryAmount(msgspec.Struct, frozen=True, kw_only=True):
    """What the sums need of an entry: its amount, and what its instruction keeps of the event's."""

    kind: EntryKind
    state: State
    amount_minor: int
    surcharge_minor: int
    gross_minor: int | None = None
    fee_minor: int | None = None


def explain_amounts(
    event: Event | None,
    entries: Sequence[EntryAmount],
    mode: AmountMode | None,
    currency: str,
    later_fee_minor: int | None = None,
) -> StoryAmounts | None:
    """None for an event that reports no amount. Where its bytes are not kept any more, its entries say what it was.

    `later_fee_minor`: of the payment, where it did not know its own (N-5).
    """
    if event is None:
        kept = next((each for each in entries if each.kind in AMOUNT_KINDS and each.gross_minor is not None), None)
        if kept is None or kept.gross_minor is None:
            return None
        net = None if kept.fee_minor is None else kept.gross_minor - kept.fee_minor
        of_payout = kept.kind is EntryKind.PAYOUT
        return _compose(kept.gross_minor, kept.surcharge_minor, kept.fee_minor, net, entries, mode, currency, of_payout)
    if isinstance(event, PaymentFeeAssessed):
        return _fee_alone(event, currency)
    if not isinstance(event, _WITH_MONEY):
        return None
    fee, net = event.fee_minor, event.net_minor
    if fee is None and isinstance(event, MoneyFields) and later_fee_minor is not None:
        fee, net = later_fee_minor, event.gross_minor - later_fee_minor
    surcharge = _surcharge(event, entries)
    return _compose(event.gross_minor, surcharge, fee, net, entries, mode, currency, isinstance(event, PayoutPaid))


def _compose(
    gross: int,
    surcharge: int,
    fee: int | None,
    net: int | None,
    entries: Sequence[EntryAmount],
    mode: AmountMode | None,
    currency: str,
    of_payout: bool,
) -> StoryAmounts:
    paid = [each.amount_minor for each in entries if each.kind in AMOUNT_KINDS]
    credited = [
        each.amount_minor for each in entries if each.kind is EntryKind.FEE_ADJUSTMENT and each.state not in SKIPPED
    ]
    payment = sum(paid) if paid else None
    companion = sum(credited) if credited else None
    counts = net if of_payout else gross - surcharge
    amounts = StoryAmounts(
        gross_minor=gross,
        surcharge_minor=surcharge,
        fee_minor=fee,
        net_minor=net,
        currency=currency,
        mode=None if mode is None else mode.value,
        payment_minor=payment,
        companion_minor=companion,
        adds_up=None if payment is None else payment + (companion or 0) == counts,
        words=(),
    )
    return msgspec.structs.replace(amounts, words=tuple(_words(amounts, gross, of_payout)))


def _fee_alone(event: PaymentFeeAssessed, currency: str) -> StoryAmounts:
    return StoryAmounts(
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


def _surcharge(event: _WITH_MONEY, entries: Sequence[EntryAmount]) -> int:
    """A refund that does not report its share of the surcharge has it in its entries (R-16)."""
    if isinstance(event, RefundSucceeded):
        if event.surcharge_minor is not None:
            return event.surcharge_minor
        return sum(each.surcharge_minor for each in entries if each.kind in AMOUNT_KINDS)
    return event.surcharge_minor if isinstance(event, MoneyFields) else 0


def _words(amounts: StoryAmounts, gross: int, of_payout: bool) -> list[str]:
    """Each amount as the sum that made it, then the check."""
    if amounts.payment_minor is None:
        return []
    surcharge, fee = amounts.surcharge_minor or 0, amounts.fee_minor
    payment, companion = amounts.payment_minor, amounts.companion_minor or 0
    if of_payout:
        return [f"document {plain(payment)} = gross {plain(gross)} - fees {plain(fee or 0)}"]
    said = []
    if amounts.mode == AmountMode.NET and fee is not None and payment == gross - fee:
        said.append(f"NET: payment {plain(payment)} = gross {plain(gross)} - fee {plain(fee)}")
    elif payment == gross - surcharge:
        said.append(f"GROSS: payment {plain(payment)} = gross {plain(gross)} - surcharge {plain(surcharge)}")
    else:
        said.append(f"payment {plain(payment)}: the share of what had been posted, not of gross {plain(gross)}")
    if amounts.companion_minor is not None and fee is not None:
        said.append(f"fee adjustment {plain(companion)} = fee {plain(fee)} - surcharge {plain(surcharge)}")
    counts = f"gross {plain(gross)} - surcharge {plain(surcharge)}"
    if amounts.adds_up:
        said.append(f"payment + fee adjustment = {plain(payment + companion)} = {counts}")
    else:
        left = gross - surcharge - payment - companion
        said.append(f"payment + fee adjustment = {plain(payment + companion)}, {plain(left)} less than {counts}")
    return said


def plain(minor: int) -> str:
    """An amount without its currency."""
    return f"{Money(minor).decimal():.2f}"

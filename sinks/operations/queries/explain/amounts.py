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
from schemas.vocabulary import AMOUNT_KINDS, CASH, NOT_COUNTED, EntryKind, State
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
    taken_back: bool = False
    """By an entry of the same event: a person undid it, or it was moved."""


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
    if fee is None and isinstance(event, MoneyFields):
        # What its entries were made with, such as a fee that a person typed, before what was said of it later.
        fee = next((each.fee_minor for each in entries if each.kind in CASH), None)
        fee = later_fee_minor if fee is None else fee
        net = None if fee is None else event.gross_minor - fee
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
    paid = _standing(entries, of_payout)
    unsent = bool(paid) and all(each.state in NOT_COUNTED for each in paid)
    credited = [each for each in entries if each.kind is EntryKind.FEE_ADJUSTMENT]
    credited = [each for each in credited if unsent or each.state not in NOT_COUNTED]
    payment = sum(each.amount_minor for each in paid) if paid else None
    companion = sum(each.amount_minor for each in credited) if credited else None
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
    return msgspec.structs.replace(amounts, words=tuple(_words(amounts, gross, of_payout, unsent)))


def _standing(entries: Sequence[EntryAmount], of_payout: bool) -> list[EntryAmount]:
    """The entries that show the event's amount, each once: what was withdrawn, or taken back and made again, only where
    nothing else is left; of a payout the last document."""
    paid = [each for each in entries if each.kind in AMOUNT_KINDS]
    there = [each for each in paid if not each.taken_back and each.state is not State.VOIDED_BEFORE_POST]
    return (there or paid)[-1:] if of_payout else there or paid


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


def _words(amounts: StoryAmounts, gross: int, of_payout: bool, unsent: bool) -> list[str]:
    """Each amount as the sum that made it, then the check. Where a sum does not hold, the difference is named."""
    if amounts.payment_minor is None:
        return []
    surcharge, fee = amounts.surcharge_minor or 0, amounts.fee_minor
    payment, companion = amounts.payment_minor, amounts.companion_minor
    said = ["nothing of it is in the books; it would be:"] if unsent else []
    if of_payout:
        return [*said, _of_document(payment, gross, fee or 0)]
    if amounts.mode == AmountMode.NET and fee is not None and payment == gross - fee:
        said.append(f"NET: payment {plain(payment)} = gross {plain(gross)} - fee {plain(fee)}")
    elif payment == gross - surcharge:
        said.append(f"GROSS: payment {plain(payment)} = gross {plain(gross)} - surcharge {plain(surcharge)}")
    else:
        said.append(f"payment {plain(payment)}: the share of what had been posted, not of gross {plain(gross)}")
    if companion is not None and fee is not None:
        said.append(_of_companion(companion, fee, surcharge))
    counts = f"gross {plain(gross)} - surcharge {plain(surcharge)}"
    left = gross - surcharge - payment - (companion or 0)
    if companion is None:
        said.append(
            f"payment {plain(payment)} = {counts}; there is no fee adjustment"
            if not left
            else f"payment {plain(payment)}, without a fee adjustment, {_apart(left)} {counts}"
        )
    elif left:
        said.append(f"payment + fee adjustment = {plain(payment + companion)}, {_apart(left)} {counts}")
    else:
        said.append(f"payment + fee adjustment = {plain(payment + companion)} = {counts}")
    return said


def _of_document(document: int, gross: int, fees: int) -> str:
    rest = document - (gross - fees)
    if not rest:
        return f"document {plain(document)} = gross {plain(gross)} - fees {plain(fees)}"
    of = f"gross {plain(gross)} - fees {plain(fees)} + other {plain(rest)}"
    return f"document {plain(document)} = {of}: what the payout's amounts do not explain"


def _of_companion(companion: int, fee: int, surcharge: int) -> str:
    if companion == fee - surcharge:
        return f"fee adjustment {plain(companion)} = fee {plain(fee)} - surcharge {plain(surcharge)}"
    return (
        f"fee adjustment {plain(companion)}, {_apart(fee - surcharge - companion)} "
        f"fee {plain(fee)} - surcharge {plain(surcharge)}: it was made with another fee, or is a share"
    )


def _apart(left: int) -> str:
    return f"{plain(abs(left))} {'less' if left > 0 else 'more'} than"


def plain(minor: int) -> str:
    """An amount without its currency."""
    return f"{Money(minor).decimal():.2f}"

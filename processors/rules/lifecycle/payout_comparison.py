"""Compares what payouts carry with what was reported of it: the named differences (P-2, P-23). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from processors.rules.lifecycle.booking_terms import fee_in_payout, fee_of, money_of
from processors.rules.lifecycle.given_back import standing_refunds
from processors.rules.lifecycle.payment_state import PaymentState
from schemas.events import MOVED_ONCE, PayoutCategory, PayoutItem, PayoutPaid
from schemas.vocabulary import DifferenceKind, State

_REPORTED: Final = frozenset({PayoutCategory.CHARGE, PayoutCategory.REFUND})


class CarriedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What one payout carries of one money: its items of a category and a subject together."""

    category: PayoutCategory
    subject: str
    """The payment of a charge or a return, the refund, or the dispute."""
    payment_id: str | None
    gross_minor: int
    fee_minor: int
    fee_apart: bool
    """The payout takes one fee for many items (N-6)."""


class FoundDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference of an item. Amounts in minor units, in the practice's cash view; None: there is none."""

    kind: DifferenceKind
    reported_minor: int | None = None
    paid_minor: int | None = None
    """As the payout has it."""


def carried_items(event: PayoutPaid) -> tuple[CarriedItem, ...]:
    """Items that name their money, together by category and subject; the others are the document's alone."""
    apart = fee_apart(event)
    found: dict[tuple[PayoutCategory, str], CarriedItem] = {}
    for item in event.items:
        subject = _subject(item)
        if subject is None:
            continue
        before = found.get((item.category, subject))
        found[item.category, subject] = CarriedItem(
            category=item.category,
            subject=subject,
            payment_id=item.payment_id,
            gross_minor=item.gross_minor + (before.gross_minor if before else 0),
            fee_minor=item.fee_minor + (before.fee_minor if before else 0),
            fee_apart=apart,
        )
    return tuple(found.values())


def fee_apart(event: PayoutPaid) -> bool:
    """Whether a payout takes one fee for many charges, which then say none of their own (N-6)."""
    charges = [item for item in event.items if item.category is PayoutCategory.CHARGE]
    batch = any(item.category is PayoutCategory.PROCESSING_FEE and item.payment_id is None for item in event.items)
    return batch and any(item.fee_minor == 0 and item.gross_minor for item in charges)


def differences_of(item: CarriedItem, state: PaymentState) -> Iterator[FoundDifference]:
    """How a payout's item differs from what was reported of its payment; nothing where they agree.

    An event that waits for settings was reported all the same, and is compared when it has them. A fee that the payment
    does not know is the payout's to say (N-5), and no difference, unless the payment was booked with another one: a
    person typed it, or the payout said so before it was reported anew.
    """
    if item.category not in _REPORTED:
        return
    reported = state.reported
    if item.category is PayoutCategory.REFUND:
        yield from _of_refund(item, state)
    elif reported is None:
        yield FoundDifference(kind=DifferenceKind.CHARGE_UNKNOWN, paid_minor=item.gross_minor)
    elif reported.waiting is not State.AWAITING_SETTINGS:
        fee = reported_fee(state)
        yield from _amounts(item, money_of(reported).gross_minor, fee)
        if fee is None:
            yield from _booked_fee(item, state)


def _booked_fee(item: CarriedItem, state: PaymentState) -> Iterator[FoundDifference]:
    booked, paid = fee_of(msgspec.structs.replace(state, items=())), fee_in_payout(state)
    apart = item.fee_apart and item.fee_minor == 0
    if None not in (booked, paid) and booked != paid and not apart:
        yield FoundDifference(kind=DifferenceKind.FEE_DIFFERS, reported_minor=booked, paid_minor=paid)


def reported_fee(state: PaymentState) -> int | None:
    """The fee as the payment and its assessments say it, whatever its payouts and its entries do."""
    return fee_of(msgspec.structs.replace(state, items=(), entries=()))


def _of_refund(item: CarriedItem, state: PaymentState) -> Iterator[FoundDifference]:
    found = standing_refunds(each.event for each in state.follow_ups).get(item.subject)
    if found is None:
        yield FoundDifference(kind=DifferenceKind.REFUND_UNKNOWN, paid_minor=item.gross_minor)
        return
    yield from _amounts(item, found.gross_minor, found.fee_minor)


def _amounts(item: CarriedItem, gross: int, fee: int | None) -> Iterator[FoundDifference]:
    if gross != item.gross_minor:
        yield FoundDifference(kind=DifferenceKind.GROSS_DIFFERS, reported_minor=gross, paid_minor=item.gross_minor)
    apart = item.fee_apart and item.fee_minor == 0
    if fee is not None and fee != item.fee_minor and not apart:
        yield FoundDifference(kind=DifferenceKind.FEE_DIFFERS, reported_minor=fee, paid_minor=item.fee_minor)


def twice(items: Iterable[tuple[PayoutCategory, str]]) -> bool:
    """Whether one of the items that another payout has as well moves its money once (P-2)."""
    return any(category in MOVED_ONCE for category, _ in items)


def _subject(item: PayoutItem) -> str | None:
    """By which id the money of an item is known. A refund that names itself not is known by its payment alone."""
    if item.category is PayoutCategory.CHARGE or item.category is PayoutCategory.RETURN:
        return item.payment_id
    if item.category in (PayoutCategory.REFUND, PayoutCategory.REFUND_FAILED):
        return item.refund_id
    if item.category in (PayoutCategory.DISPUTE, PayoutCategory.DISPUTE_REVERSAL):
        return item.dispute_id
    return None

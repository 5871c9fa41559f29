"""Leads from the PMS over the payouts to QuickBooks, every difference with a cause. Pure.

Four figures stand one after the other, and the differences between two of them are named one by one: what is booked in
the PMS, what was reported, what payouts brought to the bank, what stands in QuickBooks. Whatever no cause explains is
UNEXPLAINED, and never put into another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from schemas.events import PayoutCategory
from schemas.vocabulary import NOT_COUNTED, State
from sinks.operations.reconcile.facts import Document, Entry, Facts, Key, Money


class Cause(StrEnum):
    """Why two figures differ."""

    WAITING = "WAITING"
    UNPOSTED = "UNPOSTED"
    BY_HAND = "BY_HAND"
    SURCHARGE = "SURCHARGE"
    FEE = "FEE"
    OTHERWISE = "OTHERWISE"
    IN_TRANSIT = "IN_TRANSIT"
    OTHER_PERIOD = "OTHER_PERIOD"
    OUTSIDE_PAYOUTS = "OUTSIDE_PAYOUTS"
    REFUND = "REFUND"
    VOIDED = "VOIDED"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    ONLY_IN_PAYOUT = "ONLY_IN_PAYOUT"
    RESERVE = "RESERVE"
    LOAN = "LOAN"
    ADJUSTMENT = "ADJUSTMENT"
    RETURNED = "RETURNED"
    SUMS_DISAGREE = "SUMS_DISAGREE"
    DUPLICATE = "DUPLICATE"
    EDITED_THERE = "EDITED_THERE"
    DELETED_THERE = "DELETED_THERE"
    UNDONE = "UNDONE"
    UNEXPLAINED = "UNEXPLAINED"


class Joint(StrEnum):
    """Between which two figures a difference lies."""

    PMS_TO_REPORTED = "PMS_TO_REPORTED"
    REPORTED_TO_BANK = "REPORTED_TO_BANK"
    BANK_TO_QUICKBOOKS = "BANK_TO_QUICKBOOKS"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from a figure to the next: added to the first, with all others it gives the second."""

    joint: Joint
    cause: Cause
    about: str
    """The payment, refund, payout or category."""
    amount_minor: int
    payout_id: str = ""
    """Of what only that payout knows."""

    @property
    def story(self) -> str:
        """What its story is found by: what was never reported has none but its payout's."""
        return self.payout_id or self.about


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units, the practice's cash view."""

    pms_minor: int
    reported_minor: int
    bank_minor: int
    quickbooks_minor: int
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.cause is Cause.UNEXPLAINED)


_WITHDRAWN: Final = State.VOIDED_BEFORE_POST
_BEFORE_START: Final = "BEFORE_START"
_OF_CATEGORY: Final = {
    PayoutCategory.PROCESSING_FEE: Cause.FEE,
    PayoutCategory.MANAGEMENT_FEE: Cause.FEE,
    PayoutCategory.MONTHLY_FEE: Cause.FEE,
    PayoutCategory.DISPUTE_FEE: Cause.FEE,
    PayoutCategory.RESERVE_HOLD: Cause.RESERVE,
    PayoutCategory.RESERVE_RELEASE: Cause.RESERVE,
    PayoutCategory.BALANCE_CARRIED: Cause.RESERVE,
    PayoutCategory.LOAN_ADVANCE: Cause.LOAN,
    PayoutCategory.LOAN_REPAYMENT: Cause.LOAN,
}
"""Of items that name no money; others are adjustments."""


def reconcile(facts: Facts) -> Reconciliation:
    """The four figures, and each difference between one and the next; each joint adds up to the cent, with what is
    unexplained among the differences."""
    paired = _paired(facts.documents)
    documents = [each for each in facts.documents if each.entry.effect_id not in paired and not each.undone]
    apart = [each for each in facts.documents if each.entry.effect_id not in paired and each.undone]
    others = [each for each in facts.documents if each.entry.effect_id in paired or not each.undone]
    pms = sum(_booked(entry) for money in facts.money for entry in money.entries)
    reported = sum(money.gross_minor for money in facts.money)
    bank = sum(_planned(each.entry) for each in others)
    quickbooks = sum(_standing(each) for each in facts.documents)
    found = [
        *_closed(Joint.PMS_TO_REPORTED, pms, reported, list(_pms(facts.money))),
        *_closed(Joint.REPORTED_TO_BANK, reported, bank, list(_bank(facts, documents))),
        *_closed(Joint.BANK_TO_QUICKBOOKS, bank, quickbooks, [*_quickbooks(others), *_undone(apart)]),
    ]
    return Reconciliation(
        pms_minor=pms,
        reported_minor=reported,
        bank_minor=bank,
        quickbooks_minor=quickbooks,
        differences=tuple(each for each in found if each.amount_minor),
    )


def _closed(joint: Joint, first: int, second: int, named: list[Difference]) -> Iterator[Difference]:
    """The named differences, and what they leave over."""
    yield from named
    rest = second - first - sum(each.amount_minor for each in named)
    if rest:
        yield Difference(joint=joint, cause=Cause.UNEXPLAINED, about="", amount_minor=rest)


def _planned(entry: Entry) -> int:
    """What was to be booked; nothing of what was withdrawn before it went out."""
    return 0 if entry.state is _WITHDRAWN else entry.amount_minor


def _booked(entry: Entry) -> int:
    if entry.state is State.POSTED:
        return entry.amount_minor
    if entry.state is State.RECORDED_MANUALLY:
        return entry.amount_minor if entry.entered_minor is None else entry.entered_minor
    return 0


def _cause(entry: Entry) -> Cause:
    """Why an entry is not booked as it was planned."""
    if entry.state is State.RECORDED_MANUALLY or entry.reason == _BEFORE_START:
        return Cause.BY_HAND
    return Cause.UNPOSTED if entry.state in NOT_COUNTED else Cause.WAITING


def _pms(money: tuple[Money, ...]) -> Iterator[Difference]:
    """Entry by entry, then payment by payment what its entries leave of what was reported."""
    joint = Joint.PMS_TO_REPORTED
    groups: dict[str, list[Money]] = defaultdict(list)
    for each in money:
        groups[each.about].append(each)
        for entry in each.entries:
            missing = _planned(entry) - _booked(entry)
            yield Difference(joint=joint, cause=_cause(entry), about=each.about, amount_minor=missing)
    for about, events in groups.items():
        for cause, amount in _of_payment(events):
            yield Difference(joint=joint, cause=cause, about=about, amount_minor=amount)


def _of_payment(events: list[Money]) -> Iterator[tuple[Cause, int]]:
    """Why the entries of a payment are not what was reported of it; what is UNEXPLAINED is left to the sum.

    What follows a payment may be booked by other rules than its own amounts (a dispute kept off the patient, a refund
    without its fee), or in part in another stretch: that is OTHERWISE. A payment alone must agree.
    """
    waiting = [each for each in events if each.waiting]
    yield from ((Cause.WAITING, each.gross_minor) for each in waiting)
    rest = [each for each in events if not each.waiting]
    surcharge = sum(each.surcharge_minor for each in rest)
    left = sum(each.gross_minor for each in rest) - sum(_planned(entry) for each in rest for entry in each.entries)
    yield Cause.SURCHARGE, surcharge if left else 0
    left -= surcharge if left else 0
    withdrawn = any(entry.state is _WITHDRAWN for each in rest for entry in each.entries)
    fees = sum(each.fee_minor for each in rest if each.net_alone)
    followed = any(each.kind != "payment" or each.elsewhere_minor for each in rest)
    if left and fees == left:
        yield Cause.FEE, left
    elif left and withdrawn:
        yield Cause.VOIDED, left
    elif left and followed:
        yield Cause.OTHERWISE, left


def _bank(facts: Facts, documents: list[Document]) -> Iterator[Difference]:
    """Money by money, then what a payout's items leave of its amount, and payouts that came back."""
    joint = Joint.REPORTED_TO_BANK
    reported: dict[Key, int] = defaultdict(int)
    elsewhere: dict[Key, int] = {}
    outside: set[Key] = set()
    for each in facts.money:
        if each.key is None:
            yield Difference(joint=joint, cause=Cause.VOIDED, about=each.about, amount_minor=-each.gross_minor)
            continue
        reported[each.key] += each.gross_minor
        elsewhere[each.key] = each.elsewhere_minor or elsewhere.get(each.key, 0)
        if each.outside:
            outside.add(each.key)
    paid: dict[Key, int] = defaultdict(int)
    carriers: dict[Key, str] = {}
    for document in documents:
        if _planned(document.entry) == 0 and document.entry.state is _WITHDRAWN:
            continue
        for item in document.items:
            yield Difference(joint=joint, cause=Cause.FEE, about=document.payout_id, amount_minor=-item.fee_minor)
            if item.key is None:
                cause = _OF_CATEGORY.get(item.category, Cause.ADJUSTMENT)
                yield Difference(joint=joint, cause=cause, about=document.payout_id, amount_minor=item.gross_minor)
            else:
                paid[item.key] += item.gross_minor
                carriers[item.key] = document.payout_id
        own = sum(item.gross_minor - item.fee_minor for item in document.items)
        if document.takes_back is not None:
            yield Difference(
                joint=joint, cause=Cause.RETURNED, about=document.payout_id, amount_minor=_planned(document.entry)
            )
        else:
            rest = _planned(document.entry) - own
            cause = Cause.SUMS_DISAGREE if document.items else Cause.ONLY_IN_PAYOUT
            yield Difference(joint=joint, cause=cause, about=document.payout_id, amount_minor=rest)
    for key in sorted(reported.keys() | paid.keys()):
        amount = paid.get(key, 0) - reported.get(key, 0)
        if key in paid and elsewhere.get(key):
            amount -= elsewhere[key]
            yield Difference(joint=joint, cause=Cause.OTHER_PERIOD, about=key[1], amount_minor=elsewhere[key])
        cause = _of_money(key, key in reported, key in paid, key in outside, facts)
        carrier = carriers[key] if cause is Cause.ONLY_IN_PAYOUT else ""
        yield Difference(joint=joint, cause=cause, about=key[1], amount_minor=amount, payout_id=carrier)


def _of_money(key: Key, reported: bool, paid: bool, outside: bool, facts: Facts) -> Cause:
    if reported and paid:
        return Cause.AMOUNT_DIFFERS
    if paid:
        return Cause.OTHER_PERIOD if key in facts.known_elsewhere else Cause.ONLY_IN_PAYOUT
    if outside:
        return Cause.OUTSIDE_PAYOUTS
    if key in facts.paid_elsewhere:
        return Cause.OTHER_PERIOD
    return Cause.IN_TRANSIT if key[0] == PayoutCategory.CHARGE.value else Cause.REFUND


def _undone(documents: list[Document]) -> Iterator[Difference]:
    """What a person undid, where it and what takes it back are not both in the stretch, or not of one amount."""
    joint = Joint.BANK_TO_QUICKBOOKS
    for each in documents:
        yield Difference(joint=joint, cause=Cause.UNDONE, about=each.payout_id, amount_minor=_standing(each))


def _quickbooks(documents: list[Document]) -> Iterator[Difference]:
    joint = Joint.BANK_TO_QUICKBOOKS
    for each in documents:
        booked = _booked(each.entry)
        missing = booked - _planned(each.entry)
        yield Difference(joint=joint, cause=_cause(each.entry), about=each.payout_id, amount_minor=missing)
        if each.entry.state is State.POSTED and each.read_minor is not None:
            edited = each.read_minor - booked
            cause = Cause.DELETED_THERE if each.deleted else Cause.EDITED_THERE
            yield Difference(joint=joint, cause=cause, about=each.payout_id, amount_minor=edited)
            copies = each.read_minor * (each.copies - 1)
            yield Difference(joint=joint, cause=Cause.DUPLICATE, about=each.payout_id, amount_minor=copies)


def _standing(document: Document) -> int:
    """What is in QuickBooks for a document: as it was read there, else as it was booked."""
    if document.entry.state is State.POSTED and document.read_minor is not None:
        return document.read_minor * document.copies
    return _booked(document.entry)


def _paired(documents: tuple[Document, ...]) -> frozenset[int]:
    """Payouts of the stretch that came back in it, with what took them back: they bring nothing."""
    own = {each.entry.effect_id: each for each in documents if each.takes_back is None}
    found: set[int] = set()
    for each in documents:
        taken = None if each.takes_back is None else own.get(each.takes_back)
        if taken is not None and _planned(taken.entry) == -_planned(each.entry):
            found |= {each.entry.effect_id, taken.entry.effect_id}
    return frozenset(found)

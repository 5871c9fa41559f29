"""Compares two reports of the same money, whoever made them: what they disagree about, and whether the later says more
(E-1, B-5).

Two reports are the same money where their money fields, currency, patients and shares are equal, and the fee where both
know it. How it was paid, who started it, times and references of the reporting system are not money. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from schemas import events as e

_replace: Final = msgspec.structs.replace


class Difference(msgspec.Struct, frozen=True):
    """One thing that two reports of the same money disagree about. Values that name a patient are left out."""

    what: str
    """In words: gross, fee, patients …"""
    stored: int | str | None = None
    """Of the report that stands. Minor units, or a word."""
    told: int | str | None = None
    minor_units: bool = False


def differences(stored: e.Event, told: e.Event) -> tuple[Difference, ...]:
    """What the two disagree about; empty where they are one money. Both report it under one money identity."""
    if isinstance(stored, e.MoneyFields) and isinstance(told, e.MoneyFields):
        return tuple(_payment(stored, told))
    if type(stored) is not type(told):
        return (Difference("kind of event", type(stored).__name__, type(told).__name__),)
    return tuple(_FACTS.get(type(stored), _nothing)(stored, told))


def says_more(stored: e.Event, told: e.Event) -> bool:
    """Whether the later report has to take the earlier one's place: it names the members of a membership that the other
    did not name (B-5), or is the same in everything and knows the fee that the other did not. `differences` is empty.
    """
    if not isinstance(stored, e.MoneyFields) or not isinstance(told, e.MoneyFields):
        return False
    if isinstance(told, e.MembershipPaid) and not _shares(stored):
        return bool(told.members) or isinstance(stored, e.PaymentFacts)
    if stored.fee_minor is not None or told.fee_minor is None or type(stored) is not type(told):
        return False
    return _without_fee(told, stored) == _without_fee(stored, stored)


def is_membership(event: e.Event) -> bool:
    """Money of a membership, under either of the two types that report it."""
    if isinstance(event, e.PaymentFacts):
        return event.kind is e.PaymentKind.MEMBERSHIP
    return isinstance(event, e.MembershipPaid)


def _payment(stored: e.MoneyFields, told: e.MoneyFields) -> Iterator[Difference]:
    if is_membership(stored) != is_membership(told):
        yield Difference("type of payment", _type_of(stored), _type_of(told))
    yield from _text("currency", stored.currency, told.currency)
    yield from _amount("gross", stored.gross_minor, told.gross_minor)
    yield from _amount("surcharge", stored.surcharge_minor, told.surcharge_minor)
    yield from _known("fee", stored.fee_minor, told.fee_minor)
    mine, theirs = _shares(stored), _shares(told)
    if is_membership(stored) and is_membership(told):
        if mine and theirs and mine != theirs:
            yield Difference("members")
    elif _patients(stored, like=told) != _patients(told, like=stored):
        yield Difference("patients")


def _type_of(event: e.MoneyFields) -> str:
    return event.kind.value if isinstance(event, e.PaymentFacts) else e.PaymentKind.MEMBERSHIP.value


def _shares(event: e.MoneyFields) -> Counter[str]:
    """What of the money is each patient's, where the report says it; empty where it names none."""
    if isinstance(event, e.MembershipPaid):
        return _sums((member.patient_ref, member.amount_minor) for member in event.members)
    if not isinstance(event, e.PaymentFacts):
        return Counter()
    if event.remittance is not None:
        return _sums((claim.patient_ref, claim.paid_minor) for claim in event.remittance.claims)
    return _sums((split.patient_ref, split.amount_minor) for split in event.splits)


def _patients(event: e.MoneyFields, like: e.MoneyFields) -> Counter[str] | set[str]:
    """Who has how much of it; only who, where the whole differs: that is told already."""
    shares = _shares(event) or _whole(event)
    same_whole = event.gross_minor - event.surcharge_minor == like.gross_minor - like.surcharge_minor
    return shares if same_whole else set(shares)


def _whole(event: e.MoneyFields) -> Counter[str]:
    if event.patient_ref is None:
        return Counter()
    return _sums([(event.patient_ref, event.gross_minor - event.surcharge_minor)])


def _sums(shares: Iterable[tuple[str, int]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for patient_ref, amount in shares:
        found[patient_ref] += amount
    return found


def _without_fee(event: e.MoneyFields, like: e.MoneyFields) -> e.MoneyFields:
    """The report without its fee, as if `like`'s sender had made it at that time."""
    blank: dict[str, Any] = {"fee_minor": None, "fees": None, "net_minor": None, "trace_id": None}
    envelope = {name: getattr(like, name) for name in ("source", "event_id", "occurred_at", "produced_at")}
    return _replace(event, **blank, **envelope)


def _moved(stored: Any, told: Any) -> Iterator[Difference]:
    """Money that left or came back: which payment, how much, at which fee."""
    yield from _text("payment", stored.payment_id, told.payment_id)
    yield from _amount("gross", stored.gross_minor, told.gross_minor)
    yield from _amount("fee", stored.fee_minor, told.fee_minor)


def _refund(stored: e.RefundSucceeded, told: e.RefundSucceeded) -> Iterator[Difference]:
    yield from _moved(stored, told)
    yield from _known("surcharge", stored.surcharge_minor, told.surcharge_minor)
    mine = _sums((split.patient_ref, split.amount_minor) for split in stored.splits)
    theirs = _sums((split.patient_ref, split.amount_minor) for split in told.splits)
    if mine != theirs:
        yield Difference("patients")


def _dispute_closed(stored: e.DisputeClosed, told: e.DisputeClosed) -> Iterator[Difference]:
    yield from _text("outcome", stored.outcome.value, told.outcome.value)
    yield from _moved(stored, told)


def _fee(stored: e.PaymentFeeAssessed, told: e.PaymentFeeAssessed) -> Iterator[Difference]:
    yield from _amount("fee", stored.fee_minor, told.fee_minor)


def _request(stored: e.PaymentRequestSent, told: e.PaymentRequestSent) -> Iterator[Difference]:
    yield from _amount("amount", stored.amount_minor, told.amount_minor)
    if stored.patient_ref != told.patient_ref:
        yield Difference("patients")


def _payout(stored: e.PayoutPaid, told: e.PayoutPaid) -> Iterator[Difference]:
    yield from _text("currency", stored.currency, told.currency)
    yield from _amount("gross", stored.gross_minor, told.gross_minor)
    yield from _amount("fee", stored.fee_minor, told.fee_minor)
    yield from _amount("net", stored.net_minor, told.net_minor)
    yield from _text("bank account", stored.bank_last4, told.bank_last4)
    mine, theirs = _items(stored), _items(told)
    if mine != theirs:
        yield Difference("items", sum((mine - theirs).values()), sum((theirs - mine).values()))


def _items(payout: e.PayoutPaid) -> Counter[tuple[Any, ...]]:
    return Counter(
        (x.category, x.payment_id, x.refund_id, x.dispute_id, x.gross_minor, x.fee_minor) for x in payout.items
    )


def _nothing(_: e.Event, __: e.Event) -> Iterator[Difference]:
    return iter(())


def _amount(what: str, stored: int, told: int) -> Iterator[Difference]:
    if stored != told:
        yield Difference(what, stored, told, minor_units=True)


def _known(what: str, stored: int | None, told: int | None) -> Iterator[Difference]:
    if stored is not None and told is not None:
        yield from _amount(what, stored, told)


def _text(what: str, stored: str | None, told: str | None) -> Iterator[Difference]:
    if stored != told:
        yield Difference(what, stored, told)


_FACTS: Final[dict[type[e.Event], Callable[[Any, Any], Iterator[Difference]]]] = {
    e.PaymentFeeAssessed: _fee,
    e.PaymentReturned: _moved,
    e.RefundSucceeded: _refund,
    e.RefundFailed: _moved,
    e.DisputeOpened: _moved,
    e.DisputeClosed: _dispute_closed,
    e.PaymentRequestSent: _request,
    e.PayoutPaid: _payout,
}
"""Types that are not here have no facts beside their money identity: a clearance, a void, a payout that failed."""

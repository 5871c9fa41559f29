"""What two reports of the same money disagree about, in words: ids, sources and amounts, no patient. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.bookkeeping.money import Money
from schemas.same_money import Difference
from schemas.writebacks import MoneyKind

_MONEY: Final[dict[MoneyKind, str]] = {
    MoneyKind.PAYMENT: "payment",
    MoneyKind.FEE: "the fee of payment",
    MoneyKind.CLEARED: "the clearance of payment",
    MoneyKind.VOID: "the cancellation of payment",
    MoneyKind.RETURN: "returned payment",
    MoneyKind.REFUND: "refund",
    MoneyKind.REFUND_FAILED: "failed refund",
    MoneyKind.INQUIRY: "inquiry",
    MoneyKind.DISPUTE: "dispute",
    MoneyKind.DISPUTE_CLOSED: "the outcome of dispute",
    MoneyKind.REQUEST: "payment request",
    MoneyKind.CANCEL: "the end of membership",
    MoneyKind.PAYOUT: "payout",
    MoneyKind.PAYOUT_FAILED: "failed payout",
}


class Disagreement(msgspec.Struct, frozen=True):
    """Two reports of one money with other facts; the one that was stored stands."""

    kind: MoneyKind
    subject: str
    stored_by: str
    told_by: str
    differences: tuple[Difference, ...]
    currency: str | None


def disagreement_words(found: Disagreement) -> str:
    """One sentence a report: who says what, and which of the two stands."""
    what = f"{_MONEY.get(found.kind, found.kind.value)} {found.subject}"
    parts = [difference_words(each, found.stored_by, found.told_by, found.currency) for each in found.differences]
    if found.stored_by == found.told_by:
        begin = f"{found.stored_by} reported {what} twice, differently"
        parts = [difference_words(each, "first", "then", found.currency, says="") for each in found.differences]
    else:
        begin = f"Two systems disagree about {what}"
    said = "; ".join(parts) or "they differ in what is no amount"
    return f"{begin}: {said}. What {found.stored_by} reported first stands."


def difference_words(
    difference: Difference, stored_by: str, told_by: str, currency: str | None, says: str = " says"
) -> str:
    """`gross: payments.example says 100.00 USD, portal.example says 99.00 USD`."""
    if difference.stored is None and difference.told is None:
        return f"{difference.what}: not the same"
    stored, told = (_shown(value, difference, currency) for value in (difference.stored, difference.told))
    return f"{difference.what}: {stored_by}{says} {stored}, {told_by}{says} {told}"


def _shown(value: int | str | None, difference: Difference, currency: str | None) -> str:
    if value is None:
        return "none"
    return str(Money(int(value), currency or "USD")) if difference.minor_units else str(value)

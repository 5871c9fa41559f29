"""What was collected, given back, charged in fees and paid out by day, month or year, also without QuickBooks.

Pure (VER-6).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

import msgspec

from schemas.vocabulary import State
from sinks.operations.reconcile.facts import Facts


class Span(StrEnum):
    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


class PeriodTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units. Payments by the practice's civil day on which they happened, payouts by the day they arrive."""

    period: str
    payments_minor: int = 0
    given_back_minor: int = 0
    """Refunds, returns and disputes, less what of them came again."""
    fees_minor: int = 0
    """As payments and what follows them report them."""
    payouts_minor: int = 0
    other_fees_minor: int = 0
    """Of payouts, for no payment of their own: platform, monthly and dispute fees; a cost is above 0."""


_OTHER_FEES = frozenset({"PROCESSING_FEE", "MANAGEMENT_FEE", "MONTHLY_FEE", "DISPUTE_FEE"})


def totals(facts: Facts, span: Span) -> tuple[PeriodTotal, ...]:
    """By period, ascending. A payout that came back counts with its return."""
    found: dict[str, dict[str, int]] = {}

    def add(day: date, field: str, amount: int) -> None:
        of_period = found.setdefault(period_of(day, span), {})
        of_period[field] = of_period.get(field, 0) + amount

    for each in facts.money:
        if each.key is not None:
            field = "payments_minor" if each.kind == "payment" else "given_back_minor"
            add(each.day, field, each.gross_minor)
            add(each.day, "fees_minor", each.fee_minor)
    for document in facts.documents:
        if document.undone or document.entry.state is State.VOIDED_BEFORE_POST:
            continue
        add(document.day, "payouts_minor", document.entry.amount_minor)
        for item in document.items:
            if item.category.value in _OTHER_FEES:
                add(document.day, "other_fees_minor", item.fee_minor - item.gross_minor)
    return tuple(PeriodTotal(period=name, **found[name]) for name in sorted(found))


def joined(parts: Iterable[tuple[PeriodTotal, ...]]) -> tuple[PeriodTotal, ...]:
    """Several practices' totals as one, period by period. Pure."""
    found: dict[str, PeriodTotal] = {}
    for each in (total for part in parts for total in part):
        before = found.get(each.period)
        if before is None:
            found[each.period] = each
            continue
        sums = {
            name: getattr(before, name) + getattr(each, name)
            for name in PeriodTotal.__struct_fields__
            if name != "period"
        }
        found[each.period] = PeriodTotal(period=each.period, **sums)
    return tuple(found[name] for name in sorted(found))


def period_of(day: date, span: Span) -> str:
    """Like 2026-03-05, 2026-03 or 2026."""
    return day.isoformat()[: {Span.DAY: 10, Span.MONTH: 7, Span.YEAR: 4}[span]]

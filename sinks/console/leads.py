"""Where a figure leads: to Transactions, filtered to what it counts. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.urls import reverse
from django.utils.http import urlencode

from schemas.events import PaymentKind, Tender
from schemas.vocabulary import State, Target
from sinks.operations.queries.sums import KINDS_OF, Money
from sinks.operations.review.figures import Line, Place, states_at

NONE: Final = "-"
"""In an address: entries that have no kind of payment, or no tender."""
_FILTERS: Final = ("state", "target", "money", "kind", "tender", "bare")


def lead(practice_id: str, day: date, span: str, **said: Any) -> str:
    """The address of Transactions of that stretch, with these of its filters."""
    query = {"day": day.isoformat(), "span": span} | {name: value for name, value in said.items() if value}
    return f"{reverse('transactions', args=[practice_id])}?{urlencode(query, doseq=True)}"


def lead_of_line(practice_id: str, day: date, span: str, line: Line, *places: Place) -> str:
    """To what a line of the review counts in these places; without one, in all."""
    return lead(
        practice_id,
        day,
        span,
        state=[each.value for each in states_at(*places)],
        target=line.target,
        money=line.money.value,
        kind=line.payment_kind or NONE,
        tender=line.tender or NONE,
    )


def filters_of(asked: Any) -> dict[str, Any]:
    """The filters of an address, as `Wanted` takes them; what it does not know is left out."""
    kind, tender, money = (asked.get(name) or "" for name in ("kind", "tender", "money"))
    states = tuple(State(each) for each in asked.getlist("state") if each in State.__members__)
    found: dict[str, Any] = {"states": states or None}
    if asked.get("target") in Target.__members__:
        found["target"] = Target(asked["target"])
    if money in Money._value2member_map_:
        found["moves"] = KINDS_OF[Money(money)]
    if kind in PaymentKind.__members__ or kind == NONE:
        found["payment_kinds"] = (None if kind == NONE else PaymentKind(kind),)
    if tender in Tender.__members__ or tender == NONE:
        found["tenders"] = (None if tender == NONE else Tender(tender),)
    if asked.get("bare") == "1":
        found["without_entry"] = True
    return found


def kept_filters(asked: Any) -> list[tuple[str, str]]:
    """Those that are set, for an address or a form that keeps them."""
    return [(name, value) for name in _FILTERS for value in asked.getlist(name) if value]

"""Transactions: a day or a week of the practice's own calendar, with what became of each payment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.http import HttpResponse
from django.utils.datastructures import MultiValueDict

from schemas.vocabulary import State
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries.linked_entries import linked_entries
from sinks.operations.queries.sums import sums_of
from sinks.operations.queries.transaction_filter import Place, Wanted
from sinks.operations.queries.transactions import Transaction, check_day, list_transactions
from sinks.operations.roles import View
from streams.runtime.errors import ConfigurationError

MOST: Final = 500
DAY, WEEK = "day", "week"


@practice_page()
def transactions(visit: Visit) -> HttpResponse:
    asked = visit.request.GET
    today = visit.ledger.clock.now().astimezone(visit.zone).date()
    day, span, states = _day(asked, today), WEEK if asked.get("span") == WEEK else DAY, _states(asked)
    first, last = visit.calendar.week_of(day) if span == WEEK else (day, day)
    wanted = Wanted(practice_id=visit.practice_id, states=states or None, from_day=first, to_day=last, most=MOST)
    after = Place.from_token(asked["after"]) if asked.get("after") else None
    listing = list_transactions(visit.ledger.connection, wanted, after)
    numbers = [each.effect_id for each in listing.transactions if each.effect_id is not None]
    linked = linked_entries(visit.ledger.connection, visit.practice_id, numbers)
    return visit.shown(
        "transactions.html",
        rows=[(each, _sought(each), linked.get(each.effect_id or 0)) for each in listing.transactions],
        next=listing.next,
        later=after is not None,
        sums=sums_of(listing.transactions),
        check=None if states or listing.more or after else check_day(listing.transactions),
        day=day,
        first=first,
        last=last,
        span=span,
        today=today,
        before=first - timedelta(days=1),
        after=last + timedelta(days=1),
        chosen=states,
        may_link=visit.rights.may(View.PATIENTS, visit.practice_id),
        states=[state for state in State if state is not State.APPLIED],
    )


def _sought(each: Transaction) -> str:
    """What its story is found by."""
    return each.event_id if each.effect_id is None else f"e:{each.effect_id}"


def _day(asked: MultiValueDict[str, str], today: date) -> date:
    """Raises ConfigurationError for what is no day."""
    text = asked.get("day") or ""
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("this is no day: choose one like 2026-03-04") from None
    if not 2000 <= day.year < 2100:
        raise ConfigurationError("this day is out of reach: choose one of this century")
    return day


def _states(asked: MultiValueDict[str, str]) -> tuple[State, ...]:
    return tuple(State(name) for name in asked.getlist("state") if name in State.__members__)

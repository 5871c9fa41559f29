"""Transactions: a day or a week of the practice's own calendar, with what became of each payment."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.utils.http import urlencode

from schemas.vocabulary import State
from sinks.console.bulk_deeds import offered
from sinks.console.leads import filters_of, kept_filters
from sinks.console.stretches import stretch_of
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries.linked_entries import linked_entries
from sinks.operations.queries.sums import sums_of
from sinks.operations.queries.transaction_filter import Place, Wanted
from sinks.operations.queries.transactions import Transaction, check_day, list_transactions
from sinks.operations.roles import View

MOST: Final = 500


@practice_page()
def transactions(visit: Visit) -> HttpResponse:
    asked = visit.request.GET
    stretch, filters, kept = stretch_of(visit, asked), filters_of(asked), kept_filters(asked)
    wanted = Wanted(practice_id=visit.practice_id, from_day=stretch.first, to_day=stretch.last, most=MOST, **filters)
    after = Place.from_token(asked["after"]) if asked.get("after") else None
    listing = list_transactions(visit.ledger.connection, wanted, after)
    numbers = [each.effect_id for each in listing.transactions if each.effect_id is not None]
    linked = linked_entries(visit.ledger.connection, visit.practice_id, numbers)
    return visit.shown(
        "transactions.html",
        rows=[(each, sought(each), linked.get(each.effect_id or 0)) for each in listing.transactions],
        next=listing.next,
        later=after is not None,
        sums=sums_of(listing.transactions),
        check=None if kept or listing.more or after else check_day(listing.transactions),
        stretch=stretch,
        offered=offered(visit),
        keep=urlencode(kept),
        kept=[(name, value) for name, value in kept if name != "state"],
        chosen=filters["states"] or (),
        may_link=visit.rights.may(View.PATIENTS, visit.practice_id),
        states=[state for state in State if state is not State.APPLIED],
    )


def sought(each: Transaction) -> str:
    """What its story is found by."""
    return each.event_id if each.effect_id is None else f"e:{each.effect_id}"

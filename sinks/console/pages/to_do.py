"""To do: what a person must do, and nothing that goes on by itself; the most money first, each with its ways out."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

from sinks.console.bulk_deeds import offered
from sinks.console.next_steps import steps
from sinks.console.visit import Visit, practice_page
from sinks.operations.review.exceptions import exceptions_of

MOST: Final = 100
"""On the page: of more, those with the most money."""


@practice_page()
def to_do(visit: Visit) -> HttpResponse:
    found = exceptions_of(visit.ledger, visit.practice_id)
    shown = found.matters[:MOST]
    return visit.shown(
        "to_do.html",
        rows=[(each, each.story, steps(visit, each.id, each.deeds)) for each in shown],
        count=len(found.matters),
        offered=offered(visit),
        more=found.more,
    )

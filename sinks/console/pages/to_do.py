"""To do: what waits for a person, the most money first, each with its next actions."""

from __future__ import annotations

from django.http import HttpResponse

from sinks.console.next_steps import steps
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries import to_do as queries


@practice_page()
def to_do(visit: Visit) -> HttpResponse:
    found = queries.to_do(visit.ledger.connection, visit.practice_id)
    rows = [(each, steps(visit, each.id, each.deeds)) for each in found.items]
    return visit.shown("to_do.html", rows=rows, more_than=found.more_than)

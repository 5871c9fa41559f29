"""Add a practice: its id as events name it, its zone, its system. It posts nothing before its go-live check."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from sinks.console.visit import Visit, anybodys_page
from sinks.operations.actions.practices import add_practice, starting_settings
from sinks.operations.queries.systems import shown_systems
from sinks.operations.roles import Action
from streams.runtime.errors import ConfigurationError

FIELDS: Final = ("practice_id", "name", "zone", "email", "system", "system_name", "why")
LONGEST: Final = 200
ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
"""Proposed; any IANA zone can be typed."""


@anybodys_page
def new_practice(visit: Visit) -> HttpResponse:
    if not visit.rights.may(Action.PRACTICE_ADD):
        raise Http404
    said = {name: str(visit.request.POST.get(name) or "").strip()[:LONGEST] for name in FIELDS}
    wrong = ""
    if visit.request.method == "POST":
        try:
            return _added(visit, said)
        except ConfigurationError as error:
            wrong = str(error)
    return visit.shown(
        "new_practice.html", status=422 if wrong else 200, said=said, wrong=wrong, zones=ZONES, systems=shown_systems()
    )


def _added(visit: Visit, said: dict[str, str]) -> HttpResponse:
    order = visit.order(said["why"] or "added", apply=True)
    system = said["system"] or None
    added = add_practice(
        visit.ledger,
        said["practice_id"],
        starting_settings(said["zone"] or None, None, system),
        order,
        name=said["name"] or None,
        email=said["email"] or None,
        system=system,
        system_name=said["system_name"] or None,
    )
    words = "The practice is added. Nothing is posted before its system is connected and the go-live check has passed."
    if added.batches_at is not None:
        words += f" {added.batches_at} takes entries in batches alone, so payments go out once a day."
    messages.success(visit.request, words)
    return redirect("integrations", practice_id=added.practice_id)

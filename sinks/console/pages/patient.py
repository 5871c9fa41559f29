"""A patient's page: who it is on both sides, what was paid, what waits. Named by an entry, never by the patient."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpResponse

from schemas.vocabulary import State, Target
from sinks.console.next_steps import steps
from sinks.console.pages.transactions import sought
from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.queries.patient_view import PatientView, patient_view
from sinks.operations.queries.transaction_filter import Place
from sinks.operations.queries.transactions import Transaction
from sinks.operations.roles import Action, View
from sinks.operations.sign_in_trail import SignIn
from sinks.operations.words.deeds import Deed, deeds_of
from streams.runtime.errors import ConfigurationError

MOST: Final = 200
LARGEST: Final = 2**63 - 1
"""An entry's number."""


@practice_page(View.PATIENTS)
def patient(visit: Visit, number: int) -> HttpResponse:
    """Who looked is kept, with the entry that named the patient."""
    if number > LARGEST:
        raise Http404
    after = Place.from_token(visit.request.GET["after"]) if visit.request.GET.get("after") else None
    found = _read(visit, number, after)
    console().note_sign_in(SignIn.LOOKED_AT, visit.rights.name, subject=f"{visit.practice_id} e:{number}")
    return visit.shown(
        "patient.html",
        number=number,
        found=found,
        rows=[(each, sought(each)) for each in found.listing.transactions],
        waiting=[(each, sought(each), steps(visit, sought(each), _deeds(each))) for each in found.waiting.transactions],
        later=after is not None,
        links=visit.rights.may(Action.PATIENT_LINK, visit.practice_id),
    )


def _read(visit: Visit, number: int, after: Place | None) -> PatientView:
    keys = console().search_keys
    try:
        return patient_view(visit.ledger, keys, visit.rights.actor, visit.practice_id, number, after=after, most=MOST)
    except ConfigurationError:
        raise Http404 from None


def _deeds(each: Transaction) -> tuple[Deed, ...]:
    return tuple(deeds_of(State(each.state), None if each.target is None else Target(each.target)))

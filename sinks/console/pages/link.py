"""Link Patient Record: who the payment's patient is in the practice's own system, searched there and confirmed."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from sinks.console.pages.story import story_of
from sinks.console.process import console
from sinks.console.visit import Visit, practice_page
from sinks.operations.actions.link_patient import link_patient
from sinks.operations.queries.identities import find_known
from sinks.operations.queries.patients import MOST_SHOWN, read_patient, search_patients
from sinks.operations.roles import View
from sinks.operations.sign_in_trail import SignIn
from streams.runtime.errors import ConfigurationError, Transient

LONGEST: Final = 100


@practice_page(View.PATIENTS)
def link(visit: Visit, number: int) -> HttpResponse:
    """GET: whom the payment is for. POST `search`: candidates; `choose`: what a link would do; `link`: the link. What
    is typed and found travels in bodies alone. Who was shown a patient is kept, with the entry."""
    patient_ref = _patient_of(visit, number)
    asked = visit.request.POST
    said = {name: str(asked.get(name) or "").strip()[:LONGEST] for name in ("first_name", "last_name", "born", "pms")}
    why = str(asked.get("why") or "").strip()
    shown: dict[str, Any] = {"number": number, "said": said, "why": why, "most": MOST_SHOWN}
    try:
        if asked.get("step") == "search":
            shown["found"] = _search(visit, said)
        elif asked.get("step") in ("choose", "link"):
            shown["patient"] = _read(visit, said["pms"])
            shown["preview"] = link_patient(visit.ledger, visit.practice_id, patient_ref, said["pms"], visit.order(why))
            if asked.get("step") == "link":
                if why:
                    return _link(visit, number, patient_ref, said["pms"], why)
                shown["wrong"] = "Say why: the reason is kept with your name."
    except (ConfigurationError, Transient) as error:
        shown["wrong"] = str(error)
    known = find_known(visit.ledger, console().secrets.keys, visit.practice_id, patient_ref)
    if known or "patient" in shown:
        console().note_sign_in(SignIn.LOOKED_AT, visit.rights.name, subject=f"{visit.practice_id} e:{number}")
    return visit.shown(
        "link.html", status=422 if "wrong" in shown else 200, known=known, entry_id=f"e:{number}", **shown
    )


def _patient_of(visit: Visit, number: int) -> str:
    """The surrogate of an entry's patient. Raises Http404 for an entry of nobody."""
    wanted = f"e:{number}"
    for event in story_of(visit, wanted).events:
        for entry in event.entries:
            if entry.id == wanted and entry.patient_ref is not None:
                return entry.patient_ref
    raise Http404


def _search(visit: Visit, said: dict[str, str]) -> Any:
    try:
        born = date.fromisoformat(said["born"]) if said["born"] else None
    except ValueError:
        raise ConfigurationError("this is no day of birth: write it like 1980-03-04") from None
    reading = search_patients(
        visit.ledger,
        console().settings,
        visit.practice_id,
        first_name=said["first_name"],
        last_name=said["last_name"],
        birth_date=born,
    )
    with console().asking_other_systems():
        found = asyncio.run(reading)
    console().note_sign_in(SignIn.SEARCHED, visit.rights.name, subject=visit.practice_id)
    return found


def _read(visit: Visit, pms_patient_id: str) -> Any:
    if not pms_patient_id:
        raise ConfigurationError("choose a patient first")
    with console().asking_other_systems():
        return asyncio.run(read_patient(visit.ledger, console().settings, visit.practice_id, pms_patient_id))


def _link(visit: Visit, number: int, patient_ref: str, pms_patient_id: str, why: str) -> HttpResponse:
    order = visit.order(why, apply=True)
    done = link_patient(visit.ledger, visit.practice_id, patient_ref, pms_patient_id, order)
    messages.success(visit.request, f"Linked. Payments that waited for it and go on: {done.released}.")
    return redirect("story", practice_id=visit.practice_id, sought=f"e:{number}")

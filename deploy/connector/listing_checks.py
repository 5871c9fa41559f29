"""Conformance: a connector that lists patients shows each of them once, and the list ends."""

from __future__ import annotations

from typing import Final

from deploy.connector.trial import Trial
from schemas.connector.records import PatientPage, PatientsAfter

MOST_PAGES: Final = 2_000
"""A million patients; a list that goes on has no end."""


async def run(trial: Trial) -> None:
    """Every page, where the document says that there is such a list. Writes nothing."""
    if trial.said is None or not trial.said.lists_patients:
        return
    seen: list[str] = []
    begun: list[str | None] = []
    after, found = None, ""
    while after not in begun and len(begun) < MOST_PAGES:
        begun.append(after)
        answer = await trial.client.call("POST", "/patients/list", PatientsAfter(after=after))
        page = answer.read(PatientPage) if answer.status == 200 else None
        if page is None:
            found = answer.said()
            break
        seen += [each.patient_id for each in page.patients]
        after = page.next_after
        if after is None:
            break
    else:
        found = "the list has no end"
    missing = "" if trial.patient in seen else "the test patient is on no page"
    twice = "" if len(seen) == len(set(seen)) else f"{len(seen)} patients, {len(set(seen))} of them different"
    found = found or missing or twice
    trial.note(
        "lists its patients",
        not found,
        found,
        "answer /patients/list with every patient once, each page after `after`, the last without next_after; or leave "
        "lists_patients out of the document",
    )

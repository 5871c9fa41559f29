"""Reads a connector's patients in pages, where its document says that it lists them (RD-1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.connector.records import PatientPage
from sinks.targets.port import ReadFailed, Scope
from sinks.targets.reading import Identity, MirrorPage, MirrorPatient, PageRequest, ReadKind, bounded

NOT_LISTED: Final = "the practice's connector does not list patients: its capability document does not say so"


def unread_under(config: object) -> Mapping[ReadKind, str]:
    """What this one connector cannot be asked, by the document that is stored with its connection. Pure."""
    document = config.get("document") if isinstance(config, dict) else None
    lists = isinstance(document, dict) and document.get("lists_patients") is True
    return {} if lists else {ReadKind.PATIENTS: NOT_LISTED}


def page_of(page: PatientPage, request: PageRequest) -> MirrorPage | ReadFailed:
    """The page as the mirror keeps it; a list whose next page is this one has no end. The contract has one name, which
    stands as the family's. Pure."""
    if page.next_after is not None and page.next_after == request.position:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_WITHOUT_END")
    patients = tuple(
        MirrorPatient(
            pms_patient_id=each.patient_id,
            guarantor_id=None if each.guarantor_id == each.patient_id else each.guarantor_id,
            in_use=each.in_use,
            identity=Identity(family_name=bounded(each.name), birth_date=each.birth_date),
        )
        for each in page.patients
    )
    return MirrorPage(patients=patients, next_position=page.next_after, whole_from=request.window_from)

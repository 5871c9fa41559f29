"""Patient events: identity changed. Patients are named by surrogates alone."""

from __future__ import annotations

from typing import ClassVar

from schemas.events.envelope import Event, Part


class ExternalId(Part, frozen=True, kw_only=True):
    system: str
    id: str


class PatientChanged(Event, frozen=True, kw_only=True):
    stream: ClassVar[str] = "patients"
    patient_ref: str
    identity: str
    external_ids: tuple[ExternalId, ...] = ()
    merged_into: str | None = None

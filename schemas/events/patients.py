"""Patient events: identity changed. Patients are named by surrogates alone."""

from __future__ import annotations

from typing import ClassVar

from schemas.events.envelope import Event, Part


class ExternalId(Part, frozen=True, kw_only=True):
    """The patient's id in another system."""

    system: str
    id: str


class PatientChanged(Event, frozen=True, kw_only=True):
    """Identity of a patient as a compact JWE to our public key (`schemas.identity_keys`), or a merge into another
    surrogate."""

    stream: ClassVar[str] = "patients"
    patient_ref: str
    identity: str
    external_ids: tuple[ExternalId, ...] = ()
    merged_into: str | None = None

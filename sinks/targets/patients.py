"""The ports by which a target is asked for patients, before somebody links one (L-6, RD-7)."""

from __future__ import annotations

from datetime import date
from typing import Final, Protocol, runtime_checkable

import msgspec

from sinks.targets.port import ReadFailed

MOST_FOUND: Final = 100
"""Patients of one search: one page of every system. Who finds so many says more of the name."""
NAME_LIMIT: Final = 200
"""Characters of a name that are shown."""


class PatientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A patient of the practice's system, as a person at the screen is shown it. Never stored, logged or published."""

    name: str
    in_use: bool
    """Neither archived nor deleted: a record that was merged into another takes nothing more."""

    def __repr__(self) -> str:
        return f"PatientRecord(in_use={self.in_use})"


@runtime_checkable
class ReadsPatients(Protocol):
    """An adapter whose target can be asked. May be called by commands; never by the poster."""

    async def patient(self, pms_patient_id: str, deadline_s: float) -> PatientRecord | ReadFailed | None:
        """One read. None: the practice has no such patient."""
        ...


class PatientQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a person knows of a patient: at least one name. Never stored or logged."""

    first_name: str = ""
    last_name: str = ""
    birth_date: date | None = None

    def __repr__(self) -> str:
        return "PatientQuery()"


class FoundPatient(msgspec.Struct, frozen=True, kw_only=True):
    """A patient of the practice's system, as a person chooses among them. Never stored, logged or published."""

    pms_patient_id: str
    name: str
    birth_date: date | None
    in_use: bool | None
    """None: the system's list does not say."""

    def __repr__(self) -> str:
        return f"FoundPatient(in_use={self.in_use})"


@runtime_checkable
class SearchesPatients(Protocol):
    """An adapter whose target can be searched. May be called by commands; never by the poster."""

    async def search_patients(self, query: PatientQuery, deadline_s: float) -> tuple[FoundPatient, ...] | ReadFailed:
        """One read of MOST_FOUND patients at most, by parts of their names, whatever the case of letters."""
        ...

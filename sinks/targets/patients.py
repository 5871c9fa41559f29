"""The port by which a target says who a patient is, before somebody links one (L-6)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from sinks.targets.port import ReadFailed


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

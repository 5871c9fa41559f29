"""Searches an office's patients by parts of their names or the day of birth (README section 3). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from sinks.targets.foreign_values import is_id, parsed_day
from sinks.targets.open_dental import merged_patients
from sinks.targets.patients import MOST_FOUND, NAME_LIMIT, FoundPatient, PatientQuery


def search_url(query: PatientQuery) -> str:
    """The vendor's short list: names are matched by parts, whatever the case of letters."""
    wanted = {
        "LName": query.last_name,
        "FName": query.first_name,
        "Birthdate": "" if query.birth_date is None else query.birth_date.isoformat(),
    }
    return (
        f"/patients/Simple?{urlencode({name: text for name, text in wanted.items() if text} | {'Limit': MOST_FOUND})}"
    )


def found_patients(rows: Iterable[Mapping[str, Any]]) -> tuple[FoundPatient, ...]:
    """Rows without a usable number are nobody whom one could link."""
    return tuple(
        FoundPatient(
            pms_patient_id=str(row["PatNum"]),
            name=" ".join(str(row.get(part) or "") for part in ("FName", "LName")).strip()[:NAME_LIMIT],
            birth_date=parsed_day(row.get("Birthdate")),
            in_use=merged_patients.is_living(row, row["PatNum"]),
        )
        for row in rows
        if is_id(str(row.get("PatNum", "")))
    )[:MOST_FOUND]

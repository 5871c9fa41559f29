"""Searches a location's patients by name or the day of birth (README section 3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sinks.targets.foreign_values import is_id, parsed_day
from sinks.targets.patients import MOST_FOUND, NAME_LIMIT, FoundPatient, PatientQuery


def search_fields(query: PatientQuery) -> dict[str, str]:
    """Of this location alone: without `location_strict` the service lists those of the whole server."""
    wanted = {
        "name": f"{query.first_name} {query.last_name}".strip(),
        "date_of_birth": "" if query.birth_date is None else query.birth_date.isoformat(),
    }
    return {name: text for name, text in wanted.items() if text} | {
        "location_strict": "true",
        "per_page": str(MOST_FOUND),
    }


def found_patients(document: Mapping[str, Any]) -> tuple[FoundPatient, ...] | None:
    """Of the list's first page; None where the document holds no list."""
    rows = document.get("data")
    if not isinstance(rows, list):
        return None
    return tuple(
        FoundPatient(
            pms_patient_id=str(row["id"]),
            name=" ".join(str(row.get(part) or "") for part in ("first_name", "last_name")).strip()[:NAME_LIMIT],
            birth_date=parsed_day(row.get("date_of_birth")),
            in_use=row.get("inactive") is not True,
        )
        for row in rows
        if isinstance(row, dict) and is_id(str(row.get("id", "")))
    )[:MOST_FOUND]

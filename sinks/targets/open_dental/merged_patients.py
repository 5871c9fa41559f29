"""Reads back an entry whose patient staff may have merged into another record (law 19).

The merge moves every row to the record that is kept and archives the other, which the vendor then advises to delete
(manual, Merge Patients). No read of the API says into whom. But payments (from 23.3.11), notes (from 25.1.13) and
procedures are listed without a patient too; adjustments are not (pages API Payments, Commlogs, ProcedureLogs,
Adjustments). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from sinks.targets.open_dental.find_entries import CHARGES, NOTES, PAGE, PAYMENTS, Resource, earliest_day
from sinks.targets.port import TargetEntry

MOST_PAGES: Final = 30
"""Of the whole office's list: 3,000 rows are weeks of a large office, and a read a second stays below its deadline."""
_LIVING: Final = frozenset({"Patient", "NonPatient", "Inactive", "Deceased", "Prospective"})
"""Neither Archived nor Deleted."""


def everywhere_url(resource: Resource, entry: TargetEntry, offset: int) -> str | None:
    """A page of everybody's rows since no generation of this entry can have been made; None where a patient has to be
    named. Filters may be ignored, so rows are matched again."""
    since = earliest_day(entry).isoformat()
    query: dict[str, str | int]
    if resource is PAYMENTS:
        query = {"DateEntry": since}
    elif resource is CHARGES or resource is NOTES:
        query = {"DateTStamp": f"{since} 00:00:00"}
    else:
        return None
    return f"{resource.path}?{urlencode(query | {'Limit': PAGE, 'Offset': offset})}"


def is_living(row: Mapping[str, Any], patient: int) -> bool:
    """Whether a patient's record says that it is in use: nothing was merged away from it."""
    return str(row.get("PatNum")) == str(patient) and row.get("PatStatus") in _LIVING

"""Reads a location's patients, payments and adjustments in pages: what changed since a watermark (README section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sinks.targets.foreign_values import is_id, parsed_day, parsed_instant
from sinks.targets.nexhealth.client import Query, Row
from sinks.targets.nexhealth.find_entries import ADJUSTMENTS, PAYMENTS, Ledger, Line
from sinks.targets.nexhealth.request_text import ORIGINATOR, id_of, in_ledger
from sinks.targets.reading import (
    Identity,
    MirrorEntry,
    MirrorPage,
    MirrorPatient,
    PageRequest,
    ReadKind,
    bounded,
    contacts,
)

OVERLAP: Final = timedelta(hours=2)
"""What the practice's system says reaches the service a read cycle later, and our clocks may differ."""
PATHS: Final = {
    ReadKind.PATIENTS: "/patients",
    ReadKind.PAYMENTS: PAYMENTS.path,
    ReadKind.ADJUSTMENTS: ADJUSTMENTS.path,
}
LISTS: Final = {ReadKind.PAYMENTS: PAYMENTS.prefix, ReadKind.ADJUSTMENTS: ADJUSTMENTS.prefix}
_LEDGERS: Final = {ReadKind.PAYMENTS: PAYMENTS, ReadKind.ADJUSTMENTS: ADJUSTMENTS}


def query_of(request: PageRequest) -> Query:
    """What a page asks for, without the cursor. Deleted entries too: they say so, and nothing else proves it."""
    since = None if request.since is None else parsed_instant(request.since)
    if request.kind is ReadKind.PATIENTS:
        return {"location_strict": "true"} | ({} if since is None else {"updated_since": instant(since - OVERLAP)})
    window = datetime(*request.window_from.timetuple()[:3], tzinfo=UTC)
    begins = window if since is None else max(window, since - OVERLAP)
    return {"updated_since": instant(begins), "include_deleted": "true"}


def page_of(rows: Sequence[Row], following: str | None, request: PageRequest, location: int) -> MirrorPage:
    """The page's rows as the mirror keeps them. Absence says nothing: reads lag, and a practice may be read anew."""
    watermark = instant(request.at)
    ledger = _LEDGERS.get(request.kind)
    if ledger is None:
        people = [_patient(row, location) for row in rows]
        read = tuple(each for each in people if each is not None)
        return MirrorPage(patients=read, next_position=following, watermark=watermark, skipped=len(people) - len(read))
    lines = [Line(ledger, row) for row in rows if is_here(row, location)]
    # What never reached the practice's system does not stand there.
    entries = [_entry(line, ledger) for line in lines if line.is_deleted or line.is_in_practice]
    found = tuple(each for each in entries if each is not None)
    return MirrorPage(entries=found, next_position=following, watermark=watermark, skipped=len(entries) - len(found))


def _patient(row: Row, location: int) -> MirrorPatient | None:
    number = id_of(str(row.get("id")))
    if number is None:
        return None
    guarantor = id_of(str(row.get("guarantor_id")))
    bio = row.get("bio")
    details = bio if isinstance(bio, dict) else {}
    locations = row.get("location_ids")
    here = not isinstance(locations, list) or str(location) in {str(each) for each in locations}
    return MirrorPatient(
        pms_patient_id=str(number),
        guarantor_id=None if guarantor in (None, number) else str(guarantor),
        in_use=row.get("inactive") is not True and row.get("deleted_at") is None and here,
        identity=Identity(
            given_name=bounded(row.get("first_name")),
            family_name=bounded(row.get("last_name")),
            birth_date=parsed_day(details.get("date_of_birth")),
            phones=contacts(
                details.get("phone_number"),
                details.get("cell_phone_number"),
                details.get("home_phone_number"),
                details.get("work_phone_number"),
            ),
            emails=contacts(row.get("email")),
        ),
    )


def _entry(line: Line, ledger: Ledger) -> MirrorEntry | None:
    row, minor = line.row, line.minor
    patient = id_of(str(row.get("patient_id")))
    on, changed = parsed_day(row.get(ledger.date)), parsed_day(row.get("updated_at"))
    if patient is None or minor is None or on is None or not is_id(line.external_id):
        return None
    transaction = row.get("transaction_id")
    return MirrorEntry(
        external_id=line.external_id,
        pms_patient_id=str(patient),
        amount_minor=in_ledger(minor),
        entry_date=on,
        made_on=changed or on,
        marked=isinstance(transaction, str) and transaction.startswith(ORIGINATOR),
        deleted=line.is_deleted,
    )


def is_here(row: Row, location: int) -> bool:
    return row.get("location_id") is None or str(row.get("location_id")) == str(location)


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The lists and records of the service: filters, cursors, and the envelope around them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime

from deploy.sandbox.exchange import Answer, Document, Incoming, RefusedError, as_json
from deploy.sandbox.nexhealth.location import Location, shown

KNOWN = frozenset({"subdomain", "location_id", "per_page", "start_cursor", "end_cursor", "sort", "include_deleted"})
DEFAULT_PAGE = 5

LEDGER_FILTERS = ("patient_id", "provider_id", "guarantor_id", "charge_id", "claim_id", "updated_since")
FILTERS: dict[str, tuple[str, ...]] = {
    "payments": (*LEDGER_FILTERS, "transaction_id"),
    "adjustments": LEDGER_FILTERS,
    "charges": LEDGER_FILTERS,
    "procedures": ("patient_id", "provider_id", "appointment_id", "updated_since"),
}
"""Lists that ask for at least one of these. Adjustments have no filter by transaction."""
WINDOW = ("start", "end", "patient_id", "provider_id", "cancelled", "unavailable", "updated_since")


def listed(table: str, location: Location, incoming: Incoming) -> Answer:
    """A page. An unknown parameter is told in `error`, on an answer that is a success all the same."""
    query = incoming.query
    allowed = (
        WINDOW
        if table == "appointments"
        else FILTERS.get(table, ("active", "inactive", "name", "foreign_id", "location_strict", "updated_since"))
    )
    if table in FILTERS and not any(query.get(name) for name in allowed):
        raise RefusedError(400, "At least one filter must be provided.")
    rows = [row for row in location.visible(table) if _chosen(table, location, row, query)]
    unknown = sorted(set(query) - KNOWN - set(allowed))
    start = _offset(query.get("end_cursor", ""))
    size = min(_whole(query.get("per_page", str(DEFAULT_PAGE))), location.settings.page_cap)
    page = rows[start : start + size]
    return as_json(
        200,
        {
            "code": True,
            "description": "",
            "error": [f"Unexpected parameter: {name}" for name in unknown] or ["Deprecated response field: count"],
            "data": [shown(row) for row in page],
            "page_info": {
                "has_previous_page": start > 0,
                "has_next_page": start + size < len(rows),
                "start_cursor": _cursor(start),
                "end_cursor": _cursor(start + len(page)),
            },
        },
    )


def appointments(location: Location, incoming: Incoming) -> Answer:
    """`GET /appointments?start=&end=`: those that start within the window, whose ends are required."""
    if not all(_instant(incoming.query.get(name, "")) for name in ("start", "end")):
        raise RefusedError(400, "start and end are required.")
    return listed("appointments", location, incoming)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def single(table: str, location: Location, incoming: Incoming) -> Answer:
    """One record by its number."""
    number = int(incoming.parts["number"])
    row = next((each for each in location.visible(table) if each["id"] == number), None)
    if row is None:
        raise RefusedError(404, f"{table[:-1].capitalize()} not found")
    return as_json(200, {"code": True, "description": "", "error": [], "data": shown(row), "count": 1})


def sync_status(location: Location, incoming: Incoming) -> Answer:
    """`GET /sync_status`: one synchronizer, which serves this location."""
    settings = location.settings
    row = {
        "institution_id": 1,
        "sync_source_type": "DataSource",
        "sync_source_name": settings.name,
        "emr": {"id": 11, "name": settings.system.lower(), "display_name": settings.system, "type": "onprem"},
        "read_status": settings.reads,
        "read_status_at": location.synced_at(),
        "write_status": settings.writes,
        "write_status_at": location.synced_at(),
        "locations": [{"id": settings.location_id, "name": settings.name}],
    }
    return as_json(200, {"code": True, "description": "", "error": [], "data": [row], "count": 1})


def guarantor_balances(location: Location, incoming: Incoming) -> Answer:
    """`GET /guarantor_balances?guarantor_id=`: what a family owes; zero is hidden unless asked for."""
    number = incoming.query.get("guarantor_id", "")
    if not number:
        raise RefusedError(400, "At least one filter must be provided.")
    family = {row["id"] for row in location.tables["patients"].values() if str(_guarantor(row)) == number}
    owed = sum(owed_minor(location, patient) for patient in family)
    rows = [] if owed == 0 and incoming.query.get("show_zero_balances") != "true" else [_balance(number, owed)]
    return as_json(200, {"code": True, "description": "", "error": [], "data": rows, "count": len(rows)})


def _balance(number: str, owed: int) -> Document:
    amount = {"amount": f"{'-' if owed < 0 else ''}{abs(owed) // 100}.{abs(owed) % 100:02d}", "currency": "USD"}
    return {"id": 1, "guarantor_id": int(number), "guarantor_portion": amount, "total_balance": amount}


def owed_minor(location: Location, patient: int) -> int:
    """Cents that a patient owes in the practice's own ledger."""
    total = 0
    for table, amount in (
        ("charges", "fee"),
        ("payments", "payment_amount"),
        ("adjustments", "adjustment_amount"),
    ):
        for row in location.tables[table].values():
            if row["patient_id"] == patient and row["deleted_at"] is None and row["foreign_id"]:
                total += cents_of(row[amount]["amount"])
    return total


def cents_of(text: str) -> int:
    whole, _, rest = text.lstrip("-").partition(".")
    return (-1 if text.startswith("-") else 1) * (int(whole) * 100 + int((rest + "00")[:2]))


def _guarantor(row: Document) -> int:
    return int(row["guarantor_id"] or row["id"])


_EXACT: Mapping[str, Callable[[Document, str], bool]] = {
    name: lambda row, wanted, field=name: str(row.get(field)) == wanted  # type: ignore[misc]
    for name in (
        *("patient_id", "provider_id", "guarantor_id", "charge_id", "claim_id", "transaction_id", "foreign_id"),
        "appointment_id",
    )
}


def _chosen(table: str, location: Location, row: Document, query: Mapping[str, str]) -> bool:
    if row.get("deleted_at") is not None and query.get("include_deleted") != "true":
        return False
    if table in ("payment_types", "adjustment_types"):
        return bool(row["active"]) is (query.get("active", "true") == "true")
    if table == "providers":
        return bool(row["inactive"]) is (query.get("inactive", "false") == "true")
    if table == "patients" and query.get("location_strict") == "true" and not location.is_here(row):
        return False
    if (since := query.get("updated_since")) and row.get("updated_at", "") < since.replace("Z", ""):
        return False
    if table == "appointments":
        begins, ends, at = (_instant(text) for text in (query["start"], query["end"], row["start_time"]))
        if begins is None or ends is None or at is None or not begins <= at <= ends:
            return False
    if name := query.get("name", "").casefold():
        return name in f"{row.get('first_name', '')} {row.get('last_name', '')}".casefold()
    known = ("patient_id", "provider_id") if table == "appointments" else FILTERS.get(table, ("foreign_id",))
    return all(matches(row, query[each]) for each, matches in _EXACT.items() if each in known and query.get(each))


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"row:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return _whole(base64.urlsafe_b64decode(cursor).decode().removeprefix("row:"))
    except ValueError as error:
        raise RefusedError(400, "The cursor is invalid.") from error


def _whole(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 1_000_000:
        raise RefusedError(400, "A number is invalid.")
    return int(text)

"""Reading a request's fields as the vendor does: strictly, with an explanation in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from deploy.sandbox.exchange import Document, Incoming, RefusedError, decoded, minor_units
from deploy.sandbox.open_dental.office import Office

LONGEST_CHECK_NUMBER = 25
"""Width of the column; what the vendor does with more is unproven, so the sandbox refuses it."""


def body_of(incoming: Incoming, known: frozenset[str]) -> Document:
    """The JSON object of a POST or PUT; unknown fields are ignored, as in the vendor's service."""
    try:
        document = decoded(incoming.body)
    except ValueError as error:
        raise RefusedError(400, "Request body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise RefusedError(400, "Request body must be a JSON object.")
    return {name: value for name, value in document.items() if name in known}


def whole_number(document: Mapping[str, Any], name: str, required: bool = False) -> int | None:
    """An integer given as number or string of digits."""
    value = document.get(name)
    if value is None or value == "":
        if required:
            raise RefusedError(400, f"{name} is required.")
        return None
    if isinstance(value, bool):
        raise RefusedError(400, f"{name} is invalid.")
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise RefusedError(400, f"{name} is invalid.") from error


def amount(document: Mapping[str, Any], name: str) -> int:
    """Cents of a required amount, string or number."""
    if document.get(name) in (None, ""):
        raise RefusedError(400, f"{name} is required.")
    cents = minor_units(document[name])
    if cents is None:
        raise RefusedError(400, f"{name} is invalid.")
    return cents


def day(document: Mapping[str, Any], name: str) -> date | None:
    """A date in `yyyy-MM-dd`."""
    value = document.get(name)
    if value in (None, ""):
        return None
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError(name)
        return date.fromisoformat(value)
    except ValueError as error:
        raise RefusedError(400, f"{name} must be in yyyy-MM-dd format.") from error


def text(document: Mapping[str, Any], name: str, longest: int | None = None) -> str:
    """A string on one line: the vendor turns line breaks into spaces and stores 3-byte UTF-8 only."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError(400, f"{name} must be a string.")
    if any(ord(character) > 0xFFFF for character in value):
        raise RefusedError(400, f"{name} contains an invalid character.")
    if longest is not None and len(value) > longest:
        raise RefusedError(400, f"{name} is too long.")
    return value.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def yes(document: Mapping[str, Any], name: str) -> bool:
    """Booleans are the strings "true" and "false"."""
    value = document.get(name)
    if value in (None, "false"):
        return False
    if value == "true":
        return True
    raise RefusedError(400, f'{name} must be "true" or "false".')


def living_patient(office: Office, number: int | None) -> Document:
    """The patient, or 404; a deleted patient cannot be modified (400)."""
    if number is None:
        raise RefusedError(400, "PatNum is required.")
    patient = office.patient(number)
    if patient is None:
        raise RefusedError(404, "Patient not found.")
    if patient["PatStatus"] == "Deleted":
        raise RefusedError(400, "Patient is deleted.")
    return patient


def listed_patient(office: Office, query: Mapping[str, Any]) -> int | None:
    """Whose rows a list is to show; None: everybody's, which an older version does not have."""
    patient = whole_number(query, "PatNum")
    if patient is None and office.settings.lists_need_patient:
        raise RefusedError(400, "PatNum is required.")
    return patient


def definition(office: Office, number: int, category: int) -> Document | None:
    row = office.tables["definitions"].get(number)
    return row if row is not None and row["Category"] == category else None


def page(office: Office, incoming: Incoming, rows: list[Document]) -> list[Document]:
    """`Limit` (capped) and `Offset`; fewer rows than the cap mean the last page."""
    limit = whole_number(incoming.query, "Limit")
    offset = whole_number(incoming.query, "Offset") or 0
    if offset < 0 or (limit is not None and limit < 0):
        raise RefusedError(400, "Limit and Offset must not be negative.")
    cap = office.settings.page_cap
    return rows[offset : offset + (cap if limit is None else min(limit, cap))]

"""Reads whether an entry still stands as it was written, before another one takes it back (R-20)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.bookkeeping.money import MoneyError, parse_decimal
from sinks.targets.nexhealth import answers
from sinks.targets.nexhealth.client import LocationClient, Query
from sinks.targets.nexhealth.find_entries import LEDGERS, PAYMENTS, Ledger, Line
from sinks.targets.nexhealth.request_text import id_of
from sinks.targets.port import OriginReading, OriginState, ReadFailed, TargetEntry

_STANDS: Final = OriginReading(state=OriginState.STANDS)
_GONE: Final = OriginReading(state=OriginState.GONE)
_CHANGED: Final = OriginReading(state=OriginState.CHANGED)


class _Fields(msgspec.Struct, frozen=True):
    """What of a request is compared."""

    patient_id: int
    transaction_id: str
    amount: msgspec.Raw
    paid_at: str = ""
    adjusted_at: str = ""


class _Request(msgspec.Struct, frozen=True):
    payment: _Fields | None = None
    adjustment: _Fields | None = None


class _Written(msgspec.Struct, frozen=True):
    ledger: Ledger
    number: str
    patient: int
    transaction: str
    minor: int
    day: str


async def read_origin(client: LocationClient, entry: TargetEntry, ends_at: float) -> OriginReading | ReadFailed:
    """Deleted rows are asked for too: gone is only what is said to be deleted. Nothing at all is unreadable, because
    reads may lag and a practice's ledger may be read anew."""
    written = _written(entry)
    if written is None:
        return answers.unreadable("ORIGINAL_UNKNOWN")
    rows = await client.rows(written.ledger.path, _query(written), ends_at)
    if isinstance(rows, ReadFailed):
        return rows
    lines = [Line(written.ledger, row) for row in rows]
    mine = [
        line
        for line in lines
        if line.row.get("transaction_id") == written.transaction or line.external_id == entry.origin_id
    ]
    if not mine:
        return answers.unreadable("ORIGINAL_NOT_READ")
    standing = [line for line in mine if not line.is_deleted]
    return _compared(standing, written) if standing else _GONE


def _written(entry: TargetEntry) -> _Written | None:
    prefix, _, number = (entry.origin_id or "").partition("/")
    ledger = LEDGERS.get(prefix)
    if ledger is None or id_of(number) is None or entry.origin is None:
        return None
    try:
        request = msgspec.json.decode(entry.origin.body, type=_Request)
        fields = request.payment or request.adjustment
        if fields is None:
            return None
        minor = parse_decimal(bytes(fields.amount).decode()).minor
    except (msgspec.MsgspecError, MoneyError, UnicodeDecodeError):
        return None
    day = (fields.paid_at or fields.adjusted_at)[:10]
    return _Written(ledger, number, fields.patient_id, fields.transaction_id, minor, day)


def _query(written: _Written) -> Query:
    if written.ledger is PAYMENTS:
        return {"transaction_id": written.transaction, "include_deleted": "true"}
    return {"patient_id": str(written.patient), "include_deleted": "true"}


def _compared(lines: list[Line], written: _Written) -> OriginReading:
    """Amount, sign, date and patient; the rest is daily work (R-20)."""
    amounts = [line.minor for line in lines]
    if None in amounts or sum(amount for amount in amounts if amount is not None) != written.minor:
        return _CHANGED
    same = all(_is_as_written(line.row, written) for line in lines)
    return _STANDS if same else _CHANGED


def _is_as_written(row: dict[str, Any], written: _Written) -> bool:
    return (
        str(row.get("patient_id")) == str(written.patient)
        and str(row.get(written.ledger.date) or "")[:10] == written.day
    )

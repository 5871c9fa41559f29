"""Stamps: how far the ledger had come at an instant, as a header of published records and in a poster's file."""

from __future__ import annotations

import re
from typing import Final

import msgspec

HEADER: Final = "wb-ledger-stamp"
"""On every record that the relay publishes."""

_FORM: Final = re.compile(rb"([0-9]{1,9})/(-?[0-9]{1,19})/([0-9]{1,10})/([0-9]{1,19})", re.ASCII)


class LedgerStamp(msgspec.Struct, frozen=True):
    """The era and the server that it belongs to, and a position of its write-ahead log that was on disk."""

    era: int
    system_id: int
    timeline: int
    lsn: int
    """Bytes since the beginning of the log (`pg_current_wal_flush_lsn()`): what a crash cannot take back, so that only
    a database that was set back is behind it."""


class LastMark(msgspec.Struct, frozen=True):
    """The entry that a poster marked last: a ledger that does not know the mark has been set back to before it."""

    practice_id: str
    effect_id: int
    epoch: int


def header_value(stamp: LedgerStamp) -> str:
    """Pure."""
    return f"{stamp.era}/{stamp.system_id}/{stamp.timeline}/{stamp.lsn}"


def parse_header(value: bytes) -> LedgerStamp | None:
    """None for what is no stamp: a header proves nothing by being there. Pure."""
    found = _FORM.fullmatch(value)
    return LedgerStamp(*map(int, found.groups())) if found else None


def highest(stamps: list[LedgerStamp]) -> tuple[LedgerStamp, ...]:
    """The highest stamp of each era and server. Pure."""
    found: dict[tuple[int, int, int], LedgerStamp] = {}
    for stamp in stamps:
        key = (stamp.era, stamp.system_id, stamp.timeline)
        if key not in found or found[key].lsn < stamp.lsn:
            found[key] = stamp
    return tuple(found.values())

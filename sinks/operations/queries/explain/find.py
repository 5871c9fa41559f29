"""Finds the payment or payout that an id names, whatever kind of id it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, LiteralString

import msgspec
from psycopg.errors import QueryCanceled

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Connection
from sinks.operations.queries.explain.record import About, GolivePost
from sinks.targets.catalogue import ID_PREFIXES
from streams.runtime.errors import ConfigurationError

LOOKED_FOR: Final = (
    "an event's id",
    "a payment, refund, return, dispute, membership or payout's id",
    "an entry's number (like e:42)",
    "the number of an entry or document at the target (like deposit/101)",
    "the marker that an entry carries there (like WB and 16 characters)",
    "the test post of a go-live check",
    "a record that was never understood or stored",
)
_ENTRY: Final = re.compile(r"^e:([0-9]{1,18})$")
_MARKER: Final = re.compile(r"^WB([A-Z2-7]{16})$")
_SQL: Final = named_queries("sinks.operations.queries.explain", "explain.sql")


class _RefusedRecord(msgspec.Struct, frozen=True):
    """A record that became no event."""

    practice_id: str
    event_id: str


def find(connection: Connection, sought: str, practice_id: str | None) -> list[About]:
    """Every payment and payout that the id may name. Blocks for one to three statements.

    Cheapest first; a marker and records that became no event are looked for only when nothing else has the id. Raises
    ConfigurationError where looking in every practice takes too long.
    """
    entry, marker = _ENTRY.match(sought), _MARKER.match(sought)
    where = {"practice_id": practice_id}
    known = {"id": sought, "external_ids": _external_ids(sought), "effect_id": int(entry.group(1)) if entry else None}
    found = _asked(connection, _SQL["known"], where | known)
    if not found and marker:
        found = _asked(connection, _SQL["marked"], where | {"request": marker.group(1)})
    if not found:
        records = fetch_all(connection, _RefusedRecord, _SQL["dead_records_named"], where | {"id": sought})
        found = [About(each.practice_id, each.event_id, False, ("dead letter",)) for each in records]
    return found


def _asked(connection: Connection, query: LiteralString, wanted: Mapping[str, Any]) -> list[About]:
    try:
        return fetch_all(connection, About, query, wanted)
    except QueryCanceled as error:
        raise ConfigurationError(
            "looking for this id in every practice takes too long: name the practice with --practice"
        ) from error


def find_golive_posts(connection: Connection, sought: str, practice_id: str | None) -> list[GolivePost]:
    """The test posts of go-live checks with this number or marker at the target. Blocks for one statement."""
    marker = _MARKER.match(sought)
    wanted = {"external_ids": _external_ids(sought), "request": marker.group(1) if marker else None}
    return fetch_all(connection, GolivePost, _SQL["golive_posts"], {"practice_id": practice_id} | wanted)


def _external_ids(sought: str) -> list[str]:
    return [sought] if "/" in sought else [sought, *(f"{place}/{sought}" for place in ID_PREFIXES)]

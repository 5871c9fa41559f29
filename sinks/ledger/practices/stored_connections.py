"""Reads the connections that practices use for their targets."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import Source, fetch_all, fetch_one, fetch_value
from sinks.targets.route import StoredConnection

_SQL: Final = named_queries("sinks.ledger.practices", "connections.sql")


class ListedConnection(msgspec.Struct, frozen=True):
    """A connection without its secret."""

    practice_id: str
    target: Target
    connection_id: str
    route: str
    base_url: str
    enabled: bool
    closed_reason: str | None
    changed_at: datetime


def stored_connection(source: Source, practice_id: str, target: Target) -> StoredConnection | None:
    """What opens the practice's target; the secret is still sealed. None where nothing is connected. Blocks."""
    parameters = {"practice_id": practice_id, "target": target.value}
    return fetch_one(source, StoredConnection, _SQL["stored_connection"], parameters)


def stored_fingerprint(source: Source, practice_id: str, target: Target) -> str | None:
    """Which account is connected now; None where there is none. Blocks."""
    found: str | None = fetch_value(
        source, _SQL["stored_fingerprint"], {"practice_id": practice_id, "target": target.value}
    )
    return found


def list_connections(source: Source, practice_id: str | None) -> list[ListedConnection]:
    """All connections, or one practice's. Reads no secret. Blocks."""
    return fetch_all(source, ListedConnection, _SQL["list_connections"], {"practice_id": practice_id})

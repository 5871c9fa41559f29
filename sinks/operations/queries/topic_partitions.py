"""Reads the partition counts that the ledger was started with: no topic may have another one since (law 12)."""

from __future__ import annotations

from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.schema.database import connect

_SQL: Final = named_queries("sinks.operations.queries", "topic_partitions.sql")


class FixedPartitions(msgspec.Struct, frozen=True):
    topic: str
    partitions: int


def fixed_partitions(database_url: str) -> dict[str, int]:
    """By the catalogue's name of a topic; empty before the ledger's first start. Blocks for a connection."""
    with connect(database_url, "topics") as connection:
        if not fetch_value(connection, _SQL["has_ledger"]):
            return {}
        return {each.topic: each.partitions for each in fetch_all(connection, FixedPartitions, _SQL["fixed"])}

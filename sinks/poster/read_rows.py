"""Runs a query on one of the poster's connections and reads its rows by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString, TypeVar

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from sinks.ledger.rows.row_factory import rows_as

R = TypeVar("R")


async def read_rows(
    connection: AsyncConnection[TupleRow], record: type[R], query: LiteralString, parameters: Mapping[str, Any]
) -> list[R]:
    """Every row of a query as a `record`, a Struct or a NamedTuple (for keys), in the caller's transaction.

    The statement is prepared: the poster runs the same few all the time. Raises psycopg.Error, and RowMismatchError
    where the query's columns and the record's fields differ.
    """
    rows: Any = rows_as(record) if issubclass(record, msgspec.Struct) else class_row(record)
    async with connection.cursor(row_factory=rows) as cursor:
        await cursor.execute(query, parameters, prepare=True)
        found: list[R] = await cursor.fetchall()
        return found

"""Runs a query on one of the poster's connections and reads its rows by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString, TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from sinks.ledger.rows.row_factory import rows_as

R = TypeVar("R")


async def read_rows(
    connection: AsyncConnection[TupleRow], record: type[R], query: LiteralString, parameters: Mapping[str, Any]
) -> list[R]:
    """Every row of a query as a `record`, in the caller's transaction.

    The statement is prepared: the poster runs the same few all the time. Raises psycopg.Error, and RowMismatchError
    where the query's columns and the record's fields differ.
    """
    async with connection.cursor(row_factory=rows_as(record)) as cursor:
        await cursor.execute(query, parameters, prepare=True)
        return await cursor.fetchall()

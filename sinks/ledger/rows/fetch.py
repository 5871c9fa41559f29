"""Runs a query in the caller's transaction and reads its rows by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import scalar_row

from sinks.ledger.rows.row_factory import rows_as

R = TypeVar("R")
Source = psycopg.Cursor[Any] | psycopg.Connection[Any]
Parameters = Mapping[str, Any] | None


def fetch_all(source: Source, record: type[R], query: LiteralString, parameters: Parameters = None) -> list[R]:
    """Every row of a query as a `record`, read in the transaction of `source`. Blocks for one statement."""
    with _connection(source).cursor(row_factory=rows_as(record)) as cursor:
        return cursor.execute(query, parameters).fetchall()


def fetch_one(source: Source, record: type[R], query: LiteralString, parameters: Parameters = None) -> R | None:
    """The first row of a query as a `record`, None when there is none. Blocks for one statement."""
    with _connection(source).cursor(row_factory=rows_as(record)) as cursor:
        return cursor.execute(query, parameters).fetchone()


def fetch_values(source: Source, query: LiteralString, parameters: Parameters = None) -> list[Any]:
    """The one column of every row. Blocks for one statement."""
    with _connection(source).cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def fetch_value(source: Source, query: LiteralString, parameters: Parameters = None) -> Any:
    """The one column of the first row, None when there is no row. Blocks for one statement."""
    with _connection(source).cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(query, parameters).fetchone()


async def fetch_all_async(
    connection: psycopg.AsyncConnection[Any], record: type[R], query: LiteralString, parameters: Parameters = None
) -> list[R]:
    """`fetch_all` in an event loop."""
    async with connection.cursor(row_factory=rows_as(record)) as cursor:
        return await (await cursor.execute(query, parameters)).fetchall()


async def fetch_one_async(
    connection: psycopg.AsyncConnection[Any], record: type[R], query: LiteralString, parameters: Parameters = None
) -> R | None:
    """`fetch_one` in an event loop."""
    async with connection.cursor(row_factory=rows_as(record)) as cursor:
        return await (await cursor.execute(query, parameters)).fetchone()


async def fetch_value_async(
    connection: psycopg.AsyncConnection[Any], query: LiteralString, parameters: Parameters = None
) -> Any:
    """`fetch_value` in an event loop."""
    async with connection.cursor(row_factory=scalar_row) as cursor:
        return await (await cursor.execute(query, parameters)).fetchone()


def _connection(source: Source) -> psycopg.Connection[Any]:
    return source if isinstance(source, psycopg.Connection) else source.connection

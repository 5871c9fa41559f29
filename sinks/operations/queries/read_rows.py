"""How operator queries are run: rows as frozen records, in one place."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.rows import TupleRow, args_row

from sinks.ledger.named_queries import named_queries

Connection = psycopg.Connection[TupleRow]
R = TypeVar("R", bound=msgspec.Struct)
_SQL = named_queries("sinks.operations.queries")


def read(
    connection: Connection, query: str, record: type[R], parameters: dict[str, Any], file: str = "queries.sql"
) -> list[R]:
    """Every row of a named query as a record whose fields stand in the query's order. Blocks for one statement."""
    with connection.cursor(row_factory=args_row(record)) as cursor:
        return cursor.execute(named_queries("sinks.operations.queries", file)[query], parameters).fetchall()


def run(connection: Connection, query: str, parameters: dict[str, Any]) -> list[TupleRow]:
    """The rows of a named query that need no name, none for a statement that returns none."""
    cursor = connection.execute(_SQL[query], parameters)
    return cursor.fetchall() if cursor.description is not None else []

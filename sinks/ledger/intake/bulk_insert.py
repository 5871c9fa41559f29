"""Rows into the intake's tables: many by binary COPY, few by one JSON parameter a table (both convert nothing)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from sinks.ledger.intake.copy_rows import COLUMNS, Row

Cursor = psycopg.Cursor[TupleRow]

FEW: Final = 64
"""Up to so many rows of a table are cheaper by INSERT: a COPY takes three round trips that nothing can share."""


def _copy_statement(table: str) -> LiteralString:
    columns: LiteralString = ", ".join(COLUMNS[table])
    return f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"


def _insert_statement(table: str) -> LiteralString:
    types = COLUMNS[table]
    columns: LiteralString = ", ".join(types)
    chosen: LiteralString = ", ".join(
        f"decode({name}, 'base64')" if kind == "bytea" else name for name, kind in types.items()
    )
    read: LiteralString = ", ".join(f"{name} {'text' if kind == 'bytea' else kind}" for name, kind in types.items())
    rows: LiteralString = f"json_to_recordset(%(rows)s::json) AS r({read})"
    return f"INSERT INTO {table} ({columns}) SELECT {chosen} FROM {rows}"  # noqa: S608 - names of our own columns


_COPY: Final = {table: _copy_statement(table) for table in COLUMNS}
_INSERT: Final = {table: _insert_statement(table) for table in COLUMNS}


def _plain(value: Any) -> Any:
    if isinstance(value, Jsonb):
        return value.obj
    raise TypeError(f"a {type(value).__name__} is no column's value")


_encode: Final = msgspec.json.Encoder(enc_hook=_plain).encode


def copy(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """Blocks for three round trips; not inside a pipeline."""
    if not rows:
        return
    with cursor.copy(_COPY[table]) as copying:
        copying.set_types(list(COLUMNS[table].values()))
        for row in rows:
            copying.write_row(row)


def insert(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """One statement; inside a pipeline it does not block. Raises UnicodeEncodeError for what no database text holds."""
    if rows:
        names = list(COLUMNS[table])
        cursor.execute(_INSERT[table], {"rows": _encode([dict(zip(names, row, strict=True)) for row in rows]).decode()})

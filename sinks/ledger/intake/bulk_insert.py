"""Inserts rows into the intake's tables: many by binary COPY, few by one JSON parameter per table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Json

from sinks.ledger.intake.new_rows import COLUMNS, Row

Cursor = psycopg.Cursor[TupleRow]

FEW: Final = 64
"""Up to so many rows of a table are cheaper by INSERT: a COPY takes three round trips that nothing can share."""

_encode: Final = msgspec.json.Encoder().encode


def _json(value: Any) -> Json:
    return Json(value, dumps=_encode)


def _copy_statement(table: str) -> LiteralString:
    return f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN (FORMAT BINARY)"


def _insert_statement(table: str) -> LiteralString:
    types = COLUMNS[table]
    chosen = ", ".join(f"decode({name}, 'base64')" if kind == "bytea" else name for name, kind in types.items())
    read = ", ".join(f"{name} {'text' if kind == 'bytea' else kind}" for name, kind in types.items())
    rows = f"json_to_recordset(%(rows)s::json) AS r({read})"
    names = ", ".join(types)
    return f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {rows}"  # noqa: S608 - names of our own columns


_COPY: Final = {table: _copy_statement(table) for table in COLUMNS}
_INSERT: Final = {table: _insert_statement(table) for table in COLUMNS}
_WRAPPED: Final = {
    table: [
        (place, list if kind.endswith("[]") else _json)
        for place, kind in enumerate(types.values())
        if kind == "json" or kind.endswith("[]")
    ]
    for table, types in COLUMNS.items()
}
"""Columns whose value a COPY takes in another Python type than the record's."""


def copy(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """Blocks for three round trips; not inside a pipeline."""
    if not rows:
        return
    wrapped = _WRAPPED[table]
    with cursor.copy(_COPY[table]) as copying:
        copying.set_types(list(COLUMNS[table].values()))
        for row in rows:
            values = list(msgspec.structs.astuple(row))
            for place, wrap in wrapped:
                values[place] = wrap(values[place])
            copying.write_row(values)


def insert(cursor: Cursor, table: str, rows: Sequence[Row]) -> None:
    """One statement; inside a pipeline it does not block. Raises UnicodeEncodeError for what no database text holds."""
    if rows:
        cursor.execute(_INSERT[table], {"rows": _encode(rows).decode()})

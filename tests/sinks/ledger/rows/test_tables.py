"""Every record of `sinks.ledger.rows` is its table: the same columns, types and nulls, and no table is without one."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec
import pytest
from psycopg.rows import dict_row

from sinks.ledger.rows import TABLES
from sinks.ledger.rows.row_factory import RowMismatchError, load_for, without_null
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = pytest.mark.stack

COLUMNS = """
    SELECT CASE c.relname WHEN 'actions' THEN 'audit' ELSE c.relname END AS table, a.attname AS name,
           NOT a.attnotnull AS nullable,
           CASE WHEN t.typelem <> 0 AND t.typcategory = 'A' THEN
               (SELECT typname FROM pg_type WHERE oid = t.typelem) || '[]' ELSE t.typname END AS type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace IN ('public'::regnamespace, 'audit_trail'::regnamespace)
      AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relname ~ 'yoyo'
    ORDER BY 1, a.attnum"""


def test_the_records_are_the_tables(database: LedgerDatabase) -> None:
    with database.connection.cursor(row_factory=dict_row) as cursor:
        columns = cursor.execute(COLUMNS).fetchall()
    assert {column["table"] for column in columns} == set(TABLES)
    for table, record in TABLES.items():
        mine = [column for column in columns if column["table"] == table]
        assert sorted(record.__struct_fields__) == sorted(column["name"] for column in mine), table
        assert [found for column in mine if (found := _difference(record, column))] == []


def _difference(record: type[msgspec.Struct], column: dict[str, Any]) -> str | None:
    name, hint = column["name"], get_type_hints(record)[column["name"]]
    if without_null(hint)[1] != column["nullable"]:
        return (
            f"{record.__name__}.{name}: {hint} for a column that {'may' if column['nullable'] else 'may not'} be null"
        )
    try:
        load_for(hint, column["type"])
    except RowMismatchError as error:
        return f"{record.__name__}.{name}: {error}"
    return None

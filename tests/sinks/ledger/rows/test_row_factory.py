"""Rows become records by the names of their columns, and a query that does not fit its record fails."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, LiteralString, NamedTuple

import msgspec
import psycopg
import pytest

from schemas.plan import PayoutLine
from schemas.vocabulary import DeadLetterReason, DecisionReason, State
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_value, fetch_values
from sinks.ledger.rows.row_factory import RowMismatchError, rows_as
from sinks.ledger.schema.database import connection_options
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = pytest.mark.stack


class Pair(msgspec.Struct, frozen=True):
    name: str
    amount: int | None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    name: str


class Key(NamedTuple):
    name: str
    state: State


class Typed(msgspec.Struct, frozen=True):
    state: State
    reason: DecisionReason | DeadLetterReason
    holds: tuple[State, ...]
    at: datetime
    lines: tuple[PayoutLine, ...]
    line: PayoutLine
    anything: Any


LINE: LiteralString = """'{"number": 1, "category": "CHARGE", "kind": null, "gross_minor": 5, "fee_minor": 1}'"""
TYPED: LiteralString = (
    "SELECT 'PAUSED' AS state, 'PERIOD_CLOSED' AS reason, ARRAY['AWAITING_REVIEW'] AS holds,"
    " '2026-01-01 12:00+00'::timestamptz AS at, jsonb_build_array("
    + LINE
    + "::jsonb) AS lines, "
    + LINE
    + " AS line, '{\"a\": 1}'::jsonb AS anything"
)


class Packed(msgspec.Struct, frozen=True):
    """Stored as MessagePack."""

    n: int

    @classmethod
    def from_column(cls, value: bytes) -> Packed:
        return msgspec.msgpack.decode(value, type=cls)


class Carrier(msgspec.Struct, frozen=True):
    packed: Packed | None


def test_a_struct_in_another_form_is_made_by_itself(database: LedgerDatabase) -> None:
    stored = msgspec.msgpack.encode(Packed(7))
    query: LiteralString = "SELECT %(stored)s::bytea AS packed UNION ALL SELECT NULL"
    assert fetch_all(database.connection, Carrier, query, {"stored": stored}) == [Carrier(Packed(7)), Carrier(None)]


def test_a_column_goes_to_the_field_of_its_name_whatever_its_place(database: LedgerDatabase) -> None:
    assert fetch_all(database.connection, Pair, "SELECT 5 AS amount, 'a' AS name") == [Pair("a", 5)]
    assert fetch_one(database.connection, Pair, "SELECT 'a' AS name, NULL::int AS amount") == Pair("a", None)
    assert fetch_one(database.connection, Pair, "SELECT 'a' AS name, 1 AS amount WHERE false") is None
    assert fetch_one(database.connection, Named, "SELECT 'a' AS name") == Named(name="a")
    assert fetch_one(database.connection, Key, "SELECT 'PAUSED' AS state, 'a' AS name") == Key("a", State.PAUSED)


def test_values_get_the_types_of_their_fields(database: LedgerDatabase) -> None:
    row = fetch_one(database.connection, Typed, TYPED)
    assert row is not None
    assert row.state is State.PAUSED
    assert row.reason is DeadLetterReason.PERIOD_CLOSED
    assert row.holds == (State.AWAITING_REVIEW,)
    assert row.at == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert row.lines == (row.line,)
    assert row.line.gross_minor == 5
    assert row.anything == {"a": 1}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 'a' AS name", r"missing columns \['amount'\]"),
        ("SELECT 'a' AS name, 1 AS amount, 2 AS more", r"unknown columns \['more'\]"),
        ("SELECT 'a' AS name, 1 AS total", r"missing columns \['amount'\], unknown columns \['total'\]"),
        ("SELECT 'a' AS name, 1 AS amount, 2 AS amount", r"of \['name', 'amount', 'amount'\]"),
        ("SELECT 'a' AS name, 1.5 AS amount", "Pair.amount: a column of type numeric is no int"),
        ("SELECT NULL::text AS name, 1 AS amount", r"null in \['name'\]"),
    ],
)
def test_a_query_that_does_not_fit_its_record_fails(database: LedgerDatabase, query: LiteralString, said: str) -> None:
    with pytest.raises(RowMismatchError, match=said):
        fetch_all(database.connection, Pair, query)


def test_columns_are_compared_for_an_empty_result_too(database: LedgerDatabase) -> None:
    with pytest.raises(RowMismatchError, match="missing columns"):
        fetch_all(database.connection, Pair, "SELECT 'a' AS name WHERE false")


def test_a_value_that_an_enum_does_not_have_fails_without_being_named(database: LedgerDatabase) -> None:
    class Stored(StrEnum):
        KNOWN = "KNOWN"

    record = msgspec.defstruct("Found", [("stored", Stored)], frozen=True)
    with pytest.raises(RowMismatchError, match=r"Found\.stored: the stored value is none of the field's"):
        fetch_all(database.connection, record, "SELECT 'other' AS stored")


def test_single_columns_need_no_record(database: LedgerDatabase) -> None:
    assert fetch_values(database.connection, "SELECT n FROM generate_series(1, 3) n") == [1, 2, 3]
    assert fetch_value(database.connection, "SELECT 7") == 7
    assert fetch_value(database.connection, "SELECT 7 WHERE false") is None


def test_rows_are_read_in_the_transaction_of_the_cursor(database: LedgerDatabase) -> None:
    with database.connection.transaction(), database.connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE pairs ON COMMIT DROP AS SELECT 'a' AS name, 5 AS amount")
        assert fetch_all(cursor, Pair, "SELECT name, amount FROM pairs") == [Pair("a", 5)]


async def test_asynchronous_cursors_take_the_same_factory(database: LedgerDatabase) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database.database_url, **connection_options("test")) as connection,
        connection.cursor(row_factory=rows_as(Pair)) as cursor,
    ):
        await cursor.execute("SELECT 5 AS amount, 'a' AS name")
        assert await cursor.fetchall() == [Pair("a", 5)]

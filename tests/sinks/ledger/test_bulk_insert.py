"""Few rows are inserted and many copied: the tables cannot tell which (laws 2, 9, 11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from schemas.events import PaymentKind
from schemas.practice_settings import TypeMode
from schemas.vocabulary import Verdict
from sinks.ledger.intake import batch
from sinks.ledger.intake.bulk_insert import FEW, copy, insert
from sinks.ledger.intake.new_rows import COLUMNS, RECORDS, NewOutcomeRow, NewWorkRow, Row
from sinks.ledger.intake.write import write
from sinks.ledger.intake.writes import Writes
from sinks.ledger.rows.effects import OutcomeRow, WorkRow
from sinks.ledger.rows.events import ReceiptRow
from tests.processors.rules.event_examples import PRACTICE, item, modes, payment, payout
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

Put = Callable[[psycopg.Cursor[TupleRow], str, Sequence[Row]], None]
TABLES = ("receipts", "events", "bodies", "entries", "work", "outcomes", "payout_items")
"""In the order in which one may refer to the other."""


@pytest.fixture
def written(database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> Writes:
    """What a batch was made of, with a payout, a payment that waits and one that is skipped; and an odd receipt."""
    seen: list[Writes] = []

    def spy(cursor: psycopg.Cursor[TupleRow], writes: Writes, **how: Any) -> None:
        seen.append(writes)
        write(cursor, writes, **how)

    monkeypatch.setattr(batch, "write", spy)
    database.add(types=modes(collection=TypeMode.OFF))
    database.link()
    database.report(
        payment(),
        payment(event_id="ev-2", payment_id="pay-2", patient_ref="pt-2"),
        payment(event_id="ev-3", payment_id="pay-3", kind=PaymentKind.COLLECTION),
        payout(item(1, 10000, 320, payment_id="pay-1")),
    )
    (writes,) = seen
    odd = 'a "\\2\n\tü€\U0001f9b7 {1,NULL}'
    writes.receipts.append(ReceiptRow(PRACTICE, "t", 2**31 - 1, 2**63 - 1, Verdict.FIRST, odd, None))
    return writes


def _rows(database: LedgerDatabase, table: str) -> list[TupleRow]:
    return sorted(database.rows(f"SELECT * FROM {table}"), key=repr)


def _put_anew(database: LedgerDatabase, writes: Writes, put: Put) -> dict[str, list[TupleRow]]:
    """The tables as `put` fills them; then as they were."""
    with database.connection.transaction(force_rollback=True), database.connection.cursor() as cursor:
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM {table}")
        for table in TABLES:
            put(cursor, table, getattr(writes, table))
        return {table: _rows(database, table) for table in TABLES}


def test_inserted_and_copied_rows_are_the_same(database: LedgerDatabase, written: Writes) -> None:
    """Texts, bytes, arrays, instants, JSON and nothing at all arrive alike, to the last digit."""
    assert set(TABLES) == set(COLUMNS)
    assert all(0 < len(getattr(written, table)) <= FEW for table in TABLES)
    copied = _put_anew(database, written, copy)
    assert _put_anew(database, written, insert) == copied
    for table in TABLES[1:]:
        assert copied[table] == _rows(database, table)


def test_the_columns_of_a_copy_are_those_of_the_tables(database: LedgerDatabase) -> None:
    """Binary COPY does not convert: each column has the type of its table, and an effect's are those of its record."""
    types = {"int2": "smallint", "int4": "integer", "int8": "bigint", "bool": "boolean", "text[]": "ARRAY"}
    types |= {"timestamptz": "timestamp with time zone"}
    for table, columns in COLUMNS.items():
        assert tuple(columns) == RECORDS[table].__struct_fields__
        found: dict[str, str] = dict(
            database.rows("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", table)
        )
        assert {name: types.get(kind, kind) for name, kind in columns.items()} == {x: found[x] for x in columns}
    assert set(NewWorkRow.__struct_fields__) < set(WorkRow.__struct_fields__)
    assert set(NewOutcomeRow.__struct_fields__) < set(OutcomeRow.__struct_fields__)


def test_a_batch_of_many_is_stored_like_its_parts(database: LedgerDatabase) -> None:
    """More rows than FEW take the other way in; each event has its receipt and its entries, once."""
    database.add()
    database.link()
    many = [payment(event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(FEW + 1)]
    database.report(*many)
    assert database.verdicts() == ["FIRST"] * len(many)
    assert database.one("SELECT count(*) FROM effects WHERE entry_kind = 'payment'") == len(many)
    assert database.one("SELECT count(*) FROM bodies") == len(many)


@pytest.mark.parametrize("text", ["\x00", "\ud800"], ids=["NUL", "half a surrogate"])
def test_what_no_text_column_holds_is_told_as_bad_data(database: LedgerDatabase, text: str) -> None:
    """Law 9: the same classes of error by either way, so that a batch is bisected and not retried for ever."""
    row = ReceiptRow("p", "t", 0, 1, Verdict.FIRST, text, "e")
    for put in (copy, insert):
        with (
            pytest.raises((psycopg.DataError, UnicodeEncodeError)),
            database.connection.transaction(),
            database.connection.cursor() as cursor,
        ):
            put(cursor, "receipts", [row])

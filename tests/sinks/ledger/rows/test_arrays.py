"""Arrays that are written whole arrive as they were, whatever their elements hold."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinks.ledger.rows.arrays import Numbers, Texts
from sinks.ledger.schema.database import connection_options
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = pytest.mark.stack

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
NUMBER = st.integers(min_value=-(2**63), max_value=2**63 - 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(texts=st.lists(TEXT), numbers=st.lists(NUMBER))
def test_they_arrive_as_they_were(database: LedgerDatabase, texts: list[str], numbers: list[int]) -> None:
    row = database.connection.execute("SELECT %s::text[], %s::bigint[]", (Texts(texts), Numbers(numbers))).fetchone()
    assert row == (texts, numbers)


@pytest.mark.parametrize("text", ['"', "\\", '","', "{}", "NULL", "", " a ", "\n\t", "ä€😀", 'a\\"b'])
def test_marks_of_the_array_syntax_are_text(database: LedgerDatabase, text: str) -> None:
    row = database.connection.execute("SELECT %s::text[]", (Texts([text, "b"]),)).fetchone()
    assert row == ([text, "b"],)


def test_a_prepared_statement_takes_them(database: LedgerDatabase) -> None:
    with psycopg.connect(database.database_url, **connection_options("test")) as connection:
        for texts in ([], ["a"], ["a", "b"]):
            row = connection.execute("SELECT cardinality(%s::text[])", (Texts(texts),), prepare=True).fetchone()
            assert row == (len(texts),)

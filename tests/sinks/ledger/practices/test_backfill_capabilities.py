"""Connections of an earlier release, which did not keep what they write, are asked once and by themselves."""

from __future__ import annotations

import pytest
from psycopg.types.json import Jsonb

from schemas.practice_settings import AmountMode
from schemas.vocabulary import EntryKind
from sinks.ledger.practices.backfill_capabilities import backfill_capabilities
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.mapping import load_mapping
from sinks.targets.quickbooks.capabilities import CAPABILITIES
from tests.processors.rules.event_examples import PRACTICE
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import Book
from tests.sinks.poster.conftest import offices, sandbox  # noqa: F401
from tests.sinks.poster.offices import Offices
from tests.worlds import World

pytestmark = pytest.mark.stack

CONFIG = '{"pay_type": 1, "membership_code": "M"}'


def _words(book: Book) -> dict[str, list[str] | None]:
    return dict(book.rows("SELECT target, capabilities FROM connections"))


def _older(book: Book, route: str, config: str) -> None:
    book.connection.execute(
        "UPDATE connections SET capabilities = NULL, route = %s, config = %s::jsonb WHERE target = 'PMS'",
        (route, config),
    )


def test_what_an_older_connection_writes_is_read_from_its_mapping(world: World) -> None:
    """Law 22, N-8: by the mapping that is stored; nobody has to run `target add` again. Asked once."""
    book = Book(world.database_url)
    book.add()
    _older(book, "open_dental", CONFIG)
    assert backfill_capabilities(book.connection) == 1
    words = _words(book)["PMS"]
    assert words == capabilities_of(load_mapping({"pay_type": 1, "membership_code": "M"})).words()
    assert EntryKind.CHARGE.value in (words or [])
    assert backfill_capabilities(book.connection) == 0
    book.close()


def test_a_quickbooks_connection_too(world: World) -> None:
    """P-7: its payouts can be taken back."""
    book = Book(world.database_url)
    book.add()
    names = ("bank", "fees", "uncategorised", "income")
    config = {"realm_id": "1", "accounts": {name: str(place + 30) for place, name in enumerate(names)}}
    book.connection.execute(
        "UPDATE connections SET capabilities = NULL, route = 'quickbooks', base_url = 'https://127.0.0.1', config = %s"
        " WHERE target = 'QUICKBOOKS'",
        (Jsonb(config),),
    )
    assert backfill_capabilities(book.connection) == 1
    assert _words(book)["QUICKBOOKS"] == CAPABILITIES.words()
    book.close()


@pytest.mark.parametrize(("route", "config"), [("open_dental", '{"pay_type": "no"}'), ("gone", "{}")])
def test_one_that_cannot_be_read_holds_no_start_up(world: World, route: str, config: str) -> None:
    """It stays as it was: payments, fee adjustments and payouts; its gate says what is wrong with it."""
    book = Book(world.database_url)
    book.add()
    _older(book, route, config)
    assert backfill_capabilities(book.connection) == 0
    assert _words(book)["PMS"] is None
    book.close()


def test_a_poster_asks_at_its_start(offices: Offices) -> None:  # noqa: F811
    """An upgrade is a restart, and no hand work."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.book.connection.execute("UPDATE connections SET capabilities = NULL")
    offices.poster()
    until(lambda: _words(offices.book)["PMS"] is not None, "the poster has asked", show=office.shown)
    assert EntryKind.REFUND.value in (_words(offices.book)["PMS"] or [])
    assert office.practice_id == PRACTICE

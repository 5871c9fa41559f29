"""A ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processors.rules.event_examples import payment
from tests.sinks.ledger.ledger_fixture import Book
from tests.sinks.operations.entry_commands import MANUAL
from tests.sinks.operations.stored_payments import Shelf
from tests.worlds import World


@pytest.fixture
def shelf(world: World) -> Iterator[Shelf]:
    made = Shelf(world.database_url)
    made.practice()
    yield made
    made.connection.close()


@pytest.fixture
def book(world: World) -> Iterator[Book]:
    opened = Book(world.database_url)
    yield opened
    opened.close()


@pytest.fixture
def manual(book: Book) -> Book:
    """POST-2: terminals are posted by hand; 100.00 was paid, 96.80 net and 3.20 fee."""
    book.add(types=MANUAL)
    book.link()
    book.report(payment())
    return book

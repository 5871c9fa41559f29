"""Whatever befalls a payment, its money adds up after every step, and nothing that stands is touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.ledger.books import Book
from tests.sinks.ledger.payments_life import run_lives
from tests.worlds import Stack, fresh_world


@pytest.fixture(scope="module")
def book(stack: Stack) -> Iterator[Book]:
    with fresh_world(stack) as world:
        opened = Book(world.database_url)
        yield opened
        opened.close()


def test_a_payments_life(book: Book) -> None:
    """N-3, R-1, R-2, R-7, R-8, R-15, E-1, E-2: the conservation law and one effect per kind, after every step."""
    run_lives(book, examples=25, steps=20)

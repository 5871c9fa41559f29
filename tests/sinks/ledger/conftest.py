"""A ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.ledger.ledger_fixture import Book
from tests.worlds import World


@pytest.fixture
def book(world: World) -> Iterator[Book]:
    opened = Book(world.database_url)
    yield opened
    opened.close()

"""A ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.operators.shelf import Shelf
from tests.worlds import World


@pytest.fixture
def shelf(world: World) -> Iterator[Shelf]:
    made = Shelf(world.database_url)
    made.practice()
    yield made
    made.connection.close()

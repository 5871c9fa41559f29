"""A ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()

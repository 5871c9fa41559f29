"""A ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.processors.rules.event_examples import payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.entry_commands import MANUAL
from tests.sinks.operations.stored_payments import StoredPayments
from tests.worlds import World


@pytest.fixture
def stored(world: World) -> Iterator[StoredPayments]:
    made = StoredPayments(world.database_url)
    made.practice()
    yield made
    made.connection.close()


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()


@pytest.fixture
def manual(database: LedgerDatabase) -> LedgerDatabase:
    """POST-2: terminals are posted by hand; 100.00 was paid, 96.80 net and 3.20 fee."""
    database.add(types=MANUAL)
    database.link()
    database.report(payment())
    return database

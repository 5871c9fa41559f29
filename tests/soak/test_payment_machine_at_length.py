"""Random lifecycles of payments, for as many payments and steps as a night allows."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import Phase

from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payment_machine import run_lives
from tests.soak.run_length import print_figures
from tests.worlds import Stack, fresh_world

pytestmark = pytest.mark.soak

STEPS = 60


@pytest.fixture
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


@pytest.mark.timeout(3000)
def test_lives_at_length(database: LedgerDatabase) -> None:
    """The laws of `tests/sinks/ledger/conservation.py` after each of 60 steps; a failure is made small."""
    examples = max(200, int(os.environ.get("SOAK_EXAMPLES", "2000")) // 5)
    run_lives(database, examples=examples, steps=STEPS, phases=(Phase.generate, Phase.shrink))
    print_figures(part="lives", lives=examples, steps=STEPS, events=database.one("SELECT count(*) FROM events"))

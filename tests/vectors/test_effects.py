"""Every worked case at the ledger's effects: what is planned, what waits and why, what counts toward the balance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.vectors.by_effects import AtTheEffects
from tests.vectors.reading import Case, cases
from tests.worlds import Stack, fresh_world


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    """One ledger for all cases; each is a practice of its own."""
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


@pytest.mark.parametrize("case", [case for case in cases() if case.at("effects")], ids=lambda case: case.name)
def test_effects(database: LedgerDatabase, case: Case) -> None:
    """The case's entries, states, letters and balances are exactly those of its table."""
    said = AtTheEffects(database, case).run()
    assert not said, f"{case.sentence} [{' '.join(case.rules)}]\n" + "\n".join(said)


def test_there_are_enough_cases() -> None:
    """At least 80 worked cases, at the effects and at the sandboxes alike."""
    found = cases()
    assert min(sum(case.at(level) for case in found) for level in ("effects", "targets")) >= 80

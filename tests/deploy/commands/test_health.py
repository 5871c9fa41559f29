"""`writeback health states`: how practices' systems answer, as it was stated last; what has expired is not known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

pytestmark = pytest.mark.stack


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    for practice in ("north", "south"):
        opened.add(practice, connected=False)
    yield opened
    opened.close()


def _state(database: LedgerDatabase, practice: str, target: str, state: str, good_for: str = "1 hour") -> None:
    database.connection.execute(
        "INSERT INTO target_health VALUES (%s, %s, %s, '2026-03-02 09:00Z', 10, 9, 'UNREACHABLE', 0, NULL, now(), 3, 1,"
        " now(), now() + %s::interval, CASE WHEN %s <> 'HEALTHY' THEN now() END)",
        (practice, target, state, good_for, state),
    )


def test_states_are_shown_by_practice_and_system(database: LedgerDatabase, world: World) -> None:
    _state(database, "north", "PMS", "OFFLINE")
    _state(database, "north", "QUICKBOOKS", "HEALTHY")
    _state(database, "south", "PMS", "HEALTHY")
    said = writeback_here(world, "health", "states")
    for words in ("cannot be reached", "9 of 10", "QuickBooks", "answers as it should", "south"):
        assert words in said
    assert "south" not in writeback_here(world, "health", "states", "north")
    listed = writeback_json_here(world, "health", "states", "--unhealthy")
    assert [(each["practice_id"], each["target"], each["state"]) for each in listed] == [("north", "PMS", "OFFLINE")]
    assert listed[0]["since"] == "2026-03-02T09:00:00Z"
    assert writeback_json_here(world, "health", "states", "south", "--unhealthy") == []


def test_what_nobody_has_stated_lately_is_not_known(database: LedgerDatabase, world: World) -> None:
    """Law 27: three missing expire it, and it is not shown as if it were so."""
    _state(database, "north", "PMS", "HEALTHY", "-1 second")
    said = writeback_here(world, "health", "states")
    assert "nobody has measured it lately" in said
    assert "answers as it should" not in said
    assert writeback_json_here(world, "health", "states")[0]["known"] is False


def test_nothing_measured_and_an_unknown_practice_are_said(database: LedgerDatabase, world: World) -> None:
    assert "nothing has been measured" in writeback_here(world, "health", "states")
    assert writeback_here(world, "health", "states", "nort").code == 2


def test_a_silent_practice_is_listed_among_those_that_are_not_well(database: LedgerDatabase, world: World) -> None:
    """It is told by a notice of its own, so no time to tell it stands in the state."""
    database.connection.execute(
        "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint)"
        " VALUES ('south', 'pms', 'PMS', 'open_dental', 'http://127.0.0.1', 'x')"
    )
    database.connection.execute("INSERT INTO practice_connections VALUES ('south', 'PMS', 'south', 'pms')")
    database.connection.execute(
        "INSERT INTO upstream_silence (practice_id, target, silent_since) VALUES ('south', 'PMS', now())"
    )
    _state(database, "north", "PMS", "HEALTHY")
    _state(database, "south", "PMS", "SILENT")
    database.connection.execute("UPDATE target_health SET tell_at = NULL")
    listed = writeback_json_here(world, "health", "states", "--unhealthy")
    assert [(each["practice_id"], each["state"]) for each in listed] == [("south", "SILENT")]
    assert "nothing has been reported" in " ".join(writeback_here(world, "health", "states", "south").split())

"""An equal slot fences the older intake, poster, notifier and sync, as the broker does those of rules and relay."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from sinks.ledger.role_slots import RoleSlot
from streams.fault_injection import Control
from streams.kafka.topics import ensure_topics
from streams.runtime.errors import Fenced, Role
from tests.scenarios import roles
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

SECRET = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is due."""
    monkeypatch.setattr("sinks.ledger.role_slots.LOOK_EVERY_S", 0.0)


def _two(database: LedgerDatabase, *, second: int = 0) -> tuple[RoleSlot, RoleSlot]:
    older, newer = RoleSlot(Role.INTAKE, 0), RoleSlot(Role.INTAKE, second)
    for each in (older, newer):
        each.take(database.connection)
    return older, newer


@pytest.mark.usefixtures("slot")
def test_13_the_newer_process_of_a_slot_goes_on(database: LedgerDatabase) -> None:
    older, newer = _two(database)
    newer.look(database.connection)
    with pytest.raises(Fenced, match="another intake with slot 0 was started"):
        older.look(database.connection)


@pytest.mark.usefixtures("slot")
def test_processes_of_two_slots_leave_each_other_alone(database: LedgerDatabase) -> None:
    for each in _two(database, second=1):
        each.look(database.connection)


@pytest.mark.usefixtures("slot")
def test_control_role_slots(database: LedgerDatabase) -> None:
    """Its control: both go on."""
    database.reopen(Control.ROLE_SLOTS)
    for each in _two(database):
        each.look(database.connection)


@pytest.mark.usefixtures("slot")
def test_a_ledger_that_was_set_back_is_no_newer_process(database: LedgerDatabase) -> None:
    """It knows nothing of the slot, which is taken again."""
    only = RoleSlot(Role.POSTER, 0)
    only.take(database.connection)
    database.connection.execute("DELETE FROM role_slots")
    for _ in range(2):
        only.look(database.connection)
    assert database.rows("SELECT role, slot, epoch FROM role_slots") == [("poster", 0, 1)]


@pytest.mark.stack
@pytest.mark.expects_errors
@pytest.mark.parametrize("name", ["intake", "poster", "notifier", "sync"])
def test_13_a_second_process_of_a_slot_ends_the_first(world: World, tmp_path: Path, name: str) -> None:
    """With an error that says what happened and what to do; the second one works."""
    ensure_topics(world.settings())
    first = roles.Role(world, name, tmp_path, smtp_url="smtp://127.0.0.1:9", secret_key=SECRET)
    second = None
    try:
        database = LedgerDatabase(world.database_url)
        until(lambda: database.rows("SELECT 1 FROM role_slots"), "the first has its slot", show=first.text)
        second = roles.Role(world, name, tmp_path, smtp_url="smtp://127.0.0.1:9", secret_key=SECRET)
        assert first.until_dead() == 1
        assert f"another {name} with slot 0 was started" in first.text()
        assert "--slot" in first.text()
        assert second.running
        database.close()
    finally:
        for role in (first, second):
            if role is not None:
                role.end()

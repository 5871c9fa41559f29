"""The demonstration on servers that run already: prepared once, played on an empty ledger alone, its poster killed."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from deploy.demo.environment import DemoError
from deploy.demo.opening import day_before, opening
from deploy.demo.prepare import ADMIN_URL, prepare
from deploy.demo.running_stack import RunningStack
from sinks.ledger.schema.migrate import migrate
from streams.runtime.clock import set_rehearsal
from streams.runtime.errors import ConfigurationError
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

pytestmark = pytest.mark.stack
FRIDAY = date(2026, 11, 27)


@pytest.fixture
def rehearsal(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a container, with a folder that all roles see."""
    for name, value in world.settings().to_environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WRITEBACK_REHEARSAL_CLOCK", str(tmp_path / "clock"))
    monkeypatch.setenv("WRITEBACK_SECRET_KEY_FILE", str(tmp_path / "secret.key"))
    return tmp_path


def test_the_day_is_a_weekday_that_has_ended_everywhere() -> None:
    assert day_before(date(2026, 12, 1)) == FRIDAY
    assert day_before(date(2026, 11, 29)) == FRIDAY
    assert opening(FRIDAY).astimezone(UTC) == datetime(2026, 11, 27, 12, 30, tzinfo=UTC)


def test_it_is_prepared_once_and_what_is_there_stays(rehearsal: Path) -> None:
    """Containers are started again: neither the key nor the clock may change under the roles."""
    said: list[str] = []
    prepare(said.append)
    key, clock = rehearsal / "secret.key", rehearsal / "clock"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert datetime.fromisoformat(clock.read_text().strip()) == opening(day_before(datetime.now(UTC).date()))
    assert said[2] != "topics: 0 created"
    before = key.read_text(), clock.read_text()
    said.clear()
    prepare(said.append)
    assert (key.read_text(), clock.read_text()) == before
    assert said[1:] == ["ledger: 0 migrations applied", "topics: 0 created"]


def test_without_a_clock_or_a_key_file_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="WRITEBACK_REHEARSAL_CLOCK and WRITEBACK_SECRET_KEY_FILE"):
        prepare(print)
    with pytest.raises(ConfigurationError, match="set WRITEBACK_REHEARSAL_CLOCK"):
        RunningStack(print)


def test_an_administrator_gives_the_trail_away(rehearsal: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As whom the program runs here is a superuser, who is refused: so the variable was followed."""
    monkeypatch.setenv(ADMIN_URL, world.database_url)
    migrate(world.database_url)
    with pytest.raises(ConfigurationError, match="is a superuser"):
        prepare(print)


def test_it_plays_on_an_empty_ledger_alone(rehearsal: Path, world: World) -> None:
    set_rehearsal(rehearsal / "clock", opening(FRIDAY))
    with RunningStack(print) as running:
        assert running.on == FRIDAY
        assert running.sandbox.address.smtp == "smtp://127.0.0.1:30225"
    with psycopg.connect(world.database_url) as db:
        db.execute("ALTER TABLE practices DISABLE TRIGGER ALL")
        db.execute("INSERT INTO practices (practice_id, name) VALUES ('larkspur', 'Larkspur')")
    with pytest.raises(ConfigurationError, match="has practices already"), RunningStack(print):
        pass


def test_it_kills_the_process_of_a_role(rehearsal: Path) -> None:
    """The one whose words name the role, and never itself."""
    set_rehearsal(rehearsal / "clock", opening(FRIDAY))
    running = RunningStack(print)
    poster = subprocess.Popen([sys.executable, "-c", "input()", "a-role-of-this-test"], stdin=subprocess.PIPE)
    try:
        running.kill_named("a-role-of-this-test")
        assert poster.wait(WITHIN_S) == -signal.SIGKILL
    finally:
        poster.kill()
        poster.communicate()
    with pytest.raises(DemoError, match="no process of a-role-of-this-test is seen"):
        running.kill_named("a-role-of-this-test")

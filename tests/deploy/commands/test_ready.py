"""`writeback ready`: a script, or a pasted block of the README, goes on when `writeback up` is at work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil
import pytest

from deploy.at_work import MARK, AtWork, Mark, at_work
from streams.runtime.errors import ConfigurationError
from tests.deploy.commands.running_up import Up
from tests.deploy.commands.test_up import ONLY_RELAYS
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World


def test_one_up_holds_a_state_folder(tmp_path: Path) -> None:
    """A second one would have the same slots and fence the first (law 13): it is refused, with both ways out."""
    first = AtWork(tmp_path)
    with pytest.raises(ConfigurationError, match=r"runs already .*--state-dir.*--poster 2"):
        AtWork(tmp_path)
    first.close()
    AtWork(tmp_path).close()


def test_at_work_is_what_a_running_process_announced(tmp_path: Path) -> None:
    """Neither before, nor after its end, nor when it was killed and its number belongs to another process."""
    assert not at_work(tmp_path)
    place = AtWork(tmp_path)
    assert not at_work(tmp_path)
    place.announce()
    assert at_work(tmp_path)
    place.close()
    assert not at_work(tmp_path)
    reused = Mark(psutil.Process().pid, psutil.Process().create_time() - 1)
    (tmp_path / MARK).write_bytes(msgspec.json.encode(reused))
    assert not at_work(tmp_path)
    AtWork(tmp_path).close()
    assert not (tmp_path / MARK).exists()


def ready(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.command", "ready", "--state-dir", str(folder / "state"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)


@pytest.fixture
def relays(world: World, tmp_path: Path) -> Iterator[Up]:
    up = Up(world, tmp_path, *ONLY_RELAYS)
    yield up
    up.process.kill()
    up.process.wait()


@pytest.mark.stack
def test_ready_waits_for_up(relays: Up, tmp_path: Path) -> None:
    """Started at once after `up`, it ends when every role is at work, and no sooner; after `up` it says so."""
    waited = ready(tmp_path)
    assert (waited.returncode, waited.stdout) == (0, "ready: every role is at work\n"), waited.stderr
    relays.says("ready: every role is at work")
    relays.process.send_signal(signal.SIGINT)
    assert relays.process.wait(WITHIN_S) == 0
    late = ready(tmp_path, "--within", "0.1")
    assert late.returncode == 1
    assert "no `writeback up` is at work on" in late.stderr


@pytest.mark.stack
def test_no_secret_stands_in_a_process_list(relays: Up, world: World) -> None:
    """S-6: roles get the database's password and the key for credentials by their environment, never as arguments."""
    relays.says("ready: every role is at work")
    family = [psutil.Process(relays.process.pid), *psutil.Process(relays.process.pid).children(recursive=True)]
    assert len(family) >= 3
    password = urlsplit(world.database_url).password
    assert password
    for process in family:
        assert not [part for part in process.cmdline() if password in part]
    assert password not in relays.text()

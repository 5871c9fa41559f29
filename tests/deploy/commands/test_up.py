"""`writeback up`: every role on one machine, restarted when it crashes, none left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World

pytestmark = [pytest.mark.stack, pytest.mark.long]

ONLY_RELAYS = ("--rules", "0", "--intake", "0", "--poster", "0", "--notifier", "0", "--relay", "2")


class Up:
    """The command as an operator runs it, its output in a file."""

    def __init__(self, world: World, folder: Path, *options: str, **settings: str) -> None:
        self._log = folder / "up.log"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.command", "up", "--state-dir", str(folder / "state"), *options],
                env=world.environ(**settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def says(self, what: str) -> None:
        until(lambda: what in self.text() or self.process.poll() is not None, what, show=self.text)
        assert what in self.text()

    def roles(self) -> dict[str, int]:
        """Process ids by name, the newest of each."""
        found = re.findall(r"^(\w+-\d+) +process (\d+)", self.text(), re.MULTILINE)
        return {name: int(pid) for name, pid in found}


@pytest.fixture
def relays(world: World, tmp_path: Path) -> Iterator[Up]:
    up = Up(world, tmp_path, *ONLY_RELAYS)
    yield up
    up.process.kill()
    up.process.wait()


def test_ctrl_c_stops_every_role_in_order(relays: Up) -> None:
    """Ready is said when all are at work; Ctrl-C ends with code 0 and no process is left."""
    relays.says("ready: every role is at work")
    roles = relays.roles()
    assert set(roles) == {"relay-0", "relay-1"}
    for url in re.findall(r"(http://\S+)/metrics", relays.text()):
        for path in ("/metrics", "/healthz", "/readyz"):
            until(partial(_answers, url + path), f"{path} answers")
    relays.process.send_signal(signal.SIGINT)
    assert relays.process.wait(WITHIN_S) == 0
    assert relays.text().endswith("relay stopped\nall stopped\n")
    assert not any(psutil.pid_exists(pid) for pid in roles.values())


def _answers(url: str) -> bool:
    try:
        return int(urllib.request.urlopen(url, timeout=WITHIN_S).status) == 200  # noqa: S310
    except OSError:
        return False


def test_a_role_that_crashes_is_started_again(relays: Up) -> None:
    """The crash is said with its code and its log; the place in the group is taken by a new process."""
    relays.says("ready: every role is at work")
    os.kill(relays.roles()["relay-1"], signal.SIGKILL)
    relays.says("relay-1 ended with code -9; starting it again in 1 s")
    relays.says("relay-1 is at work again")


def test_nothing_outlives_a_killed_supervisor(relays: Up) -> None:
    """SIGKILL of `writeback up` itself: every role notices and ends."""
    relays.says("ready: every role is at work")
    roles = [psutil.Process(pid) for pid in relays.roles().values()]
    relays.process.kill()
    relays.process.wait()
    assert not psutil.wait_procs(roles, timeout=WITHIN_S)[1]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "127.0.0.1:1"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "does not answer"),
        ("WRITEBACK_TOPIC_PREFX", "x", "did you mean WRITEBACK_TOPIC_PREFIX?"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    world: World, tmp_path: Path, name: str, value: str, message: str
) -> None:
    """An unreachable server or a mistyped setting ends the start with one clear line and no traceback."""
    environ = world.environ() | {name: value}
    command = [sys.executable, "-m", "deploy.command", "up", "--state-dir", str(tmp_path), *ONLY_RELAYS]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr

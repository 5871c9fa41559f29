"""`writeback demo` that is interrupted: nothing is left running, and nothing is left lying about."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.console.visitor import Visitor

pytestmark = [pytest.mark.stack, pytest.mark.long]

WHOLE_S = 900.0
"""For the whole demonstration, on a machine that does other things too."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A temporary folder that Postgres' own user can pass through, where the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demonstration_leaves_nothing(number: signal.Signals, place: Path) -> None:
    """Ctrl-C, and the end that `make` or a closed terminal gives it: servers ended, folder deleted, and it says so."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WRITEBACK_")}
    demo = subprocess.Popen(
        [sys.executable, "-m", "deploy.command", "demo"],
        env=environ | {"TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        restore_signals=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    until(lambda: list(place.glob("writeback-stack-*/postgres/data/postmaster.pid")), "Postgres runs")
    family = psutil.Process(demo.pid).children(recursive=True)
    assert family
    demo.send_signal(number)
    said, _ = demo.communicate(timeout=WITHIN_S)
    assert demo.returncode == 128 + signal.SIGINT, said
    assert said.endswith("interrupted: nothing is left running\n")
    until(lambda: not any(process.is_running() for process in family), "its processes have ended")
    assert list(place.iterdir()) == []


@pytest.mark.machine
def test_the_console_stays_open_until_it_is_interrupted(place: Path) -> None:
    """The whole day, then the sign-in that was printed opens the demonstration's practices; Ctrl-C ends all of it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WRITEBACK_")}
    log = place / "said"
    with log.open("w", encoding="utf-8") as out:
        demo = subprocess.Popen(
            [sys.executable, "-m", "deploy.command", "demo", "--console"],
            env=environ | {"TMPDIR": str(place)},
            stdout=out,
            stderr=subprocess.STDOUT,
            restore_signals=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )
    until(lambda: "Ctrl-C ends it" in log.read_text() or demo.poll() is not None, "the console is open", within=WHOLE_S)
    said = log.read_text()
    address, password = (
        re.findall(pattern, said)[0] for pattern in (r"open at (http://127\.0\.0\.1:\d+)", r"the password (\S+)")
    )
    visitor = Visitor(address)
    assert visitor.first_sign_in("demo", password).status == 200
    assert "lakeside-family" in visitor.get("/").text
    family = psutil.Process(demo.pid).children(recursive=True)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(WITHIN_S) == 128 + signal.SIGINT
    assert log.read_text().endswith("interrupted: nothing is left running\n")
    until(lambda: not any(process.is_running() for process in family), "its processes have ended")
    assert list(place.iterdir()) == [log]

"""A crash point ends the process where and when it is set, and nowhere else (scenarios 30 to 37)."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from streams.fault_injection import Crash, CrashPoint, install, reach
from tests.scenarios.waiting import WITHIN_S, until

PROGRAM = """
import sys
from streams.fault_injection import Crash, CrashPoint, install, reach
install(crash=Crash.parse(sys.argv[1]))
for n in (1, 2, 3):
    reach(CrashPoint.POSTER_BEFORE_MARK)
    print(n, flush=True)
    reach(CrashPoint.POSTER_AFTER_MARK)
"""


def test_the_process_dies_at_the_nth_time_at_its_point() -> None:
    """SIGKILL at the second time, and at no other point."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "poster.after_mark:2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["1", "2"]


def test_the_process_freezes_and_goes_on() -> None:
    """SIGSTOP: a pause of the whole process, from which it wakes where it was (law 20)."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, "poster.after_mark:stop"], stdout=subprocess.PIPE)
    frozen = psutil.Process(process.pid)
    until(lambda: frozen.status() == psutil.STATUS_STOPPED, "the process is frozen")
    frozen.resume()
    output, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert output.split() == [b"1", b"2", b"3"]


def test_an_unarmed_process_goes_on() -> None:
    """In production a crash point is one comparison."""
    install()
    for point in CrashPoint:
        reach(point)


@pytest.mark.parametrize("text", [point.value for point in CrashPoint])
def test_every_point_can_be_named(text: str) -> None:
    """The name in the setting is the member's value."""
    assert Crash.parse(f"{text}:4:stop") == Crash(CrashPoint(text), 4, signal.SIGSTOP)

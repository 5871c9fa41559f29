"""The first signal ends in order, the second at once; nobody outlives a supervisor (PROTOCOL section 5)."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading

import pytest

from streams.runtime.lifecycle import Stop, end_with
from tests.scenarios.waiting import WITHIN_S

ROLE = """
from streams.runtime.lifecycle import Stop
stop = Stop()
stop.on_signals()
print("started", flush=True)
stop.wait(60)
print("stopping", flush=True)
import threading
threading.Event().wait(60)
"""


def test_a_second_signal_ends_at_once() -> None:
    """The first starts the orderly end; the second does not wait for it."""
    process = subprocess.Popen([sys.executable, "-c", ROLE], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(WITHIN_S) == 128 + signal.SIGTERM
    process.stdout.close()


def test_a_wait_ends_at_the_stop() -> None:
    """Loops wait on the token, so a stop never has to sit a pause out."""
    stop = Stop()
    assert not stop.wait(0)
    threading.Timer(0.05, stop.set).start()
    assert stop.wait(WITHIN_S)
    assert stop
    assert stop.is_set()


@pytest.mark.parametrize("before", [True, False])
async def test_asyncio_is_notified(before: bool) -> None:
    """Also when the stop came before anybody watched."""
    stop = Stop()
    if before:
        stop.set()
    event = stop.watch()
    if not before:
        threading.Thread(target=stop.set).start()
    await asyncio.wait_for(event.wait(), 30)


def test_a_role_ends_with_its_parent() -> None:
    """Where the kernel does not signal it, polling notices it."""
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stop = Stop()
    end_with(parent.pid, stop)
    parent.kill()
    parent.communicate()
    assert stop.wait(WITHIN_S)

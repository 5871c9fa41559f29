"""Relays to test with: one in a thread of this process, or one as a process of its own that can be killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sinks import relay
from streams.lifecycle import Stop
from streams.telemetry import Health
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

_PROGRAM = """
from sinks import relay
from streams import crash_points
from streams.errors import Fenced
from streams.lifecycle import Stop
from streams.settings import ProgramSettings
settings = ProgramSettings.load()
crash_points.arm(settings.crash)
stop = Stop()
stop.on_signals()
print("started", flush=True)
try:
    raise SystemExit(relay.run(settings, stop))
except Fenced:
    raise SystemExit(3)
"""


@contextmanager
def relay_thread(world: World, health: Health | None = None, **overrides: Any) -> Iterator[None]:
    """A relay that runs while the block does."""
    stop = Stop()
    failures: list[BaseException] = []

    def body() -> None:
        try:
            relay.run(world.settings(**overrides), stop, health)
        except BaseException as error:  # noqa: BLE001 - handed to the test, which fails with it
            failures.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(WITHIN_S)
    if failures:
        raise failures[0]


def relay_process(world: World, **overrides: Any) -> subprocess.Popen[bytes]:
    """A relay process; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        env=world.environ(**overrides),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

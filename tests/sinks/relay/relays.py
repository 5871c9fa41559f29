"""Relays to test with: one in a thread of this process, or one as a process of its own that can be killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sinks.relay import role
from streams.fault_injection import install
from streams.runtime.endpoints import Health
from tests.sinks.role_threads import role_thread
from tests.worlds import World

_PROGRAM = """
from sinks.relay import role
from streams import fault_injection
from streams.runtime.endpoints import Health
from streams.runtime.errors import Fenced
from streams.runtime.lifecycle import Stop
from streams.settings import ProgramSettings
settings = ProgramSettings.load()
fault_injection.install(settings.test_controls, settings.crash)
stop = Stop()
stop.on_signals()
print("started", flush=True)
try:
    raise SystemExit(role.run(settings, stop, Health()))
except Fenced:
    raise SystemExit(3)
"""


@contextmanager
def relay_thread(world: World, health: Health | None = None, **overrides: Any) -> Iterator[None]:
    """A relay that runs while the block does."""
    settings = world.settings(**overrides)
    install(settings.test_controls)
    with role_thread(lambda stop: role.run(settings, stop, health or Health())):
        yield


def relay_process(world: World, **overrides: Any) -> subprocess.Popen[bytes]:
    """A relay process; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        env=world.environ(**overrides),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

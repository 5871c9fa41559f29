"""Relays to test with: one in a thread of this process, or one as a process of its own that can be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sinks.relay import role
from streams.fault_injection import install
from streams.runtime.endpoints import Health
from tests.scenarios.roles import Role
from tests.sinks.role_threads import role_thread
from tests.worlds import World


@contextmanager
def relay_thread(world: World, health: Health | None = None, **overrides: Any) -> Iterator[None]:
    """A relay that runs while the block does."""
    settings = world.settings(**overrides)
    install(settings.test_controls)
    with role_thread(lambda stop: role.run(settings, stop, health or Health())):
        yield


def relay_process(world: World, folder: Path, **overrides: Any) -> Role:
    """A relay process; the caller ends it."""
    return Role(world, "relay", folder, **overrides)

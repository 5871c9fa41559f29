"""The process of a role: logs, signals, endpoints, and the exit code by which a supervisor decides to restart it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from streams import fault_injection
from streams.runtime import logging, metrics, tracing
from streams.runtime.endpoints import Health, TelemetryServer
from streams.runtime.errors import ConfigurationError, Role
from streams.runtime.lifecycle import Stop, end_with
from streams.runtime.metric_series import registry_of
from streams.settings import ProgramSettings

RunRole = Callable[[ProgramSettings, Stop, Health], int]
"""A role: works until stopped and returns its exit code. What it raises ends the process (`exit_code`)."""

FAILED: Final = 1
REFUSED: Final = 2
"""Started in a way that cannot work: a restart does not help."""


class RoleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One role of the program: its row in `deploy.commands.roles`."""

    role: Role
    run: str
    """`module:function` of a `RunRole`; imported in its own process alone, so that each role starts quickly."""
    help: str
    """What it does, for the command line."""

    def load(self) -> RunRole:
        module, _, function = self.run.partition(":")
        found: RunRole = getattr(importlib.import_module(module), function)
        return found


def run_process(
    entry: RoleEntry,
    settings: ProgramSettings,
    *,
    version: str,
    parent: int | None,
    in_the_clear: Iterable[str],
    refused: Callable[[Role, str], None] | None = None,
) -> int:
    """Run a role in this process until it ends; returns the exit code. Blocks. Main thread only.

    1. logs. 2. say what was chosen. 3. signals and parent. 4. endpoints, which answer from now on. 5. the role.
    `parent`: ends with that process. `in_the_clear`: what goes over the network unencrypted. `refused` hears of a role
    that refuses to go on, and the kind of its error; it does not raise.
    """
    role = entry.role
    logging.configure(level=settings.log_level, style=settings.log_format, role=role.value, slot=settings.slot)
    log = logging.log(__name__)
    for name, value in settings.described().items():
        log.info("setting", setting=name, value=value)
    for switch in settings.unsafe_switches():
        log.warning("REHEARSAL: this switch is accepted for targets on loopback only", setting=switch)
    for reason in in_the_clear:
        log.warning("IN THE CLEAR: payment data could be read on the way", reason=reason)
    fault_injection.install(settings.test_controls, settings.crash)
    stop = Stop()
    stop.on_signals()
    if parent is not None:
        end_with(parent, stop)
    registry = registry_of(role, settings.slot)
    metrics.BUILD_INFO.labels(role.value, version).set(1)
    metrics.REHEARSAL.labels(role.value).set(len(settings.unsafe_switches()))
    health = Health()
    metrics.READY.labels(role.value).set_function(lambda: float(health.is_ready()[0]))
    server = TelemetryServer(settings.metrics_host, settings.metrics_port or 0, health, registry)
    server.start()
    log.info("role starts", url=f"{server.url}/metrics", pid=os.getpid())
    try:
        tracing.install(settings, role.value, version)
        code = entry.load()(settings, stop, health)
    except Exception as error:  # noqa: BLE001 - the one place where a role's end is said; the supervisor restarts it
        log.failure("role ends with an error", error)
        code = exit_code(error)
        if code == REFUSED and refused is not None:
            refused(role, type(error).__name__)
    finally:
        tracing.close()
        server.stop()
    log.info("role ended", exit_code=code)
    return code


def exit_code(error: Exception) -> int:
    """REFUSED: a restart cannot help. Pure."""
    return REFUSED if isinstance(error, ConfigurationError) else FAILED

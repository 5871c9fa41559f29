"""`writeback rules|intake|poster|relay|notifier`: one role in this process."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated, Final

import typer

from streams.runtime.errors import Role

ENTRY: Final = {
    Role.RULES: "processors.rules_role:run",
    Role.INTAKE: "sinks.ledger.intake.role:run",
    Role.POSTER: "sinks.poster.role:run",
    Role.RELAY: "sinks.relay:run",
    Role.NOTIFIER: "sinks.notices.role:run",
}
"""`run(settings, stop) -> exit code` of each role."""

Slot = Annotated[int | None, typer.Option(help="Stable number among the processes of this role.")]
MetricsPort = Annotated[int | None, typer.Option(help="Port of /metrics, /healthz and /readyz; 0 takes a free one.")]
Parent = Annotated[int | None, typer.Option(hidden=True, help="End when this process ends.")]


def rules(slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Decide: source topics to write-backs, each batch in one Kafka transaction."""
    _run(Role.RULES, slot, metrics_port, parent)


def intake(slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Store: write-backs and dead letters into the ledger, with their positions."""
    _run(Role.INTAKE, slot, metrics_port, parent)


def poster(slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Post: due entries to the practices' systems, once."""
    _run(Role.POSTER, slot, metrics_port, parent)


def relay(slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Publish: the ledger's outbox to the result and settings topics."""
    _run(Role.RELAY, slot, metrics_port, parent)


def notifier(slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
    """Tell: open notices to the practices' staff by e-mail."""
    _run(Role.NOTIFIER, slot, metrics_port, parent)


def _run(role: Role, slot: int | None, metrics_port: int | None, parent: int | None) -> None:
    """1. Settings. 2. Logs. 3. Say what was chosen. 4. Signals and parent. 5. Endpoint. 6. The role."""
    from deploy.encryption import check_encryption
    from deploy.servers import settings_here
    from streams import fault_injection
    from streams.kafka.dead_letters import APP_VERSION
    from streams.runtime import logging, metrics
    from streams.runtime.endpoints import HEALTH, TelemetryServer
    from streams.runtime.lifecycle import Stop, end_with

    settings = settings_here(slot=slot, metrics_port=metrics_port)
    logging.configure(level=settings.log_level, style=settings.log_format, role=role.value, slot=settings.slot)
    log = logging.log(__name__)
    for name, value in settings.described().items():
        log.info("setting", setting=name, value=value)
    for switch in settings.unsafe_switches():
        log.warning("REHEARSAL: this switch is accepted for targets on loopback only", setting=switch)
    for clear in check_encryption(settings):
        log.warning("IN THE CLEAR: payment data could be read on the way", reason=clear)
    fault_injection.install(settings.test_controls, settings.crash)
    stop = Stop()
    stop.on_signals()
    if parent is not None:
        end_with(parent, stop)
    metrics.BUILD_INFO.labels(role.value, APP_VERSION).set(1)
    metrics.REHEARSAL.labels(role.value).set(len(settings.unsafe_switches()))
    server = TelemetryServer(settings.metrics_host, settings.metrics_port, HEALTH)
    server.start()
    log.info("role starts", url=f"{server.url}/metrics", pid=os.getpid())
    module, _, attribute = ENTRY[role].partition(":")
    try:
        code = int(getattr(importlib.import_module(module), attribute)(settings, stop))
    except Exception as error:  # noqa: BLE001 - the one place where a role's end is told; the supervisor restarts it
        log.failure("role ends with an error", error)
        code = _exit_code(error)
    finally:
        server.stop()
    log.info("role ended", exit_code=code)
    sys.exit(code)


def _exit_code(error: Exception) -> int:
    """2 tells the supervisor that a restart cannot help."""
    from streams.runtime.errors import ConfigurationError

    return 2 if isinstance(error, ConfigurationError) else 1

"""`writeback rules|intake|poster|relay|notifier`: one role in this process, and what starts the others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from streams.runtime.errors import Role
from streams.runtime.role_process import RoleEntry, run_process

if TYPE_CHECKING:
    from streams.settings import ProgramSettings

ROLES: Final = (
    RoleEntry(
        role=Role.RULES,
        run="processors.rules_role:run",
        help="Decide: source topics to write-backs, each batch in one Kafka transaction.",
    ),
    RoleEntry(
        role=Role.INTAKE,
        run="sinks.ledger.intake.role:run",
        help="Store: write-backs and dead letters into the ledger, with their positions.",
    ),
    RoleEntry(
        role=Role.POSTER,
        run="sinks.poster.role:run",
        help="Post: due entries to the practices' systems, once.",
    ),
    RoleEntry(
        role=Role.RELAY,
        run="sinks.relay.role:run",
        help="Publish: the ledger's outbox to the result and settings topics.",
    ),
    RoleEntry(
        role=Role.NOTIFIER,
        run="sinks.notices.role:run",
        help="Notify: open notices to the practices' staff by e-mail.",
    ),
    RoleEntry(
        role=Role.HEALTH,
        run="processors.health.role:run",
        help="Measure: how each practice's systems answer, from posters' heartbeats.",
    ),
    RoleEntry(
        role=Role.SYNC,
        run="sinks.sync.role:run",
        help="Read: the practices' own systems into the ledger's mirror, daily or hourly.",
    ),
)
"""The roles of the flow, one row each."""
AGENTS: Final = RoleEntry(
    role=Role.AGENTS,
    run="sinks.targets.connector.serve:run",
    help="Serve: requests to the agents of practices that cannot be called, and their answers.",
)
WEBHOOKS: Final = RoleEntry(
    role=Role.WEBHOOKS,
    run="sinks.poster.webhook_server:run",
    help="Listen: targets' signed messages about outcomes; each has its entry looked for at once.",
)
CONSOLE: Final = RoleEntry(
    role=Role.CONSOLE,
    run="sinks.console.role:run",
    help="Show: the console's pages, for practices' staff and operators.",
)

Slot = Annotated[
    int | None, typer.Option(help="Stable number among the processes of this role; an equal one replaces the older.")
]
MetricsPort = Annotated[int | None, typer.Option(help="Port of /metrics, /healthz and /readyz; 0 takes a free one.")]
Parent = Annotated[int | None, typer.Option(hidden=True, help="End when this process ends.")]
Host = Annotated[str | None, typer.Option(help="Address to listen at; a proxy in front of it speaks TLS.")]


def _command(entry: RoleEntry) -> Callable[..., None]:
    def command(slot: Slot = None, metrics_port: MetricsPort = None, parent: Parent = None) -> None:
        run_role(entry, parent=parent, slot=slot, metrics_port=metrics_port)

    command.__doc__ = entry.help
    return command


def run_role(entry: RoleEntry, *, parent: int | None, **options: object) -> NoReturn:
    """Run one role in this process and end with its exit code. `options` win over the environment's settings."""
    from deploy.encryption import check_encryption
    from deploy.servers import settings_here
    from streams.kafka.dead_letters import APP_VERSION

    settings = settings_here(**options)
    in_the_clear = check_encryption(settings)
    sys.exit(
        run_process(
            entry,
            settings,
            version=APP_VERSION,
            parent=parent,
            in_the_clear=in_the_clear,
            refused=lambda role, kind: _tell_operator(settings, role, kind),
        )
    )


def _tell_operator(settings: ProgramSettings, role: Role, kind: str) -> None:
    """Have the notifier write to the operator that a role refuses to go on. Where the ledger cannot be reached, the log
    and the exit code have to do."""
    import psycopg

    from sinks.ledger.role_slots import record_stop
    from sinks.ledger.schema.database import connect
    from streams.runtime.logging import log

    try:
        with connect(settings.database_url, f"{role.value}-stopped") as connection:
            record_stop(connection, role, settings.slot, kind, settings.clock().for_database())
    except psycopg.Error as error:
        log(__name__).warning("the operator could not be notified of this stop", error=type(error).__name__)


def __getattr__(name: str) -> Callable[..., None]:
    """The command of a role, by the role's name."""
    for entry in ROLES:
        if entry.role.value == name:
            return _command(entry)
    raise AttributeError(name)

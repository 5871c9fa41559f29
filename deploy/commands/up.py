"""`writeback up`: the whole pipeline on one machine."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.runtime.errors import Role

if TYPE_CHECKING:
    from deploy.at_work import AtWork
    from deploy.local.stack import LocalStack
    from deploy.supervisor import Slot, Supervisor
    from streams.settings import ProgramSettings

LOOK_EVERY_S: Final = 0.2
# Roles join their group and read all settings first; what is not ready by then waits for something.
PATIENCE_S: Final = 8.0

Count = Annotated[int, typer.Option(min=0, max=64, help="How many processes of this role.")]
OneOrNone = Annotated[int, typer.Option(min=0, max=1, help="Whether this role, which others call, runs here.")]


def up(
    rules: Count = 1,
    intake: Count = 1,
    poster: Count = 1,
    relay: Count = 1,
    notifier: Count = 1,
    health: Count = 1,
    sync: Count = 1,
    agents: OneOrNone = 1,
    webhooks: OneOrNone = 1,
    console: OneOrNone = 1,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where local data is kept; default WRITEBACK_STATE_DIR or the system's place.")
    ] = None,
    throw_away: Annotated[bool, typer.Option(help="Keep no local data: a fresh start, deleted at the end.")] = False,
    new_ports: Annotated[bool, typer.Option(help="Forget the remembered ports and choose free ones.")] = False,
) -> None:
    """Run every role here, with the local broker and database unless others are set; Ctrl-C ends all in order.

    1. Broker and database. 2. Ledger's schema. 3. Topics. 4. Roles. 5. Watch. 6. Roles, then servers, end.
    """
    from deploy.at_work import AtWork
    from deploy.local.folders import cache_folder, state_folder
    from deploy.local.stack import LocalStack
    from streams.settings import ProgramSettings

    settings = ProgramSettings.load(state_dir=state_dir)
    counts = {
        Role.RULES: rules,
        Role.INTAKE: intake,
        Role.POSTER: poster,
        Role.RELAY: relay,
        Role.NOTIFIER: notifier,
        Role.HEALTH: health,
        Role.SYNC: sync,
        Role.AGENTS: agents,
        Role.WEBHOOKS: webhooks,
        Role.CONSOLE: console,
    }
    signals = _Signals()
    stack = LocalStack(
        None if throw_away else state_folder(settings.state_dir),
        cache=cache_folder(settings.cache_dir),
        say=say,
        new_ports=new_ports,
        with_kafka=not settings.kafka_bootstrap_servers,
        with_postgres=not settings.database_url,
    )
    place = AtWork(stack.state)
    with stack, closing(place):
        settings = _prepared(settings, stack, console=bool(console))
        code = _run(settings, counts, stack, signals, place)
    say("all stopped")
    sys.exit(code)


def say(line: str) -> None:
    """One line for the person at the terminal."""
    print(line, flush=True)


class _Signals:
    """The first Ctrl-C or SIGTERM ends in order, the second at once."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.at_once = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _: int, __: object) -> None:
        if self.stop.is_set():
            self.at_once.set()
            raise KeyboardInterrupt  # leaves whatever wait the orderly end is in
        self.stop.set()


def _prepared(settings: ProgramSettings, stack: LocalStack, *, console: bool) -> ProgramSettings:
    """Servers, schema and topics; says what was chosen."""
    from deploy.encryption import check_encryption
    from deploy.local.ledger_database import protect_local_audit
    from deploy.scrape_targets import FILE
    from deploy.servers import LOCAL_DATABASE, on_local
    from sinks.operations.queries.topic_partitions import fixed_partitions
    from streams.kafka.topics import ensure_topics

    if settings.database_url:
        check_encryption(settings)  # before a login goes over the network
        _require_schemas(settings, console=console)
    local = stack.start(LOCAL_DATABASE)
    say(f"Kafka:    {settings.kafka_bootstrap_servers or local.bootstrap + ' (local, Apache Kafka)'}")
    say(f"Postgres: {'DATABASE_URL' if settings.database_url else 'local, ' + _without_login(local.database_url)}")
    say(f"state:    {stack.state}")
    settings = on_local(settings, stack.state, local)
    for switch in settings.unsafe_switches():
        say(f"REHEARSAL: {switch} is on; it is accepted for targets on loopback only")
    for clear in check_encryption(settings):
        say(f"IN THE CLEAR: {clear}")
    say(f"ledger:   {_schema(settings, own=bool(local.database_url), console=console)}")
    if local.database_url:
        protect_local_audit(stack.state, LOCAL_DATABASE)
    report = ensure_topics(settings, fixed_partitions(settings.database_url))
    say(f"topics:   {len(report.created)} created, {len(report.checked)} checked")
    if report.warnings:
        say(f"topics:   one broker only: {len(report.warnings)} of them without replicas")
    return settings.model_copy(update={"metrics_targets": settings.metrics_targets or str(stack.state / FILE)})


def _require_schemas(settings: ProgramSettings, *, console: bool) -> None:
    """The ledger's tables are there, and the console's where it shall run; else ConfigurationError says what to do."""
    from sinks.console.schema import console_schema_is_behind
    from sinks.ledger.schema.database import connect
    from sinks.ledger.schema.version import require_schema
    from streams.runtime.errors import ConfigurationError

    with connect(settings.database_url, "up") as connection:
        require_schema(connection)
    if console and console_schema_is_behind(settings):
        raise ConfigurationError(
            "the database of DATABASE_URL does not have this release's tables of the console: run `writeback migrate`, "
            "then start again; or run without it: `writeback up --console 0`"
        )


def _schema(settings: ProgramSettings, *, own: bool, console: bool) -> str:
    """Its own database is migrated; that of DATABASE_URL may serve others, and was only looked at."""
    from sinks.console.schema import migrate_console
    from sinks.ledger.schema.migrate import migrate

    applied = 0
    if own:
        applied = migrate(settings.database_url)
        _require_schemas(settings, console=False)
        applied += migrate_console(settings) if console else 0
    return f"{applied} migrations applied" if applied else "up to date"


def _run(
    settings: ProgramSettings, counts: Mapping[Role, int], stack: LocalStack, signals: _Signals, place: AtWork
) -> int:
    from deploy.scrape_targets import remove_targets, scrape_target, write_targets
    from deploy.supervisor import Supervisor

    supervisor = Supervisor(_slots(settings, counts, stack.state / "logs"), say, settings.times)
    try:
        supervisor.start()
        for slot in supervisor.slots:
            say(f"{slot.name:<11} process {slot.pid}, http://127.0.0.1:{slot.port}/metrics, log {slot.log}")
        host = settings.metrics_host
        scraped = [scrape_target(slot.role, slot.number, host, slot.port) for slot in supervisor.slots]
        say(f"metrics:  {write_targets(stack.state, scraped)}, for Prometheus' file_sd_configs")
        for role, address in _called_at(settings).items():
            if counts[role]:
                say(f"{role.value} listens at {address}")
        code = _watch(supervisor, stack, signals, place)
        say("stopping")
        supervisor.stop()
    except KeyboardInterrupt:
        say("stopping at once; entries in flight will be read back at the next start")
        code = 128 + signal.SIGINT
    finally:
        supervisor.kill()
        remove_targets(stack.state)
    return code


def _watch(supervisor: Supervisor, stack: LocalStack, signals: _Signals, place: AtWork) -> int:
    """Until told to stop, a server ends, or a role refuses to start; returns the exit code."""
    readiness = _Readiness(supervisor, place)
    while not signals.stop.wait(LOOK_EVERY_S):
        supervisor.look()
        ended = stack.ended()
        if ended is not None:
            say(f"the local {ended} has ended by itself; its log is in {stack.state}")
            return 1
        if any(not slot.was_ready for slot in supervisor.refused()):
            say("a role cannot start with these settings")
            return 2
        readiness.look()
    return 1 if supervisor.refused() else 0


class _Readiness:
    """Says when the roles are at work, and what those that are not wait for."""

    def __init__(self, supervisor: Supervisor, place: AtWork) -> None:
        self._supervisor = supervisor
        self._place = place
        self._at_work: dict[str, int] = {}
        self._complained: dict[str, str] = {}
        self._patient_until = time.monotonic() + PATIENCE_S
        self._said = False

    def look(self) -> None:
        waiting = [slot for slot in self._supervisor.slots if self._at_work.get(slot.name) != slot.restarts]
        for slot in waiting:
            if slot.is_ready():
                if slot.name in self._at_work:
                    say(f"{slot.name} is at work again: process {slot.pid}")
                self._at_work[slot.name] = slot.restarts
            elif time.monotonic() > self._patient_until and self._complained.get(slot.name) != slot.why:
                self._complained[slot.name] = slot.why
                say(f"{slot.name} is not ready: {slot.why}")
        if not self._said and len(self._at_work) == len(self._supervisor.slots):
            self._said = True
            self._place.announce()
            say("ready: every role is at work; Ctrl-C stops them in order")


def _slots(settings: ProgramSettings, counts: Mapping[Role, int], logs: Path) -> list[Slot]:
    from deploy.supervisor import Slot
    from streams.settings import PREFIX

    logs.mkdir(exist_ok=True)
    ours = settings.to_environ()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | ours
    return [
        Slot(role, number, port, logs / f"{role.value}-{number}.log", environ)
        for (role, number), port in _ports(settings, counts).items()
    ]


def _ports(settings: ProgramSettings, counts: Mapping[Role, int]) -> dict[tuple[Role, int], int]:
    from deploy.local.ports import free_ports
    from deploy.scrape_targets import FIRST_PORT, fixed_ports, taken_ports
    from streams.runtime.errors import ConfigurationError

    if settings.metrics_port == 0:
        places = [(role, number) for role, count in counts.items() for number in range(count)]
        return dict(zip(places, free_ports(len(places)), strict=True))
    ports = fixed_ports(settings.metrics_port or FIRST_PORT, counts)
    if taken := taken_ports(settings.metrics_host, ports.values()):
        raise ConfigurationError(
            f"port {taken[0]} on {settings.metrics_host}, where a role's metrics are served, is taken by another "
            "program, such as another `writeback up`: choose the first of other ports with WRITEBACK_METRICS_PORT; "
            "0 takes free ones"
        )
    return ports


def _called_at(settings: ProgramSettings) -> dict[Role, str]:
    """Where the roles that others call are reached; port 0 is chosen by them, and stands in their logs."""
    addresses = {
        Role.AGENTS: (settings.agents_host, settings.agents_port),
        Role.WEBHOOKS: (settings.webhooks_host, settings.webhooks_port),
        Role.CONSOLE: (settings.console_host, settings.console_port),
    }
    return {
        role: f"http://{host}:{port}" if port else "a free port, see its log"
        for role, (host, port) in addresses.items()
    }


def _without_login(url: str) -> str:
    return url.rpartition("@")[2]

"""The local stack as one thing: started, found again, and stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import psutil

from deploy.local import children, kafka, postgres
from deploy.local.broker_login import Login, client_file, login_in
from deploy.local.folders import STATE_NEEDS_BYTES, LocalStackError, cache_folder, state_folder, usable
from deploy.local.jars import ensure_jars
from deploy.local.java import find_java
from deploy.local.ledger_database import ensure_database
from deploy.local.locks import FileLock
from deploy.local.ports import LOOPBACK, free_ports, require_free

# A stack that another process is just starting is given this long to come up.
OTHER_STARTS_S: Final = 180.0


class Addresses(msgspec.Struct, frozen=True):
    """Where the broker and the database answer; empty for one that is not wanted.

    The URL holds a password, the superuser's for the database of its name: never log it.
    """

    bootstrap: str
    database_url: str
    kafka_client_file: Path | None = None
    """Properties with the broker's login; None where it is another's, or asks for none."""


class Ports(msgspec.Struct, frozen=True):
    """The ports that a state folder remembers."""

    kafka: int
    controller: int
    postgres: int


class Running(msgspec.Struct, frozen=True):
    """The process ids of a running stack, as its state folder has them."""

    owner: int
    kafka: int
    postgres: int


class LocalStack:
    """One broker and one database on loopback, with their data in a state folder.

    Guarantee: what `start` started ends with `stop`, and with this process however it ends (see `tether`). A stack
    that already runs on the same folder is used, not started twice, and then `stop` leaves it alone. Start and stop
    block for seconds (the first start, which fetches the jars, for about half a minute) and belong in the main
    thread.
    """

    def __init__(
        self,
        state: Path | None,
        *,
        cache: Path | None = None,
        say: Callable[[str], None] = lambda _: None,
        new_ports: bool = False,
        throw_away: bool = False,
        with_kafka: bool = True,
        with_postgres: bool = True,
        open_broker: bool = False,
    ) -> None:
        """`state` None or `throw_away`: the folder is deleted at the end, and Postgres does not wait for the disk.

        `with_kafka`, `with_postgres`: False where another one is used instead. `open_broker`: one that asks nobody for
        a password, for tests, whose events are made up.
        """
        self._open_broker = open_broker
        self._with_kafka, self._with_postgres = with_kafka, with_postgres
        self._throw_away = throw_away or state is None
        self._own_folder = state is None
        self._state = state if state is not None else _throw_away_folder()
        self._cache = cache_folder(cache)
        self._say = say
        self._new_ports = new_ports
        self._children: list[children.Child] = []
        self._lock = FileLock(self._state / "lock")

    @property
    def state(self) -> Path:
        return self._state

    def start(self, database: str = postgres.SUPERUSER) -> Addresses:
        """Start what is not running yet and return where it answers; `database` is made if it is missing."""
        usable(self._state, needs_bytes=STATE_NEEDS_BYTES, setting="WRITEBACK_STATE_DIR")
        if self._own_or_find():
            try:
                self._start_own()
            except BaseException:
                self.stop()
                raise
        ports = self._ports()
        folder = self._state / "postgres"
        if self._with_postgres and database != postgres.SUPERUSER:
            ensure_database(folder, ports.postgres, database)
        return Addresses(
            f"{LOOPBACK}:{ports.kafka}" if self._with_kafka else "",
            _database_url(folder, ports.postgres, database) if self._with_postgres else "",
            client_file(self._state / "kafka") if self._with_kafka else None,
        )

    def ended(self) -> str | None:
        """The name of a server that has ended though nobody here stopped it, or None."""
        if not self._lock.held:
            return None if running(self._state) is not None else "stack of another process"
        return next((child.name for child in self._children if not child.running()), None)

    def stop(self) -> None:
        """Stop what this object started: Kafka, then Postgres. Deletes the folder of a throw-away stack."""
        if self._lock.held:
            (self._state / "running.json").unlink(missing_ok=True)  # first, so that nobody joins a stack that ends
        for child in self._children:
            child.stop()
        self._children.clear()
        if self._lock.held:
            if self._throw_away:
                self._delete()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_own(self) -> None:
        """1. End what a killed run left. 2. Check the ports. 3. Start. 4. Wait until both answer. 5. Announce."""
        before = running(self._state)
        if before is not None and before.kafka:
            children.end_leftover(before.kafka, named="kafka.Kafka")
        postmaster = postgres.leftover_pid(self._state / "postgres")
        if postmaster is not None:
            children.end_leftover(postmaster, named=str(self._state), stop_signal=2)
        ports = self._ports()
        database = self._start_postgres(ports) if self._with_postgres else None
        broker = self._start_kafka(ports) if self._with_kafka else None
        pids = {"kafka": broker.pid if broker else 0, "postgres": database.pid if database else 0}
        self._write("running.json", Running(owner=0, **pids))
        if database is not None:
            url = postgres.url(self._state / "postgres", ports.postgres, postgres.SUPERUSER)
            postgres.wait_ready(database, url)
        if broker is not None:
            kafka.wait_ready(broker, ports.kafka, self._login())
        self._write("running.json", Running(owner=os.getpid(), **pids))

    def _start_postgres(self, ports: Ports) -> children.Child:
        require_free(ports.postgres, "the local Postgres")
        child = postgres.start(self._state / "postgres", self._cache, ports.postgres, throw_away=self._throw_away)
        self._children.append(child)
        return child

    def _start_kafka(self, ports: Ports) -> children.Child:
        require_free(ports.kafka, "the local Kafka")
        require_free(ports.controller, "the local Kafka's controller")
        jars = ensure_jars(self._cache, self._say)
        child = kafka.start(self._state / "kafka", jars, find_java(), ports.kafka, ports.controller, self._login())
        self._children.insert(0, child)
        return child

    def _login(self) -> Login | None:
        return None if self._open_broker else login_in(self._state / "kafka")

    def _own_or_find(self) -> bool:
        """True when the folder is ours to start on, False when its stack runs already. Waits while another process
        is starting or stopping."""
        from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

        def settled() -> bool | None:
            if self._lock.acquire(wait=False):
                return True
            found = running(self._state)
            return False if found is not None and found.owner != 0 else None

        try:
            owns: bool | None = Retrying(
                retry=retry_if_result(lambda answer: answer is None),
                stop=stop_after_delay(OTHER_STARTS_S),
                wait=wait_fixed(0.1),
            )(settled)
        except RetryError as error:
            raise LocalStackError(
                f"another process holds {self._state} and its stack did not come up: end it, or choose another "
                "folder with WRITEBACK_STATE_DIR"
            ) from error
        if not owns:
            self._say(f"using the stack that already runs on {self._state}")
        return bool(owns)

    def _delete(self) -> None:
        """Delete the data; the whole folder where it is our own, else it stays while others' files are in it."""
        if self._own_folder:
            shutil.rmtree(self._state, ignore_errors=True)
            return
        for part in ("kafka", "postgres"):
            shutil.rmtree(self._state / part, ignore_errors=True)
        for name in ("ports.json", "lock"):
            (self._state / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._state.rmdir()

    def _ports(self) -> Ports:
        remembered = self._state / "ports.json"
        if remembered.exists() and not self._new_ports:
            try:
                return msgspec.json.decode(remembered.read_bytes(), type=Ports)
            except msgspec.DecodeError as error:
                raise LocalStackError(f"{remembered} is damaged: delete that file and start again") from error
        ports = Ports(*free_ports(3))
        self._write("ports.json", ports)
        self._new_ports = False
        return ports

    def _write(self, name: str, record: msgspec.Struct) -> None:
        staging = self._state / f".{name}"
        staging.write_bytes(msgspec.json.encode(record))
        staging.replace(self._state / name)


def found_running(state: Path | None, database: str) -> Addresses | None:
    """The addresses of the stack that runs on the state folder now, or None. Starts nothing."""
    folder = state_folder(state)
    found = running(folder)
    if found is None or found.owner == 0 or not psutil.pid_exists(found.owner):
        return None
    ports = msgspec.json.decode((folder / "ports.json").read_bytes(), type=Ports)
    return Addresses(
        f"{LOOPBACK}:{ports.kafka}" if found.kafka else "",
        _database_url(folder / "postgres", ports.postgres, database) if found.postgres else "",
        client_file(folder / "kafka") if found.kafka else None,
    )


def running(state: Path) -> Running | None:
    """What the folder says of a running stack; owner 0 while it still starts."""
    try:
        return msgspec.json.decode((state / "running.json").read_bytes(), type=Running)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _throw_away_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="writeback-stack-"))
    folder.chmod(0o711)  # Postgres may run as another user and has to pass through
    return folder


def _database_url(folder: Path, port: int, database: str) -> str:
    """Of the superuser for its own database, else of the application's user."""
    if database == postgres.SUPERUSER:
        return postgres.url(folder, port, database)
    return postgres.application_url(folder, port, database)

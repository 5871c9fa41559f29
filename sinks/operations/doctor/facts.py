"""What was seen of a pipeline. A fact that is None was not looked at."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from sinks.ledger.schema.version import SchemaState
from sinks.ledger.schema.walls import WallState
from sinks.operations.doctor.finding import Check
from sinks.operations.queries.lag import Closed, Dead, OutboxDepth, Waiting


class TopicFaults(msgspec.Struct, frozen=True):
    """Sentences about topics."""

    missing: tuple[str, ...]
    unsafe: tuple[str, ...]
    """Those that would lose or refuse records."""


class ClockAhead(msgspec.Struct, frozen=True):
    """By how many seconds the clock of another server is ahead of this machine's; negative: behind."""

    server: str
    seconds: float


class Certificate(msgspec.Struct, frozen=True):
    """Where a certificate was found, and until when it is valid."""

    place: str
    until: datetime


class EndingCredential(msgspec.Struct, frozen=True):
    practice_id: str
    route: str
    days_left: float


class WrongMapping(msgspec.Struct, frozen=True):
    """Entries of a practice that cannot be composed because of its connection's mapping."""

    practice_id: str
    route: str | None
    reason: str
    entries: int


class StuckGate(msgspec.Struct, frozen=True):
    """A practice's way to a system that is open, has been due for long, and is not served."""

    practice_id: str
    due_for_s: float
    claimed: bool
    """By a poster that has not come to its end."""


class ClosedSeen(msgspec.Struct, frozen=True):
    """Connections that are closed, the oldest first, and the route of the first."""

    closed: tuple[Closed, ...]
    route: str | None


class FreeSpace(msgspec.Struct, frozen=True):
    folder: str
    free_bytes: int
    total_bytes: int


class RegistrySeen(msgspec.Struct, frozen=True):
    """Of a schema registry: why it could not be used, and subjects of the contract."""

    silent: str | None
    missing: tuple[str, ...]
    """Whose newest version is not registered, and would be taken."""
    refused: tuple[str, ...]
    """Under which something stands that ours is not compatible with."""


class StoppedRole(msgspec.Struct, frozen=True):
    """A role that refused to go on, and was not started again as far as the ledger knows."""

    role: str
    slot: int
    reason: str
    stopped_at: datetime


class StandbysSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Copies of the database's server. What this user may not see of them is None."""

    names: str
    """The server's synchronous_standby_names: each commit waits for those."""
    synchronous: int
    """Of them, connected."""
    accepted: bool
    """The settings say that there is one server alone (WRITEBACK_SINGLE_NODE)."""
    hidden: bool
    """This user sees that there are standbys, and nothing about them."""
    behind_bytes: float | None
    """Of the standby that is furthest behind: what it has not written yet."""
    behind_s: float | None


class MailSeen(msgspec.Struct, frozen=True):
    """The mail server, by its host's name."""

    host: str
    silent: str | None = None
    unbelieved: str | None = None
    """What is wrong with its certificate."""
    no_tls: bool = False
    """Mail goes, or would go, in the clear over a network."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a look can see; `at` is this machine's time."""

    at: datetime
    broker_silent: str | None = None
    """Why: a code of the client's."""
    topics: TopicFaults | None = None
    database_silent: str | None = None
    schema: SchemaState | None = None
    clocks: tuple[ClockAhead, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    credentials: tuple[EndingCredential, ...] | None = None
    mappings: tuple[WrongMapping, ...] | None = None
    gates: tuple[StuckGate, ...] | None = None
    connections: ClosedSeen | None = None
    waiting: tuple[Waiting, ...] | None = None
    notices_unread: int | None = None
    dead: tuple[Dead, ...] | None = None
    outbox: tuple[OutboxDepth, ...] | None = None
    disks: tuple[FreeSpace, ...] = ()
    registry: RegistrySeen | None = None
    stops: tuple[StoppedRole, ...] | None = None
    standbys: StandbysSeen | None = None
    mail: MailSeen | None = None
    in_the_clear: tuple[str, ...] = ()
    """A sentence for each connection that could be read on its way."""
    wall: WallState | None = None


class Unlooked(msgspec.Struct, frozen=True):
    """What could not be looked at, and why."""

    check: Check
    why: str


class Looked:
    """Collects facts from several threads, so that what was seen in time is kept when a server hangs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts: dict[str, Any] = {}
        self._unlooked: list[Unlooked] = []

    def saw(self, name: str, fact: Any) -> None:
        """Keep a fact under its name in `Facts`; tuples of several looks are joined."""
        with self._lock:
            before = self._facts.get(name)
            self._facts[name] = (*before, *fact) if isinstance(before, tuple) else fact

    def could_not(self, check: Check, why: str) -> None:
        with self._lock:
            self._unlooked.append(Unlooked(check, why))

    def has(self, name: str) -> bool:
        with self._lock:
            return name in self._facts

    def so_far(self, at: datetime) -> tuple[Facts, tuple[Unlooked, ...]]:
        with self._lock:
            facts: Mapping[str, Any] = dict(self._facts)
            return Facts(at=at, **facts), tuple(self._unlooked)

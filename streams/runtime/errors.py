# ruff: noqa: N818 - the categories keep the words of the protocol
"""The taxonomy of errors, and the one place that decides what a role does about each.

Handlers look at the category and at nothing else. Messages of these
errors name ids, settings and what to do; never a payload, a person or a vendor's own words (H-1).
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class WritebackError(Exception):
    """Root of every error that this program raises on purpose."""


class Transient(WritebackError):
    """Nothing happened; the same attempt may succeed later (broker away, lock timeout, 503)."""


class Permanent(WritebackError):
    """Will not succeed by repetition; somebody has to change something first."""


class Ambiguous(WritebackError):
    """The request may have had its effect: only reading back shows it (laws 3, 16 and 19)."""


class Poison(WritebackError):
    """This one record cannot be processed by anybody; its neighbours can (law 9)."""


class Fenced(WritebackError):
    """A newer owner took over; whatever this process still wanted to write is void (laws 13 and 20)."""


class ConfigurationError(Permanent):
    """The program was started in a way that cannot work. The message says what to change; exit code 2."""


class Role(Enum):
    """The process roles of one program, in the order of the flow."""

    RULES = "rules"
    INTAKE = "intake"
    POSTER = "poster"
    RELAY = "relay"
    NOTIFIER = "notifier"
    HEALTH = "health"
    SYNC = "sync"
    AGENTS = "agents"
    WEBHOOKS = "webhooks"
    CONSOLE = "console"


CALLED: Final = frozenset({Role.AGENTS, Role.WEBHOOKS, Role.CONSOLE})
"""Roles that others call: each needs its one port, so one process of it runs on a machine."""


class Consequence(Enum):
    """What a role does about an error."""

    RETRY = "retry"  # same work again, within a deadline
    REWIND = "rewind"  # abort, go back to the committed position, again (law 1)
    REREAD_POSITION = "reread_position"  # the commit's outcome is in the database: look there (law 3)
    DEAD_LETTER = "dead_letter"  # this record leaves the stream with its reason; the others go on (law 9)
    READ_BACK = "read_back"  # UNCERTAIN: only the target knows (law 19)
    EXIT = "exit"  # stop loudly; a restart begins from what is stored


_ALL_ROLES: Final = {
    Transient: Consequence.RETRY,
    Permanent: Consequence.EXIT,
    Poison: Consequence.DEAD_LETTER,
    Fenced: Consequence.EXIT,
    Ambiguous: Consequence.EXIT,
}
_OWN: Final = {
    (Role.RULES, Transient): Consequence.REWIND,
    (Role.RULES, Ambiguous): Consequence.REWIND,
    (Role.INTAKE, Ambiguous): Consequence.REREAD_POSITION,
    (Role.POSTER, Ambiguous): Consequence.READ_BACK,
    (Role.RELAY, Transient): Consequence.REWIND,
    (Role.RELAY, Ambiguous): Consequence.REWIND,
    (Role.NOTIFIER, Ambiguous): Consequence.RETRY,  # repeated once with the same Message-ID (law 26)
}


def consequence(error: BaseException, role: Role) -> Consequence:
    """The one decision: what `role` does about `error`. Anything uncategorised stops the role. Pure."""
    category = category_of(error)
    if category is None:
        return Consequence.EXIT
    return _OWN.get((role, category), _ALL_ROLES[category])


def category_of(error: BaseException) -> type[WritebackError] | None:
    """The category of our own errors and of those of the broker's and the database's client; None if unknown.

    Kafka: what needs an abort or may be repeated is Transient, what fences is Fenced, other fatal errors are
    Permanent. Postgres by SQLSTATE class (law 9): 22, 23 and 54 (too long for an index, too deep) are this record's
    fault, 08, 40, 53 and 57 pass.
    """
    for category in _ALL_ROLES:
        if isinstance(error, category):
            return category
    kafka = error.args[0] if error.args and hasattr(error.args[0], "txn_requires_abort") else None
    if kafka is not None:
        return _kafka_category(kafka)
    if is_of_database(error):
        return _postgres_category(error)
    return None


def is_of_database(error: BaseException) -> bool:
    """Whether the database's client raised it. Pure."""
    return type(error).__module__.partition(".")[0] in ("psycopg", "psycopg_pool")


_TAKEN_OVER: Final = frozenset({"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH", "FENCED_INSTANCE_ID"})
"""Not FENCED_LEADER_EPOCH and FENCED_MEMBER_EPOCH: there the client only knows an old state of the cluster."""


def _kafka_category(error: object) -> type[WritebackError]:
    name = str(getattr(error, "name", lambda: "")())
    if name in _TAKEN_OVER:
        return Fenced
    if getattr(error, "fatal", lambda: False)():
        return Permanent
    return Transient


_CONNECTION_LOST: Final = frozenset(
    {"OperationalError", "InterfaceError", "ConnectionTimeout", "PoolTimeout", "PoolClosed", "TooManyRequests"}
)
_TRANSIENT_CLASSES: Final = frozenset({"08", "40", "53", "57"})
_RECORD_CLASSES: Final = frozenset({"22", "23", "54"})


def _postgres_category(error: BaseException) -> type[WritebackError]:
    sqlstate: str | None = getattr(error, "sqlstate", None)
    if sqlstate is None:
        # No answer from the server at all: the connection is gone or was never made.
        return Transient if type(error).__name__ in _CONNECTION_LOST else Poison
    if sqlstate[:2] in _RECORD_CLASSES:
        return Poison
    if sqlstate[:2] in _TRANSIENT_CLASSES or sqlstate in ("25P03", "25P04", "55P03"):
        return Transient
    return Permanent

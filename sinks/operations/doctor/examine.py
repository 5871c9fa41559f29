"""Looks at everything at once, within a deadline, and judges what was seen in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec

from sinks.operations.doctor.broker_look import look_at_broker
from sinks.operations.doctor.certificates import look_at_certificates
from sinks.operations.doctor.data_folders import look_at_disks
from sinks.operations.doctor.facts import Looked, Unlooked
from sinks.operations.doctor.finding import Check, Finding
from sinks.operations.doctor.judge import judge
from sinks.operations.doctor.ledger_look import OF_THE_LEDGER, look_at_ledger
from sinks.operations.doctor.mail_look import look_at_mail_server
from sinks.operations.doctor.registry_look import look_at_registry
from streams.settings import ProgramSettings

WITHIN_S: Final = 8.0
"""For everything together, so that the command with its start ends within 10 s; where all answer, it takes one."""
NO_ANSWER: Final = f"no answer within {WITHIN_S:.0f} s"


class Diagnosis(msgspec.Struct, frozen=True):
    findings: tuple[Finding, ...]
    unlooked: tuple[Unlooked, ...]


def examine(settings: ProgramSettings, within_s: float = WITHIN_S, in_the_clear: Sequence[str] = ()) -> Diagnosis:
    """What is wrong, in order of harm, and what could not be looked at. Returns within `within_s`, whatever hangs;
    changes nothing, takes no lock. What hangs stays behind on a daemon thread: the caller's process ends soon.

    `in_the_clear`: connections that could be read on their way, each a sentence with its remedy.
    """
    looked = Looked()
    looked.saw("in_the_clear", tuple(in_the_clear))
    fixed: Future[dict[str, int] | None] = Future()
    looks: dict[str, Callable[[], None]] = {
        "database": partial(look_at_ledger, settings, looked, fixed),
        "broker": partial(look_at_broker, settings, looked, fixed),
        "certificates": partial(look_at_certificates, settings, looked),
        "disk": partial(look_at_disks, settings, looked),
        "registry": partial(look_at_registry, settings, looked),
        "mail": partial(look_at_mail_server, settings, looked),
    }
    threads = {name: threading.Thread(target=each, name=f"look-{name}", daemon=True) for name, each in looks.items()}
    for thread in threads.values():
        thread.start()
    deadline = time.monotonic() + within_s
    for thread in threads.values():
        thread.join(max(0.0, deadline - time.monotonic()))
    _miss({name for name, thread in threads.items() if thread.is_alive()}, looked)
    facts, unlooked = looked.so_far(datetime.now(UTC))
    return Diagnosis(judge(facts), unlooked)


def _miss(hanging: set[str], looked: Looked) -> None:
    """Says of what hangs what it is, and of everything that nothing is known about that it was not looked at."""
    if "database" in hanging:
        looked.saw("database_silent", NO_ANSWER)
    if "broker" in hanging and not looked.has("topics"):
        looked.saw("broker_silent", NO_ANSWER)
    for name, check in _OTHER_LOOKS:
        if name in hanging:
            looked.could_not(check, NO_ANSWER)
    if looked.has("broker_silent"):
        looked.could_not(Check.TOPICS, "the broker does not answer")
    if looked.has("database_silent"):
        for check in (Check.MIGRATIONS, *OF_THE_LEDGER):
            if not looked.has(FACT_OF[check]):
                looked.could_not(check, "the database does not answer")


_OTHER_LOOKS: Final = (
    ("certificates", Check.CERTIFICATES),
    ("disk", Check.DISK),
    ("registry", Check.REGISTRY),
    ("mail", Check.MAIL),
)
FACT_OF: Final = {
    Check.MIGRATIONS: "schema",
    Check.CREDENTIALS: "credentials",
    Check.MAPPINGS: "mappings",
    Check.LANES: "gates",
    Check.CONNECTIONS: "connections",
    Check.LINKS: "waiting",
    Check.NOTICES: "notices_unread",
    Check.DEAD_LETTERS: "dead",
    Check.OUTBOX: "outbox",
    Check.ROLES: "stops",
    Check.STANDBYS: "standbys",
    Check.WALL: "wall",
}
"""By check, the fact that the database gives for it."""

"""Takes the signed messages that targets send about the outcome of writes, and has the entry looked for at once.

A message decides nothing: an entry is POSTED by a read-back alone. Without any message the poster looks by itself, ever
more seldom. One message is one short piece of work: a connection of its own, two statements.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
import psycopg

from schemas.vocabulary import Target
from sinks.ledger import gates
from sinks.ledger.gates import GateKey
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.schema.database import connect
from sinks.targets.catalogue import ROUTES
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from sinks.targets.route import OutcomeMessage
from streams.runtime.clock import Clock
from streams.settings import ProgramSettings

LARGEST_BODY: Final = 64 * 1024
FRESH: Final = timedelta(minutes=5)
"""How far a message's own time may be from ours: older ones are somebody's recordings."""
REMEMBERED: Final = 10_000
"""Messages that are known to have been told; the freshness bounds how long one is of use."""

_SQL: Final = named_queries("sinks.poster", "outcome_messages.sql")


class _Gate(msgspec.Struct, frozen=True):
    practice_id: str
    connection_id: str


class Heard(StrEnum):
    """What became of a message. Only the first and second are told to its sender apart from the third."""

    WOKEN = "woken"
    """Its entry is looked for now."""
    NOTHING = "nothing"
    """Authentic, and there is nothing to look for: decided already, told before, or not ours."""
    REFUSED = "refused"
    """Not proven to come from the target of this practice, too old, or for nobody."""


class OutcomeMessages:
    """Of one process; any thread may call `hear`."""

    def __init__(self, settings: ProgramSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database_url = settings.database_url
        self._keys = KeyRing.of(settings)
        self._clock: Clock = settings.clock()
        self._now = now
        self._told: OrderedDict[str, None] = OrderedDict()
        self._telling = threading.Lock()

    def hear(self, practice_id: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """One message for a practice's system. Blocks for a few statements; raises psycopg.Error, after which the
        sender's own repetition is taken as the first."""
        if len(body) > LARGEST_BODY or not practice_id.isprintable() or len(practice_id) > 255:
            return Heard.REFUSED
        with connect(self._database_url, "webhooks") as connection:
            stored = stored_connection(connection.cursor(), practice_id, Target.PMS)
            route = None if stored is None else ROUTES.get(stored.route)
            if stored is None or stored.secret is None or route is None or route.outcome_message is None:
                return Heard.REFUSED
            try:
                secret = self._keys.open(stored.home_practice_id, stored.connection_id, stored.secret)
            except SecretUnreadableError:
                return Heard.REFUSED
            message = route.outcome_message(secret, headers, body)
            if message is None or abs(self._now() - message.sent_at) > FRESH:
                return Heard.REFUSED
            if self._was_told(message):
                return Heard.NOTHING
            woken = self._look_now(connection, stored.home_practice_id, stored.connection_id, message)
            self._tell(message)
            return Heard.WOKEN if woken else Heard.NOTHING

    def reach_ledger(self) -> None:
        """Whether a message could be looked at now. Blocks; raises psycopg.Error where it could not."""
        with connect(self._database_url, "webhooks"):
            pass

    def _look_now(
        self, connection: psycopg.Connection[tuple[object, ...]], home: str, connection_id: str, message: OutcomeMessage
    ) -> bool:
        """1. the entry is due; 2. its gate too, in a transaction of its own: rows of `work` come last in the order of
        locks, and a poster that releases the gate in between finds the entry due by itself."""
        now = self._clock.for_database()
        parameters = {
            "now": now,
            "home_practice_id": home,
            "connection_id": connection_id,
            "request_begins": message.marker.removeprefix("WB"),
        }
        with connection.transaction():
            found: list[GateKey] = [
                (each.practice_id, each.connection_id)
                for each in fetch_all(connection, _Gate, _SQL["look_now"], parameters)
            ]
        if not found:
            return False
        with connection.transaction(), connection.cursor() as cursor:
            gates.advance(cursor, dict.fromkeys(found, self._clock.now()), now=now, jitter_s=0)
            gates.wake(cursor, {practice for practice, _ in found})
        return True

    def _was_told(self, message: OutcomeMessage) -> bool:
        with self._telling:
            return message.proof in self._told

    def _tell(self, message: OutcomeMessage) -> None:
        with self._telling:
            self._told[message.proof] = None
            while len(self._told) > REMEMBERED:
                self._told.popitem(last=False)

"""Level-triggered looks at every kind of waiting (law 8). What a wake-up should have done is repaired and counted.

The counts are expected to stay 0: they are the detector of a wake-up that got lost, not a way of working. Requests
for new decisions and versions that begin later are ordinary work (law 15).
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import in_force
from schemas.codec import EVENTS_BY_NAME
from schemas.topics import STREAM_TOPICS
from schemas.writebacks import Redecision, SourcePosition
from sinks.ledger import gates, outbox
from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.intake.read_context import lock_practices
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.history import truths
from sinks.ledger.practices.settings.version_start import apply_begun
from sinks.ledger.waiting.closed_periods import release_opened
from sinks.ledger.waiting.reevaluate import recompute
from sinks.ledger.waiting.resume_sweep import LookingAgain
from streams.runtime.clock import Clock
from streams.runtime.logging import log
from streams.runtime.metrics import REDECISIONS, SWEEP_REPAIRS

_CLOSED_PERIODS: Final = named_queries("sinks.ledger.waiting", "closed_periods.sql")
_SWEEPS: Final = named_queries("sinks.ledger.waiting", "sweeps.sql")
_SETTINGS: Final = named_queries("sinks.ledger.practices.settings")

MOST: Final = 500
"""Rows of one look: a sweep stays far below the statement timeout, and the next one goes on."""
REDECIDE_CAP: Final = timedelta(minutes=15)
LATE_GATE: Final = timedelta(seconds=5)
"""A gate that sleeps this long past its due work was not told."""

_LOG = log(__name__)


class Sweeps:
    """All looks of one intake. Several intakes may sweep at once: each repair happens under the practice's lock."""

    def __init__(
        self, connection: psycopg.Connection[TupleRow], policy: Policy, clock: Clock, *, sandbox: bool = False
    ) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = clock
        self._work_every_s = 0.25 if sandbox else 1.0
        self._look_every_s = 2.0 if sandbox else 15.0
        self._worked_at = self._looked_at = time.monotonic()
        self._after = ("", "")
        self._looking_again = LookingAgain(connection, policy, clock)

    def run(self) -> None:
        """Once a round of the role; does something when its time has come. Blocks for some statements."""
        now = time.monotonic()
        if now - self._worked_at >= self._work_every_s:
            self._worked_at = now
            self.begin_versions()
            self.ask_again()
        if now - self._looked_at >= self._look_every_s:
            self._looked_at = now
            self.open_days()
            self.look()

    def look(self) -> dict[str, int]:
        """Every kind of waiting once; returns the repairs, which are also counted."""
        repairs = {
            "link": self._recompute("links_missed"),
            "pause": self._recompute("pauses_missed"),
            "settings": self._settings_missed(),
            "gate": self._quiet_gates(),
            "original": self._looking_again.run(),
        }
        for kind, count in repairs.items():
            SWEEP_REPAIRS.labels(kind).inc(count)
            if count:
                _LOG.warning("a sweep repaired a lost wake-up", code=kind, count=count)
        return repairs

    def begin_versions(self) -> int:
        """Versions that were saved ahead and start now: their switches act."""
        now = self._clock.for_database()
        practices = self._found("versions_begun", now)
        for practice_id in practices:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                lock_practices(cursor, [practice_id])
                apply_begun(cursor, practice_id, now=now, jitter_s=self._policy.jitter_s)
        return len(practices)

    def open_days(self) -> int:
        """Entries that were to carry today's date while today was closed go on with the first open day (T-9)."""
        now = self._clock.for_database()
        rows = self._connection.execute(_CLOSED_PERIODS["days_opened"], {"now": now, "most": MOST}).fetchall()
        released = 0
        for (practice_id,) in sorted(rows):
            with self._connection.transaction(), self._connection.cursor() as cursor:
                lock_practices(cursor, [practice_id])
                released += release_opened(cursor, practice_id, actor="calendar", now=now)
        return released

    def ask_again(self) -> int:
        """Send the re-decision requests that are due, and set their next time: doubling, at most 15 min (law 15)."""
        now = self._clock.for_database()
        with self._connection.transaction(), self._connection.cursor() as cursor:
            due = cursor.execute(_SWEEPS["redecisions_due"], {"now": now, "most": MOST}).fetchall()
            if not due:
                return 0
            practices = sorted({row[0] for row in due})
            lock_practices(cursor, practices)
            found = truths(cursor, practices)
            locked = cursor.execute(_SWEEPS["redecisions_locked"], _keys(due) | {"now": now}).fetchall()
            asked, idle, requests = [], [], []
            for row in locked:
                truth = in_force(found.get(row[0], ()), min(row[3], row[4]))
                if truth is None:
                    idle.append(row)
                else:
                    asked.append(row)
                    requests.append(outbox.redecision_message(_request(row, truth.version)))
            spans = {"now": now, "first": self._policy.redecide_after, "cap": REDECIDE_CAP}
            cursor.execute(_SWEEPS["redecided"], _keys(asked) | spans)
            cursor.execute(_SWEEPS["not_redecidable"], _keys(idle))
            outbox.enqueue(cursor, requests)
        REDECISIONS.inc(len(requests))
        return len(requests)

    def _recompute(self, name: str) -> int:
        now = self._clock.for_database()
        repaired = 0
        for practice_id in self._found(name, now):
            with self._connection.transaction(), self._connection.cursor() as cursor:
                lock_practices(cursor, [practice_id])
                repaired += recompute(cursor, practice_id, now=now, jitter_s=self._policy.jitter_s)
        return repaired

    def _settings_missed(self) -> int:
        repaired = 0
        for practice_id in self._found("settings_missed", None):
            with self._connection.transaction(), self._connection.cursor() as cursor:
                lock_practices(cursor, [practice_id])
                parameters = {"practice_id": practice_id, "now": self._clock.for_database()}
                repaired += cursor.execute(_SETTINGS["ask_again"], parameters).rowcount
        return repaired

    def _quiet_gates(self) -> int:
        """A page of the gates each time; only one that still sleeps when it is recomputed was forgotten."""
        now = self._clock.for_database()
        parameters = {
            "now": now,
            "late": LATE_GATE,
            "after_practice": self._after[0],
            "after_connection": self._after[1],
            "most": MOST,
        }
        rows = self._connection.execute(_SWEEPS["quiet_gates_with_work"], parameters).fetchall()
        self._after = (rows[-1][0], rows[-1][1]) if len(rows) == MOST else ("", "")
        repaired = 0
        for practice_id, connection_id in rows:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                key = {"practice_id": practice_id, "connection_id": connection_id, "now": now, "late": LATE_GATE}
                lock_practices(cursor, [practice_id])
                gates.lock(cursor, [(practice_id, connection_id)])
                asleep = cursor.execute(_SWEEPS["sleeps"], key).fetchone()
                gates.refresh(cursor, [(practice_id, connection_id)], now=now, jitter_s=self._policy.jitter_s)
                awake = cursor.execute(_SWEEPS["sleeps"], key).fetchone()
                repaired += int(asleep is not None and awake is None)
        return repaired

    def _found(self, name: str, now: datetime | None) -> list[str]:
        rows = self._connection.execute(_SWEEPS[name], {"now": now, "most": MOST}).fetchall()
        return sorted({row[0] for row in rows})


def _keys(rows: list[TupleRow]) -> dict[str, object]:
    return {
        "practice_ids": [row[0] for row in rows],
        "sources": [row[1] for row in rows],
        "event_ids": [row[2] for row in rows],
    }


def _request(row: TupleRow, least_version: int) -> Redecision:
    practice_id, _, _, _, appended_at, event_type, topic_id, part, off, _, original_key, original = row
    topic = STREAM_TOPICS[EVENTS_BY_NAME[event_type].stream]
    position = SourcePosition(topic=topic.value, topic_id=topic_id, partition=part, offset=off, appended_at=appended_at)
    return Redecision(
        position=position,
        practice_id=practice_id,
        least_version=least_version,
        original_key=bytes(original_key),
        original=bytes(original),
    )

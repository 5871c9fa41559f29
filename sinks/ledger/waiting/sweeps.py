"""Level-triggered sweeps over every kind of waiting (law 8). What a wake-up should have done is repaired and counted.

The counts are expected to stay 0: they are the detector of a wake-up that got lost, not a way of working. Requests
for new decisions and versions that begin later are ordinary work (law 15).
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.named_queries import named_queries
from sinks.ledger.payouts.compare import PayoutComparison
from sinks.ledger.payouts.missing import MissingPayments
from sinks.ledger.practices.settings.version_start import apply_begun
from sinks.ledger.rows.fetch import fetch_all, fetch_value, fetch_values
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from sinks.ledger.waiting.closed_periods import release_opened
from sinks.ledger.waiting.redecisions import request_redecisions
from sinks.ledger.waiting.reevaluate import reevaluate
from sinks.ledger.waiting.resume_sweep import ResumeSweep
from streams.runtime.clock import Clock
from streams.runtime.logging import log
from streams.runtime.metrics import SWEEP_REPAIRS

_CLOSED_PERIODS: Final = named_queries("sinks.ledger.waiting", "closed_periods.sql")
_SWEEPS: Final = named_queries("sinks.ledger.waiting", "sweeps.sql")
_SETTINGS: Final = named_queries("sinks.ledger.practices.settings")

MOST: Final = 500
"""Rows of one sweep: it stays far below the statement timeout, and the next one goes on."""
LATE_GATE: Final = timedelta(seconds=5)
"""A gate that sleeps this long past its due work was not woken."""

_LOG = log(__name__)


class _Gate(msgspec.Struct, frozen=True):
    practice_id: str
    connection_id: str
    forgotten: bool


class _Looked(msgspec.Struct, frozen=True):
    practice_id: str
    found: bool


class Sweeps:
    """All sweeps of one intake. Several intakes may sweep at once: each repair happens under the practice's lock."""

    def __init__(
        self, connection: psycopg.Connection[TupleRow], policy: Policy, clock: Clock, *, sandbox: bool = False
    ) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = clock
        self._work_every_s = 0.25 if sandbox else 1.0
        self._sweep_every_s = 2.0 if sandbox else 15.0
        self._worked_at = self._swept_at = time.monotonic()
        self._after = ("", "")
        self._pages: dict[str, str] = {}
        """The last practice of each sweep's page; the next round goes on behind it."""
        self._resume = ResumeSweep(connection, policy, clock)
        self.refused = ResumeSweep(connection, policy, clock, ["refused_payments"])
        """Takes back debits whose payment was refused: ordinary work, no repair (N-10)."""
        self.payouts = PayoutComparison(connection, policy, clock)
        self.missing = MissingPayments(connection, policy, clock)

    def run(self) -> None:
        """Once a round of the role; does something when its time has come. Blocks for some statements."""
        now = time.monotonic()
        if now - self._worked_at >= self._work_every_s:
            self._worked_at = now
            self.begin_versions()
            self.request_redecisions()
            self.payouts.run()
        if now - self._swept_at >= self._sweep_every_s:
            self._swept_at = now
            self.open_days()
            self.payouts.follow()
            self.missing.run()
            self.refused.run()
            self.repair()

    def repair(self) -> dict[str, int]:
        """Every kind of waiting once; returns the repairs, which are also counted."""
        repairs = {
            "link": self._reevaluate("links_missed"),
            "pause": self._reevaluate("pauses_missed"),
            "settings": self._settings_missed(),
            "gate": self._quiet_gates(),
            "original": self._resume.run(),
        }
        for kind, count in repairs.items():
            SWEEP_REPAIRS.labels(kind).inc(count)
            if count:
                _LOG.warning("a sweep repaired a lost wake-up", code=kind, count=count)
        return repairs

    def begin_versions(self) -> int:
        """Versions that were saved ahead and start now: their switches act."""
        wanted = {"now": self._clock.for_database(), "most": MOST}
        practices = sorted(fetch_values(self._connection, _SWEEPS["versions_begun"], wanted))
        for practice_id in practices:
            with self._unit(practice_id) as unit:
                apply_begun(unit)
        return len(practices)

    def open_days(self) -> int:
        """Entries that were to carry today's date while today was closed go on with the first open day (T-9)."""
        released = 0
        for practice_id in self._page("days_opened", _CLOSED_PERIODS["days_opened"]):
            with self._unit(practice_id) as unit:
                released += release_opened(unit, actor="calendar")
        return released

    def request_redecisions(self) -> int:
        """Ask RULES again for the decisions that are due."""
        return request_redecisions(
            self._connection, self._clock.for_database(), first=self._policy.redecide_after, most=MOST
        )

    def _reevaluate(self, name: str) -> int:
        repaired = 0
        for practice_id in self._page(name, _SWEEPS[name]):
            with self._unit(practice_id) as unit:
                repaired += reevaluate(unit)
        return repaired

    def _settings_missed(self) -> int:
        repaired = 0
        for practice_id in self._page("settings_missed", _SWEEPS["settings_missed"]):
            with self._unit(practice_id) as unit:
                parameters = {"practice_id": practice_id, "now": unit.at}
                repaired += unit.cursor.execute(_SETTINGS["redecide_waiting"], parameters).rowcount
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
        rows = fetch_all(self._connection, _Gate, _SWEEPS["quiet_gates_with_work"], parameters)
        self._after = (rows[-1].practice_id, rows[-1].connection_id) if len(rows) == MOST else ("", "")
        return sum(self._wake(gate, now) for gate in rows if gate.forgotten)

    def _wake(self, gate: _Gate, now: datetime | None) -> bool:
        """Recompute one gate; whether it slept and has work. It is locked with all gates of its practice."""
        key = {
            "practice_id": gate.practice_id,
            "connection_id": gate.connection_id,
            "now": now,
            "late": LATE_GATE,
        }
        with self._unit(gate.practice_id) as unit:
            unit.lock_gates()
            asleep = fetch_value(unit.cursor, _SWEEPS["sleeps"], key)
            unit.refresh_gates([gate.connection_id])
            unit.finish()
            awake = fetch_value(unit.cursor, _SWEEPS["sleeps"], key)
        return bool(asleep) and not awake

    def _page(self, name: str, query: LiteralString) -> list[str]:
        """The practices of the next page in which something was found. A page counts those that are looked at, so that
        a round costs the same however many wait."""
        wanted = {"now": self._clock.for_database(), "after": self._pages.get(name, ""), "most": MOST}
        rows = fetch_all(self._connection, _Looked, query, wanted)
        self._pages[name] = rows[-1].practice_id if len(rows) == MOST else ""
        return [row.practice_id for row in rows if row.found]

    def _unit(self, practice_id: str) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work(
            self._connection, practice_id, clock=self._clock, jitter_s=self._policy.jitter_s, added=False
        )

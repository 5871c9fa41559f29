"""Keeps in the ledger how targets stand, as HEALTH states it, with the time from which people are told (law 27)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.office_hours import OfficeCalendar, office_time_after
from schemas.practice_health import PracticeHealth
from schemas.practice_settings import WORKING_WEEK, Weekday
from schemas.vocabulary import UNHEALTHY, HealthState
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from streams.runtime.times import HealthTimes

_SQL: Final = named_queries("sinks.notices", "target_health.sql")
_ANYTIME: Final = OfficeCalendar()


class _Calendar(msgspec.Struct, frozen=True):
    practice_id: str
    zone: str | None
    business_days: tuple[Weekday, ...] | None
    holidays: tuple[date, ...] | None

    def office(self) -> OfficeCalendar:
        return OfficeCalendar(
            zone=self.zone or _ANYTIME.zone,
            business_days=self.business_days or WORKING_WEEK,
            holidays=self.holidays or (),
        )


def keep_health(connection: psycopg.Connection[TupleRow], states: Iterable[PracticeHealth], times: HealthTimes) -> int:
    """Store the newest state of each practice among `states`, unless the ledger has a newer one. Two statements, each
    bounded by the number of states. Safe to repeat, and beside others who do the same.
    Returns how many targets came into another state."""
    newest: dict[str, PracticeHealth] = {}
    for health in states:
        known = newest.get(health.practice_id)
        if known is None or health.stated_at > known.stated_at:
            newest[health.practice_id] = health
    troubled = [each.practice_id for each in newest.values() if any(t.state in UNHEALTHY for t in each.targets)]
    calendars = _calendars(connection, troubled) if troubled else {}
    rows = [row for each in newest.values() for row in _rows(each, calendars.get(each.practice_id, _ANYTIME), times)]
    return int(fetch_value(connection, _SQL["keep"], {"stated": msgspec.json.encode(rows).decode()})) if rows else 0


def tell_at(state: HealthState, since: datetime, calendar: OfficeCalendar, times: HealthTimes) -> datetime | None:
    """From when on people are told of a state that lasts since then: a system that is away for less, in the hours of
    the office, is a wait (G7). None: never. Pure."""
    seconds = {
        HealthState.NEEDS_RECONNECT: 0.0,
        HealthState.FAILING: times.tell_failing_s,
        HealthState.OFFLINE: times.tell_offline_s,
        HealthState.DEGRADED: times.tell_degraded_s,
    }.get(state)
    return None if seconds is None else office_time_after(since, timedelta(seconds=seconds), calendar)


def _calendars(connection: psycopg.Connection[TupleRow], practice_ids: list[str]) -> Mapping[str, OfficeCalendar]:
    rows = fetch_all(connection, _Calendar, _SQL["calendars"], {"practice_ids": practice_ids})
    return {row.practice_id: row.office() for row in rows}


def _rows(health: PracticeHealth, calendar: OfficeCalendar, times: HealthTimes) -> Iterable[dict[str, Any]]:
    for each in health.targets:
        yield {
            "practice_id": health.practice_id,
            "target": each.target,
            "state": each.state,
            "since": each.since,
            "attempts": each.attempts,
            "failed": each.failed,
            "failure": each.failure,
            "slow": each.slow,
            "last_answered_at": each.last_answered_at,
            "last_failed_at": each.last_failed_at,
            "posted": each.posted,
            "dead": each.dead,
            "stated_at": health.stated_at,
            "expires_at": health.expires_at,
            "tell_at": tell_at(each.state, each.since, calendar, times),
        }

"""A practice's own calendar: its zone, its days as instants, its weeks from the day it chose (VER-1, VER-5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.ledger import Connection
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.queries", "transactions.sql")
WEEK_DAYS: Final = 7


class Weekday(StrEnum):
    """In the order of `date.weekday()`."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class Calendar(msgspec.Struct, frozen=True):
    """Of one practice."""

    zone: str = "UTC"
    week_starts: Weekday = Weekday.SUNDAY

    def day_of(self, instant: datetime) -> date:
        """The civil day of an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def bounds(self, first: date, last: date) -> tuple[datetime, datetime]:
        """When these days begin, and when the day after them does: half open, through changes of the clock (T-2)."""
        zone = ZoneInfo(self.zone)
        begins = datetime.combine(first, time(), zone)
        ends = datetime.combine(last + timedelta(days=1), time(), zone)
        return begins.astimezone(UTC), ends.astimezone(UTC)

    def week_of(self, day: date) -> tuple[date, date]:
        """First and last day of the week that holds `day`."""
        return week_of(day, self.week_starts)


def week_of(day: date, starts: Weekday = Weekday.SUNDAY) -> tuple[date, date]:
    """First and last day of the week that holds `day`. Pure."""
    begins = list(Weekday).index(starts)
    first = day - timedelta(days=(day.weekday() - begins) % WEEK_DAYS)
    return first, first + timedelta(days=WEEK_DAYS - 1)


@sees(View.SETTINGS)
def calendar_of(connection: Connection, practice_id: str) -> Calendar:
    """UTC and Sunday before its first settings. Blocks for one statement."""
    return fetch_one(connection, Calendar, _SQL["calendar"], {"practice_id": practice_id}) or Calendar()

"""Which day the demonstration plays, and when it opens."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final

from deploy.demo.practices import PRACTICES

SATURDAY: Final = 5
OPENS: Final = time_of_day(7, 30)


def day_before(today: date) -> date:
    """The last weekday at least two days back: its evening has passed in every zone of the demonstration."""
    day = today - timedelta(days=2)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day


def opening(on: date) -> datetime:
    """The first instant of the day, by the rehearsal clock."""
    return datetime.combine(on, OPENS, PRACTICES[0].zone)


def today_utc() -> date:
    return datetime.now(UTC).date()

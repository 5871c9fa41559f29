"""A day or a week of the practice's own calendar, as pages are asked for it and lead to its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import msgspec

from sinks.console.visit import Visit
from streams.runtime.errors import ConfigurationError

DAY: Final = "day"
WEEK: Final = "week"
_A_DAY: Final = timedelta(days=1)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Civil days of the practice, both ends included."""

    day: date
    """That was asked for: within a week any of its days."""
    span: str
    first: date
    last: date
    today: date

    @property
    def earlier(self) -> date:
        return self.first - _A_DAY

    @property
    def later(self) -> date:
        return self.last + _A_DAY

    @property
    def is_week(self) -> bool:
        return self.span == WEEK


def stretch_of(visit: Visit, asked: Mapping[str, str]) -> Stretch:
    """Of the parameters `day` and `span`; today where none is named. Raises ConfigurationError for what is no day."""
    today = visit.calendar.day_of(visit.ledger.clock.now())
    day = day_named(asked.get("day") or "") or today
    span = WEEK if asked.get("span") == WEEK else DAY
    first, last = visit.calendar.week_of(day) if span == WEEK else (day, day)
    return Stretch(day=day, span=span, first=first, last=last, today=today)


def day_named(text: str) -> date | None:
    """None for no text. Raises ConfigurationError for what is no day, or none of this century."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("this is no day: choose one like 2026-03-04") from None
    if not 2000 <= day.year < 2100:
        raise ConfigurationError("this day is out of reach: choose one of this century")
    return day

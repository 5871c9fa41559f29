"""Office hours of a practice: the hours in which somebody can do something about its systems. Pure.

Offices switch their machines off at night and at weekends (G7): a system that is away then is a wait, not news. So how
long something has lasted is counted in hours of the office, on the practice's own working days and in its own zone.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.practice_settings import WORKING_WEEK, Weekday

OPENS: Final = time(8)
CLOSES: Final = time(18)
"""Local wall time. Most practices are open within these hours; a setting of its own is not worth one more question."""
LONGEST_DAYS: Final = 60
"""Holidays and closed days in a row before counting ends all the same."""
_DAY: Final = timedelta(days=1)


class OfficeCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """When an office is open. Without settings: each working day, in UTC."""

    zone: str = "UTC"
    business_days: tuple[Weekday, ...] = WORKING_WEEK
    holidays: tuple[date, ...] = ()


def office_time_after(start: datetime, length: timedelta, calendar: OfficeCalendar) -> datetime:
    """The instant at which the office has been open for `length` since `start`, in UTC; `start` itself for none."""
    if length <= timedelta(0):
        return start.astimezone(UTC)
    zone = ZoneInfo(calendar.zone)
    days = frozenset(list(Weekday).index(day) for day in calendar.business_days)
    first, left = start.astimezone(zone).date(), length
    opens = closes = start.astimezone(UTC)
    for number in range(LONGEST_DAYS):
        day = first + number * _DAY
        if not _is_open(day, days, calendar.holidays):
            continue
        opens = max(start, datetime.combine(day, OPENS, zone)).astimezone(UTC)
        closes = datetime.combine(day, CLOSES, zone).astimezone(UTC)
        if closes - opens >= left:
            return opens + left
        left -= max(timedelta(0), closes - opens)
    return max(closes, opens) + left


def office_time_between(start: datetime, end: datetime, calendar: OfficeCalendar) -> timedelta:
    """For how long the office was open from `start` to `end`; nothing where `end` is not later."""
    zone = ZoneInfo(calendar.zone)
    days = frozenset(list(Weekday).index(day) for day in calendar.business_days)
    day, found = start.astimezone(zone).date(), timedelta(0)
    while day <= end.astimezone(zone).date():
        if _is_open(day, days, calendar.holidays):
            opens = max(start, datetime.combine(day, OPENS, zone)).astimezone(UTC)
            closes = min(end, datetime.combine(day, CLOSES, zone)).astimezone(UTC)
            found += max(timedelta(0), closes - opens)
        day += _DAY
    return found


def _is_open(day: date, days: Collection[int], holidays: Collection[date]) -> bool:
    return day.weekday() in days and day not in holidays

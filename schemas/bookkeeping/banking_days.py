"""Banking days: Monday to Friday but for the holidays of the Federal Reserve and a practice's own. Pure.

Source: the Federal Reserve's holiday schedule. A holiday that falls on a Sunday is kept on the Monday after it; on a
Saturday the banks are open the Friday before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

_ONE_DAY: Final = timedelta(days=1)
_FIXED: Final = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
"""New Year's Day, Juneteenth, Independence Day, Veterans Day, Christmas: month and day."""
_MONDAYS: Final = ((1, 3), (2, 3), (9, 1), (10, 2))
"""Martin Luther King Day, Presidents' Day, Labor Day, Columbus Day: month and which Monday of it."""
_SUNDAY: Final = 6
_THURSDAY: Final = 3


def is_banking_day(day: date, holidays: Collection[date] = ()) -> bool:
    """Whether banks move money on that day; `holidays` are further ones."""
    return day.weekday() < 5 and day not in holidays and day not in bank_holidays(day.year)


def banking_days_before(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The day from which `count` whole banking days have passed when `day` begins: what came on it or before is due."""
    left = count
    while left > 0:
        day -= _ONE_DAY
        left -= is_banking_day(day, holidays)
    return day - _ONE_DAY


@lru_cache(maxsize=16)
def bank_holidays(year: int) -> frozenset[date]:
    """The days on which the Federal Reserve Banks are closed in a year."""
    fixed = (date(year, month, day) for month, day in _FIXED)
    kept = {each + _ONE_DAY if each.weekday() == _SUNDAY else each for each in fixed}
    mondays = {_weekday_of(year, month, 0, number) for month, number in _MONDAYS}
    memorial = max(day for day in (date(year, 5, 25) + timedelta(days=n) for n in range(7)) if day.weekday() == 0)
    return frozenset(kept | mondays | {memorial, _weekday_of(year, 11, _THURSDAY, 4)})


def _weekday_of(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

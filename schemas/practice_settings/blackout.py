"""A blackout: a local time of day in which nothing is posted (T-8). Its end: `schemas.bookkeeping.blackouts`."""

from __future__ import annotations

from datetime import time
from typing import Final

import msgspec

from schemas.practice_settings.choices import SettingsError, Weekday


class Blackout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A local time of the day in which nothing is posted (T-8): backup, day close. Half-open; over midnight when
    `ends` is not after `begins`. `days` name the day on which it begins."""

    begins: time
    ends: time
    days: tuple[Weekday, ...] = tuple(Weekday)

    def __post_init__(self) -> None:
        for name, at in (("begins", self.begins), ("ends", self.ends)):
            if at.tzinfo is not None or at.second or at.microsecond:
                raise SettingsError(f"blackouts.{name}: a local time in whole minutes such as 02:00, without an offset")
        if self.begins == self.ends:
            raise SettingsError("blackouts.ends: equal to begins, which would be a whole day; give another time")
        if not self.days:
            raise SettingsError("blackouts.days: at least one of MON, TUE, WED, THU, FRI, SAT, SUN")


_DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * _DAY_MINUTES


def leave_no_time(blackouts: tuple[Blackout, ...]) -> bool:
    """Whether blackouts cover a whole week between them, so that nothing could ever be posted (T-8)."""
    spans = [
        (_minutes(each.begins), (_minutes(each.ends) - _minutes(each.begins)) % _DAY_MINUTES, each.days)
        for each in blackouts
    ]
    if sum(length * len(days) for _, length, days in spans) < _WEEK_MINUTES:
        return False
    dark = {
        (list(Weekday).index(day) * _DAY_MINUTES + begins + minute) % _WEEK_MINUTES
        for begins, length, days in spans
        for day in days
        for minute in range(length)
    }
    return len(dark) == _WEEK_MINUTES


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute

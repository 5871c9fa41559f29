"""The daily cut-offs of one calendar (a zone, a wall time, its working days) and the windows between them.

Used through `windows`, which strings the calendars of a practice together where its settings change: by RULES for due
times (`processors.rules.decisions.timing`), and by whatever dates an entry in the ledger (T-1 to T-3, T-5).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.practice_settings import PracticeSettings, Weekday

_ONE_DAY: Final = timedelta(days=1)
_NEIGHBOURS: Final = 2
"""Nominal days looked at beyond the civil one: an hour may be missing or doubled, and zones have skipped whole days
(Apia, 2011-12-30), where two cut-offs fall together."""
_WEEK: Final = tuple(Weekday)
CALENDARS: Final = 4096


class Window(msgspec.Struct, frozen=True):
    """The time between two neighbouring cut-offs, half-open, in UTC (T-2)."""

    start: datetime
    end: datetime
    business_date: date
    """The civil day of the cut-off that ends it (T-6)."""

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


def cut_off_instant(zone: ZoneInfo, day: date, cut_off: time) -> datetime:
    """The cut-off of one local day in UTC. In a DST gap it moves forward by the gap; of two, the earlier (T-3).

    `fold=0` is both: zoneinfo then reads a wall time by the offset before the change.
    """
    return datetime.combine(day, cut_off, zone).replace(fold=0).astimezone(UTC)


class Calendar:
    """All cut-offs of one wall time in one zone, on its working days, as the windows between them. Pure.

    Remembers the last window it gave: payments of one practice mostly fall into the same one, which halves the cost
    of a decision. Answers do not depend on what is remembered.
    """

    __slots__ = ("_cut_off", "_holidays", "_last", "_worked", "_zone")

    def __init__(
        self,
        zone: ZoneInfo,
        cut_off: time,
        worked: frozenset[int] | None = None,
        holidays: frozenset[date] = frozenset(),
    ) -> None:
        """`worked`: days of the week (Monday is 0) that have a cut-off unless they are holidays; None is every day."""
        self._zone = zone
        self._cut_off = cut_off
        self._worked = worked
        self._holidays = holidays
        self._last: Window | None = None

    def window(self, at: datetime) -> Window:
        """The one window that contains an aware instant."""
        last = self._last
        if last is not None and last.start <= at < last.end:
            return last
        end = self._first_after(at)
        found = Window(self._last_until(at), end, end.astimezone(self._zone).date())
        self._last = found
        return found

    def first_at_or_after(self, at: datetime) -> datetime:
        """The first cut-off at or after an aware instant."""
        return self._first_after(at - datetime.resolution)

    def _first_after(self, at: datetime) -> datetime:
        day = at.astimezone(self._zone).date() - _NEIGHBOURS * _ONE_DAY
        while (found := self._cut_off_of(day)) is None or found <= at:
            day += _ONE_DAY
        return found

    def _last_until(self, at: datetime) -> datetime:
        day = at.astimezone(self._zone).date() + _NEIGHBOURS * _ONE_DAY
        while (found := self._cut_off_of(day)) is None or found > at:
            day -= _ONE_DAY
        return found

    def _cut_off_of(self, day: date) -> datetime | None:
        """None where the civil day that it falls on is not worked: a skipped day's cut-off lies in the next (T-5)."""
        found = cut_off_instant(self._zone, day, self._cut_off)
        if self._worked is None:
            return found
        civil = found.astimezone(self._zone).date()
        return found if civil.weekday() in self._worked and civil not in self._holidays else None


def calendar_of(settings: PracticeSettings) -> Calendar:
    """The calendar that a version names; practices that name the same share it. Holidays count on working days only
    where releases keep to those (T-5)."""
    if settings.business_days_only:
        return _calendar(settings.zone, settings.cut_off, settings.business_days, settings.holidays)
    return _calendar(settings.zone, settings.cut_off, None, ())


@lru_cache(maxsize=CALENDARS)
def _calendar(zone: str, cut_off: time, worked: tuple[Weekday, ...] | None, holidays: tuple[date, ...]) -> Calendar:
    days = None if worked is None else frozenset(_WEEK.index(day) for day in worked)
    return Calendar(ZoneInfo(zone), cut_off, days, frozenset(holidays))


def local_date(at: datetime, zone: str) -> date:
    """The civil date at an instant (T-1)."""
    return at.astimezone(ZoneInfo(zone)).date()


def not_before_day(day: date, zone: str, at: datetime) -> datetime:
    """`at`, or the beginning of a civil day that is still to come then (T-6)."""
    # A day has begun everywhere when UTC's is over; most entries are asked about one that has.
    return at if day < at.date() else max(at, day_begins(zone, day))


@lru_cache(maxsize=CALENDARS)
def day_begins(zone: str, day: date) -> datetime:
    """The instant at which a civil day begins in a zone; in a gap at midnight, the end of the gap (T-3)."""
    return cut_off_instant(ZoneInfo(zone), day, time.min)

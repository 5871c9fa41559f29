"""Blackouts: local times in which nothing is posted to a practice's PMS, and when they end (T-8). Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from schemas.bookkeeping.cut_offs import cut_off_instant
from schemas.practice_settings import Blackout, Weekday

KEPT: Final = 4096
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = tuple(Weekday)
_NEXT_LOOK: Final = 8
"""Days ahead that contain every weekday at least once."""


class Blackouts:
    """All blackouts of one practice. Remembers the last span it found; answers do not depend on it."""

    __slots__ = ("_blackouts", "_span", "_zone")

    def __init__(self, zone: ZoneInfo, blackouts: tuple[Blackout, ...]) -> None:
        self._zone = zone
        self._blackouts = blackouts
        self._span: tuple[datetime, datetime, bool] | None = None

    def until(self, at: datetime) -> datetime | None:
        """The end of the blackout that an aware instant lies in, those that follow without a pause included; None
        outside."""
        span = self._span
        if span is None or not span[0] <= at < span[1]:
            span = self._span = self._found(at)
        return span[1] if span[2] else None

    def _found(self, at: datetime) -> tuple[datetime, datetime, bool]:
        """(at, until when the answer holds, whether it is a blackout)."""
        spans = self._around(at)
        end = at
        for begins, ends in spans:
            if begins <= end < ends:
                end = ends
        if end > at:
            return at, end, True
        return at, min((begins for begins, _ in spans if begins > at), default=at + _ONE_DAY), False

    def _around(self, at: datetime) -> list[tuple[datetime, datetime]]:
        """Blackouts that can contain the instant and those of the week after it, in order of their start."""
        today = at.astimezone(self._zone).date()
        return sorted(
            self._span_of(blackout, day)
            for shift in range(-2, _NEXT_LOOK + 1)
            for blackout in self._blackouts
            if _WEEK[(day := today + shift * _ONE_DAY).weekday()] in blackout.days
        )

    def _span_of(self, blackout: Blackout, day: date) -> tuple[datetime, datetime]:
        """In a gap a bound moves forward by the gap (T-3); where a bound comes twice, both are within."""
        last = day if blackout.begins < blackout.ends else day + _ONE_DAY
        begins = cut_off_instant(self._zone, day, blackout.begins)
        return begins, max(cut_off_instant(self._zone, last, blackout.ends), self._second(last, blackout.ends))

    def _second(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self._zone).replace(fold=1).astimezone(UTC)


@lru_cache(maxsize=KEPT)
def blackouts_of(zone: str, blackouts: tuple[Blackout, ...]) -> Blackouts:
    """The blackouts of a practice; practices with the same ones share the object."""
    return Blackouts(ZoneInfo(zone), blackouts)

"""Hours in which a system takes entries: at fixed local times, in an IANA zone, perhaps over midnight. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM")]
ZoneName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", description="An IANA time zone.")]

LOOKED_AHEAD: Final = timedelta(days=9)
"""Each window opens at least once a week; two days more for the ends."""


class Weekday(StrEnum):
    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


EVERY_DAY: Final = tuple(Weekday)


class BatchWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `opens` to `closes`, local time; where `closes` is not after `opens`, it is on the next day.

    Raises ValueError for a zone that this machine does not know, and for a window on no day.
    """

    opens: TimeOfDay
    closes: TimeOfDay
    zone: ZoneName
    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)] = EVERY_DAY
    """Days on which it opens."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{self.zone!r} is no IANA time zone such as America/New_York") from None

    def __str__(self) -> str:
        days = "" if self.days == EVERY_DAY else f" on {', '.join(day.value.lower() for day in self.days)}"
        return f"{self.opens} to {self.closes} {self.zone}{days}"

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Its two ends where it opens on `day`, in UTC."""
        zone = ZoneInfo(self.zone)
        opens, closes = time.fromisoformat(self.opens), time.fromisoformat(self.closes)
        end_day = day if closes > opens else day + timedelta(days=1)
        return (
            datetime.combine(day, opens, zone).astimezone(UTC),
            datetime.combine(end_day, closes, zone).astimezone(UTC),
        )


def closed_until(windows: tuple[BatchWindow, ...], at: datetime, needed: timedelta = timedelta(0)) -> datetime | None:
    """When an entry that takes `needed` may begin, where it may not begin at `at`; None where it may, and where there
    are no windows at all. Aware datetimes. A window that is shorter than `needed` lets in what fits its whole length.
    """
    if not windows:
        return None
    coming: list[datetime] = []
    for opens, closes in _spans(windows, at):
        last = max(opens, closes - needed)
        if opens <= at <= last and at < closes:
            return None
        if opens > at:
            coming.append(opens)
    return min(coming, default=at.astimezone(UTC) + LOOKED_AHEAD)


def _spans(windows: tuple[BatchWindow, ...], at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Windows around `at`, those joined that follow one another without a gap, as several zones can make them."""
    found: list[tuple[datetime, datetime]] = []
    for window in windows:
        day = at.astimezone(ZoneInfo(window.zone)).date() - timedelta(days=2)
        for ahead in range(LOOKED_AHEAD.days + 2):
            on = day + timedelta(days=ahead)
            if EVERY_DAY[on.weekday()] in window.days:
                found.append(window.on(on))
    joined: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(found):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        elif closes > opens:
            joined.append((opens, closes))
    yield from joined

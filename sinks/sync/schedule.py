"""When a practice's system is read next: once a day or once an hour, later where reads fail. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from sinks.targets.reading import ReadKind


class Every(StrEnum):
    """How often a practice's system is read (SYN-1, SYN-2)."""

    DAILY = "DAILY"
    HOURLY = "HOURLY"


PERIODS: Final = {Every.DAILY: timedelta(days=1), Every.HOURLY: timedelta(hours=1)}
FIRST_WAIT: Final = timedelta(minutes=1)
"""After a read that failed; it doubles with each failure in a row, up to the period itself."""
NOTHING_TO_READ: Final = timedelta(hours=1)
"""Until it is looked again whether a practice that has no system to read has one."""
WINDOW: Final = timedelta(days=31)
"""Entries that are kept and watched: what people correct, they correct within the month."""
APPOINTMENTS_BACK: Final = timedelta(days=7)
"""What a practice asks about afterwards it asks within the week."""
APPOINTMENTS_AHEAD: Final = timedelta(days=90)
PLANNED_FOR: Final = timedelta(days=400)
"""A procedure that was attached to an appointment and not touched for longer was planned before the last check-up."""
WHOLE_EVERY: Final = timedelta(hours=20)
"""The whole window of entries is read again once a day; between, what was made since the last read."""
LOOKED_AT_EVERY: Final = timedelta(hours=20)
"""How often an entry is looked at that only a read of its own can show."""


def next_round(every: Every, began_at: datetime) -> datetime:
    """When the round after a finished one begins: a period after that one began, however long it took."""
    return began_at + PERIODS[every]


def next_try(every: Every, failures: int, at: datetime) -> datetime:
    """When a round that failed goes on; `failures` in a row, this one counted."""
    wait: timedelta = FIRST_WAIT * 2 ** min(failures - 1, 20)
    return at + min(wait, PERIODS[every])


def window_from(kind: ReadKind, at: datetime) -> date:
    """The first day of a kind's window. A day more than it is long: a zone may be a day behind."""
    back = {ReadKind.APPOINTMENTS: APPOINTMENTS_BACK, ReadKind.PROCEDURES: PLANNED_FOR}
    return (at - back.get(kind, WINDOW)).date()


def window_until(at: datetime) -> date:
    """The last day of appointments that are read, a day more for a zone that is ahead."""
    return (at + APPOINTMENTS_AHEAD).date() + timedelta(days=1)


def done_since(at: datetime) -> date:
    """Procedures that were done before this day are not kept: their appointments are not either."""
    return (at - WINDOW).date()

"""When a practice's system is read next: once a day or once an hour, later where reads fail. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final


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


def window_from(at: datetime) -> date:
    """The first day of the window. A day more than it is long: a zone may be a day behind."""
    return (at - WINDOW).date()

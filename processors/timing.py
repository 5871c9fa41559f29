"""When a payment is due and on which date it happened, in the practice's own zone (T-1 to T-3, T-6, T-11)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

_ONE_DAY = timedelta(days=1)


class Window(msgspec.Struct, frozen=True):
    """The time between two neighbouring cut-offs, half-open, in UTC (T-2)."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


class Due(msgspec.Struct, frozen=True):
    at: datetime
    late: bool
    """Its cut-off had passed when it arrived (T-11)."""


def cut_off_instant(zone: ZoneInfo, day: date, cut_off: time) -> datetime:
    """The cut-off of one local day in UTC. In a DST gap it moves forward by the gap; of two, the earlier (T-3).

    `fold=0` is both: zoneinfo then reads a wall time by the offset before the change.
    """
    return datetime.combine(day, cut_off, zone).replace(fold=0).astimezone(UTC)


class CutOffs:
    """All cut-offs of one wall time in one zone, as the windows between them.

    Remembers the last window it gave: payments of one practice mostly fall into the same one, which halves the cost
    of a decision. Answers do not depend on what is remembered.
    """

    __slots__ = ("_cut_off", "_last", "_zone")

    def __init__(self, zone: ZoneInfo, cut_off: time) -> None:
        self._zone = zone
        self._cut_off = cut_off
        self._last: Window | None = None

    def window(self, at: datetime) -> Window:
        """The one window that contains an aware instant.

        Neighbours are searched two days to either side: an hour may be missing or doubled, and zones have skipped
        whole days (Apia, 2011-12-30), where two cut-offs fall together.
        """
        last = self._last
        if last is not None and last.start <= at < last.end:
            return last
        today = at.astimezone(self._zone).date()
        near = [cut_off_instant(self._zone, today + n * _ONE_DAY, self._cut_off) for n in range(-2, 3)]
        found = Window(max(c for c in near if c <= at), min(c for c in near if c > at))
        self._last = found
        return found

    def due(self, occurred_at: datetime, arrived_at: datetime) -> Due:
        """The first cut-off strictly after the payment; where that is past on arrival, due on arrival, late (T-11)."""
        released = self.window(occurred_at).end
        return Due(arrived_at, late=True) if released <= arrived_at else Due(released, late=False)


@lru_cache(maxsize=4096)
def cut_offs(zone: str, cut_off: time) -> CutOffs:
    """The cut-offs of a zone and a wall time, shared by every practice that has them."""
    return CutOffs(ZoneInfo(zone), cut_off)


def local_date(at: datetime, zone: str) -> date:
    """The civil date at an instant: the ledger date of a payment (T-6), never the window's."""
    return at.astimezone(ZoneInfo(zone)).date()

"""What HEALTH keeps of a practice's results and dead letters: counts of the last windows, for people to see. Pure.

They decide no state: each entry that is dead has a notice of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from processors.health.panes import number_of
from schemas.vocabulary import Target
from streams.runtime.times import HealthTimes

POSTED: Final = "posted"
DEAD: Final = "dead"
REFUSED: Final = "refused"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record stands on its topic."""

    partition: str
    """Topic and number."""
    offset: int
    at_ms: int
    """The broker's time of it."""


class OutcomeWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The value of HEALTH's table of outcomes."""

    panes: dict[int, dict[str, int]] = {}
    """Counts by pane and by what: `posted:PMS`, `dead:QUICKBOOKS`, `refused`."""
    read: dict[str, Place] = {}
    """The last record of each partition."""

    def count(self, what: str, target: Target | None = None) -> int:
        """In the whole window."""
        name = _name(what, target)
        return sum(pane.get(name, 0) for pane in self.panes.values())


def with_outcome(
    window: OutcomeWindow, what: str, target: Target | None, at: datetime, place: Place, times: HealthTimes
) -> OutcomeWindow:
    """With one record more; itself where it was read before. A topic that was made anew begins at a later time."""
    last = window.read.get(place.partition)
    if last is not None and place.offset <= last.offset and place.at_ms <= last.at_ms:
        return window
    number, name = number_of(at, times.pane_s), _name(what, target)
    panes = dict(window.panes)
    pane = panes.get(number, {})
    panes[number] = pane | {name: pane.get(name, 0) + 1}
    oldest = max(panes) - times.long_panes
    return OutcomeWindow(
        panes={each: counts for each, counts in panes.items() if each > oldest},
        read=window.read | {place.partition: place},
    )


def _name(what: str, target: Target | None) -> str:
    return what if target is None else f"{what}:{target.value}"

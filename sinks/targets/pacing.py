"""Keeps the reads of one connection apart, so that a look-up of many queries stays within the vendor's limits too.

The poster spaces the starts of calls; what a call reads beyond its first request is spaced here (law 21).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pacer:
    """Of one adapter, used by one event loop. `interval_s` 0: nothing waits."""

    def __init__(self, interval_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._next = 0.0

    async def turn(self, within_s: float) -> bool:
        """Wait until a request may start; False where that is later than `within_s` from now, and nothing is taken."""
        now = self._monotonic()
        start = max(now, self._next)
        if start - now > within_s:
            return False
        self._next = start + self._interval_s
        if start > now:
            await asyncio.sleep(start - now)
        return True

    def started(self) -> None:
        """A request starts now that was spaced by others: a call of the poster."""
        self._next = max(self._monotonic(), self._next) + self._interval_s

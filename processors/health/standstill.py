"""Notices that this process stood still: frozen, suspended, or without a processor for longer than its session.

Its partitions are another worker's by then. It would state again what it last knew, later than the other and wrong, and
a wrong state that is newer is believed: a letter would say that all is well.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from streams.fault_injection import Control, disabled
from streams.runtime.errors import Transient

LOOK_S: Final = 0.5
_BOOT_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while a machine is suspended."""


class Standstill:
    """Watches the loop that it runs in. `longest_s`: how long it may stand still and keep its partitions."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._ran_at = time.clock_gettime(_BOOT_CLOCK)
        self._stood_still = False

    async def run(self) -> None:
        """Until cancelled. What comes between two of its turns is no standstill unless the loop itself had none."""
        while True:
            self._look()
            await asyncio.sleep(LOOK_S)

    def check(self) -> None:
        """Raises Transient once it has stood still: a restart joins its group anew and reads the tables again. Asked
        right before something is stated."""
        self._look()
        if self._stood_still and not disabled(Control.STANDSTILL):
            raise Transient("HEALTH stood still for longer than its session: its partitions are another worker's")

    def _look(self) -> None:
        now = time.clock_gettime(_BOOT_CLOCK)
        if now - self._ran_at > self._longest_s:
            self._stood_still = True
        self._ran_at = now

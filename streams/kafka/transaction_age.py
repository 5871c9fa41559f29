"""The age of an open transaction, and the error of a producer that lost it (law 13).

The broker ends a transaction that is open for longer than `transaction.timeout.ms` and raises the producer's epoch.
Whoever stood still meanwhile (a machine that slept, a paused container, a starved processor) meets the same error as a
process whose slot another one has taken: what has to be done about the two differs.
"""

from __future__ import annotations

import time
from typing import Final

from streams.runtime.errors import Fenced

_BOOT_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts while the machine sleeps, where the system has such a clock."""


class OpenSince:
    """When a transaction was begun, on two clocks: each of them alone can stand still or be set back."""

    __slots__ = ("_boot", "_wall")

    def __init__(self) -> None:
        self._boot = time.clock_gettime(_BOOT_CLOCK)
        self._wall = time.time()

    def age_s(self) -> float:
        return max(time.clock_gettime(_BOOT_CLOCK) - self._boot, time.time() - self._wall)


def fenced_error(who: str, open_s: float, limit_s: float) -> Fenced:
    """The error that a fenced `who` exits with, by what it has to do. Pure."""
    if open_s > limit_s:
        return Fenced(
            f"this {who} stood still for {open_s:.0f} s with a transaction open, longer than the {limit_s:.0f} s after "
            "which the broker ends it: nothing of it counts, and its restart goes on where the last commit was. If it "
            "happens again: does the machine sleep, is the container paused, or is there too little processor time?"
        )
    return Fenced(
        f"a newer {who} with the same slot took over: give each {who} a slot of its own (--slot). The older one ends, "
        "and nothing is lost"
    )

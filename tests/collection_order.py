"""The order in which a run with several workers takes its tests: long ones first.

pytest-xdist's `worksteal` gives each worker an equal, contiguous share of the collected tests, and later takes from
the end of the longest queue. So each share begins with its part of the long tests, in turn, and goes on with short
ones that stay beside their neighbours of the same file, whose fixtures they share: no worker is left with a scenario
when the others have nothing to do any more.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

LONG = "long"
"""Marker of what takes some seconds by itself, mostly waiting; `tests/scenarios` has it as a whole."""
SCENARIOS = "tests/scenarios/"


def is_long(item: pytest.Item) -> bool:
    return item.nodeid.startswith(SCENARIOS) or item.get_closest_marker(LONG) is not None


def dealt(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """All of `items` in the order that gives each of `workers` shares its part of the long ones first. Pure."""
    long = [item for item in items if is_long(item)]
    short = [item for item in items if not is_long(item)]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        share = (len(items) - len(ordered)) // (workers - worker)
        mine = long[worker::workers]
        taken = max(share - len(mine), 0)
        ordered += mine + short[:taken]
        del short[:taken]
    return ordered

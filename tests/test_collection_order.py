"""The order of tests among workers: nothing is lost or doubled, and every worker begins with long ones."""

from __future__ import annotations

from typing import cast

import pytest

from tests.collection_order import SCENARIOS, dealt, is_long


class Named:
    """As much of a collected test as the order asks for."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid

    def get_closest_marker(self, _: str) -> None:
        return None


def collected(long: int, short: int) -> list[pytest.Item]:
    names = [f"tests/a.py::{n}" for n in range(short)] + [f"{SCENARIOS}b.py::{n}" for n in range(long)]
    return [cast("pytest.Item", Named(name)) for name in names]


def shares(ordered: list[pytest.Item], workers: int) -> list[list[pytest.Item]]:
    """As pytest-xdist cuts them."""
    left, found = list(ordered), []
    for worker in range(workers):
        count = len(left) // (workers - worker)
        found.append(left[:count])
        left = left[count:]
    return found


@pytest.mark.parametrize(("long", "short"), [(0, 0), (0, 7), (7, 0), (94, 1500), (13, 3), (1, 100)])
@pytest.mark.parametrize("workers", [1, 2, 3, 6, 16])
def test_every_test_runs_once(long: int, short: int, workers: int) -> None:
    items = collected(long, short)
    assert sorted(item.nodeid for item in dealt(items, workers)) == sorted(item.nodeid for item in items)


def test_each_share_begins_with_its_part_of_the_long_ones() -> None:
    """Short tests keep their order, so that those of a file stay together."""
    cut = shares(dealt(collected(94, 1500), 6), 6)
    assert [sum(map(is_long, share)) for share in cut] == [16, 16, 16, 16, 15, 15]
    assert all(is_long(item) for share in cut for item in share[:15])
    short = [item.nodeid for share in cut for item in share if not is_long(item)]
    assert short == [f"tests/a.py::{n}" for n in range(1500)]

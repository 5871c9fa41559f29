"""Which gates are planned next, and how far ahead (law 21). Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sinks.poster.practice_lease import FIRST_PLAN, PracticeLease

PLANNED_AT_ONCE: Final = 128
"""Entries of one plan, or the first plan of a gate that wants more: about 10 ms in which nothing else is marked."""


def next_plans(leases: Collection[PracticeLease], planned_most: int, now: float) -> list[PracticeLease]:
    """The gates of the next plan: those first that have nothing to do, then the oldest, and no more than calls can soon
    start for: a plan costs, and it grows old.

    `planned_most`: entries that the process plans ahead. Every gate has the same share of it, so that what is planned
    takes no more memory the more gates there are, and a gate with one long lane leaves room for the others. `now` in
    seconds of the monotonic clock.
    """
    room = min(planned_most - sum(lease.planned for lease in leases), PLANNED_AT_ONCE)
    share = max(FIRST_PLAN, planned_most // max(1, len(leases)))
    wanting: list[PracticeLease] = []
    for lease in leases:
        lease.look_at_time(now)
        lease.share = share
        if lease.wants_plan:
            wanting.append(lease)
    chosen: list[PracticeLease] = []
    for lease in sorted(wanting, key=lambda each: each.in_flight > 0):
        if room <= 0:
            break
        lease.needs_plan = False
        chosen.append(lease)
        room -= lease.plan_size
    return chosen

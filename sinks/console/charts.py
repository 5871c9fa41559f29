"""A chart of numbers over time as the coordinates of an SVG: no script draws it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

WIDTH: Final = 640
HEIGHT: Final = 120
GAP: Final = 4.0
"""Pauses longer than so many of the usual ones are shown as a gap: nobody measured then."""

Sample = tuple[datetime, float | None]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One line, in a box of WIDTH by HEIGHT. Numbers are of the samples that were measured."""

    lines: tuple[str, ...]
    """`points` of a polyline each; a gap stands between two."""
    since: datetime
    until: datetime
    latest: float | None
    largest: float
    smallest: float


def chart(samples: Sequence[Sample]) -> Chart | None:
    """From the oldest to the newest; None where nothing was measured. The ground line is 0 unless there are numbers
    below it."""
    measured = [(at, value) for at, value in samples if value is not None]
    if not measured:
        return None
    since, until = samples[0][0], samples[-1][0]
    span = max((until - since).total_seconds(), 1.0)
    values = [value for _, value in measured]
    top, ground = max(*values, 0.0) if len(values) > 1 else max(values[0], 0.0), min(0.0, min(values))
    height = (top - ground) or 1.0
    usual = span / max(1, len(samples) - 1)
    lines: list[list[str]] = []
    before: datetime | None = None
    for at, value in samples:
        if value is None:
            before = None
            continue
        if before is None or (at - before).total_seconds() > GAP * usual:
            lines.append([])
        x = (at - since).total_seconds() / span * WIDTH
        y = HEIGHT - (value - ground) / height * HEIGHT
        lines[-1].append(f"{x:.1f},{y:.1f}")
        before = at
    return Chart(
        lines=tuple(" ".join(each if len(each) > 1 else each * 2) for each in lines),
        since=since,
        until=until,
        latest=samples[-1][1],
        largest=max(values),
        smallest=min(values),
    )

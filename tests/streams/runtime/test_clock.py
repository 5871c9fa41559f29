"""Business time and its rehearsal (PROTOCOL section 5, two clocks)."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.runtime.clock import FixedClock, RehearsalClock, SystemClock, advance_rehearsal, clock_of, set_rehearsal
from streams.runtime.errors import ConfigurationError

MONDAY = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)


def test_production_leaves_business_time_to_the_database() -> None:
    """In production `:now` is null, and SQL uses the database's own clock."""
    clock = clock_of(None)
    assert isinstance(clock, SystemClock)
    assert clock.for_database() is None
    assert clock.now().utcoffset() == timedelta(0)


def test_a_rehearsal_ticks_from_the_instant_in_its_file(tmp_path: Path) -> None:
    """Two processes read the same time, and it runs at the speed of real time."""
    file = tmp_path / "clock"
    set_rehearsal(file, MONDAY)
    os.utime(file, (time.time() - 90, time.time() - 90))
    one, other = RehearsalClock(file), RehearsalClock(file)
    assert timedelta(seconds=90) <= one.now() - MONDAY < timedelta(seconds=120)
    assert abs(one.now() - other.now()) < timedelta(seconds=5)
    assert one.for_database() is not None


def test_moving_the_clock_moves_every_reader(tmp_path: Path) -> None:
    """`writeback clock advance` reaches clocks that are already in use."""
    file = tmp_path / "deep" / "clock"
    set_rehearsal(file, MONDAY)
    reader = RehearsalClock(file)
    before = reader.now()
    advance_rehearsal(file, timedelta(hours=6))
    assert timedelta(hours=6) <= reader.now() - before < timedelta(hours=6, minutes=1)
    with pytest.raises(ConfigurationError, match="only moves forward"):
        advance_rehearsal(file, timedelta(seconds=-1))


@pytest.mark.parametrize(
    ("text", "message"),
    [("tomorrow", "holds no instant"), ("2026-03-02T17:30:00", "has no zone"), (None, "cannot be read")],
)
def test_a_bad_clock_file_is_refused_with_the_remedy(tmp_path: Path, text: str | None, message: str) -> None:
    """A rehearsal without a clear time does not start."""
    file = tmp_path / "clock"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        RehearsalClock(file)


def test_an_instant_needs_a_zone(tmp_path: Path) -> None:
    """Aware datetimes only."""
    with pytest.raises(ConfigurationError, match="needs a zone"):
        set_rehearsal(tmp_path / "clock", datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_fixed_clock_stands_still() -> None:
    """For pure code in tests."""
    assert FixedClock(MONDAY).now() == FixedClock(MONDAY).for_database() == MONDAY

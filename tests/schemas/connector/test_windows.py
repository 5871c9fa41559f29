"""Hours in which a system takes entries: in its own zone, over midnight, over the change of the clocks (TIM-2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.connector.windows import BatchWindow, Weekday, closed_until

NIGHT = (BatchWindow(opens="00:00", closes="11:00", zone="UTC"),)
EVENING = (BatchWindow(opens="20:00", closes="06:00", zone="America/New_York"),)
TWO_MINUTES = timedelta(minutes=2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_windows_it_is_always_open() -> None:
    assert closed_until((), at("2026-11-30T12:00")) is None


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("2026-11-30T00:00", None),
        ("2026-11-30T10:57:59", None),
        ("2026-11-30T10:58:01", "2026-12-01T00:00"),
        ("2026-11-30T11:00", "2026-12-01T00:00"),
        ("2026-11-30T23:59", "2026-12-01T00:00"),
    ],
)
def test_a_night_window(when: str, opens: str | None) -> None:
    """An entry that would not end before the window closes waits for the next one."""
    assert closed_until(NIGHT, at(when), TWO_MINUTES) == (None if opens is None else at(opens))


def test_over_midnight_and_in_the_offices_zone() -> None:
    """20:00 to 06:00 in New York is 01:00 to 11:00 UTC in winter."""
    assert closed_until(EVENING, at("2026-11-30T05:00")) is None
    assert closed_until(EVENING, at("2026-11-30T12:00")) == at("2026-12-01T01:00")


def test_on_its_days_alone() -> None:
    weekend = (BatchWindow(opens="08:00", closes="10:00", zone="UTC", days=(Weekday.SATURDAY,)),)
    assert closed_until(weekend, at("2026-11-30T09:00")) == at("2026-12-05T08:00")


def test_windows_that_touch_are_one() -> None:
    """An entry may lie over the seam."""
    two = (*NIGHT, BatchWindow(opens="11:00", closes="12:00", zone="UTC"))
    assert closed_until(two, at("2026-11-30T10:59"), TWO_MINUTES) is None


def test_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="IANA"):
        msgspec.convert({"opens": "00:00", "closes": "01:00", "zone": "Mars/Olympus"}, BatchWindow)


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"])
days = st.lists(st.sampled_from(list(Weekday)), min_size=1, max_size=7, unique=True).map(tuple)
windows = st.lists(
    st.builds(BatchWindow, opens=times, closes=times, zone=zones, days=days), min_size=1, max_size=3
).map(tuple)
moments = st.integers(0, 1_000_000).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes))
needs = st.integers(0, 300).map(lambda seconds: timedelta(seconds=seconds))


@given(windows, moments, needs)
def test_at_its_opening_a_window_is_open(chosen: tuple[BatchWindow, ...], when: datetime, needed: timedelta) -> None:
    """What waits waits for a time that is later, within nine days, and at which it may begin."""
    opens = closed_until(chosen, when, needed)
    if opens is not None:
        assert when < opens <= when + timedelta(days=9)
        assert closed_until(chosen, opens, needed) is None


@given(windows, moments)
def test_open_is_inside_some_window(chosen: tuple[BatchWindow, ...], when: datetime) -> None:
    """The same, asked of each window's own days."""
    inside = any(
        opens <= when < closes
        for window in chosen
        for back in range(-2, 3)
        for day in [(when + timedelta(days=back)).date()]
        if list(Weekday)[day.weekday()] in window.days
        for opens, closes in [window.on(day)]
    )
    assert (closed_until(chosen, when) is None) is inside

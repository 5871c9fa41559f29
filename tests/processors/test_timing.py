"""Cut-offs, windows and dates in the practice's own zone (T-1 to T-3, T-6, T-7, T-11)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.timing import CutOffs, Due, cut_off_instant, cut_offs, local_date

ZONES = (
    "America/New_York",
    "America/Phoenix",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/Sao_Paulo",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "cut_off", "day", "instant"),
    [
        ("America/New_York", time(18), date(2026, 3, 7), "2026-03-07T23:00"),
        ("America/New_York", time(18), date(2026, 3, 8), "2026-03-08T22:00"),
        ("America/New_York", time(18), date(2026, 3, 9), "2026-03-09T22:00"),
        ("America/New_York", time(18), date(2026, 11, 1), "2026-11-01T23:00"),
        ("America/New_York", time(2, 30), date(2026, 3, 8), "2026-03-08T07:30"),
        ("America/New_York", time(1, 30), date(2026, 11, 1), "2026-11-01T05:30"),
        ("America/Phoenix", time(18), date(2026, 3, 8), "2026-03-09T01:00"),
        ("Asia/Kathmandu", time(18), date(2026, 3, 8), "2026-03-08T12:15"),
    ],
)
def test_cut_off_instants(zone: str, cut_off: time, day: date, instant: str) -> None:
    """T-3 and the table of vectors: in a gap forward by the gap, in a fold the earlier one."""
    assert cut_off_instant(ZoneInfo(zone), day, cut_off) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "cut_off", "within", "hours"),
    [
        ("America/New_York", time(18), "2026-03-08T12:00", 23),
        ("America/New_York", time(18), "2026-03-09T12:00", 24),
        ("America/New_York", time(18), "2026-11-01T12:00", 25),
        ("America/New_York", time(2, 30), "2026-03-08T07:00", 24),
        ("America/New_York", time(2, 30), "2026-03-08T08:00", 23),
        ("America/New_York", time(1, 30), "2026-11-01T05:00", 24),
        ("America/New_York", time(1, 30), "2026-11-01T06:30", 25),
        ("America/Phoenix", time(18), "2026-03-08T12:00", 24),
    ],
)
def test_window_lengths(zone: str, cut_off: time, within: str, hours: int) -> None:
    """T-2: windows end at local cut-offs; 24 hours are never added."""
    window = CutOffs(ZoneInfo(zone), cut_off).window(utc(within))
    assert utc(within) in window
    assert window.end - window.start == timedelta(hours=hours)


def test_a_second_before_at_and_after_the_cut_off() -> None:
    """Scenario 56, T-11: the first cut-off strictly after the payment."""
    days = CutOffs(ZoneInfo("America/New_York"), time(18))
    at = utc("2026-03-09T22:00")
    assert days.due(at - timedelta(seconds=1), at - timedelta(seconds=1)) == Due(at, late=False)
    assert days.due(at, at) == Due(utc("2026-03-10T22:00"), late=False)
    assert days.due(at + timedelta(seconds=1), at + timedelta(seconds=1)) == Due(utc("2026-03-10T22:00"), late=False)


def test_late_is_due_on_arrival() -> None:
    """Scenario 61, T-11: a cut-off that is past on arrival is not waited for again."""
    days = CutOffs(ZoneInfo("America/New_York"), time(18))
    occurred = utc("2026-03-09T21:00")
    arrived = utc("2026-03-10T01:00")
    assert days.due(occurred, arrived) == Due(arrived, late=True)
    at_the_cut_off = utc("2026-03-09T22:00")
    assert days.due(occurred, at_the_cut_off) == Due(at_the_cut_off, late=True)


def test_ledger_date_is_the_civil_date() -> None:
    """T-6: 2026-03-07T23:00Z with cut-off 18:00 New York: ledger date 03-07, released at 03-08T22:00Z."""
    at = utc("2026-03-07T23:00")
    assert local_date(at, "America/New_York") == date(2026, 3, 7)
    assert cut_offs("America/New_York", time(18)).due(at, at) == Due(utc("2026-03-08T22:00"), late=False)
    assert local_date(utc("2026-09-01T03:30"), "America/New_York") == date(2026, 8, 31)


def test_a_zone_that_skipped_a_day() -> None:
    """T-7: Apia had no 2011-12-30; every instant around it still lies in one window."""
    days = CutOffs(ZoneInfo("Pacific/Apia"), time(18))
    at = utc("2011-12-28T00:00")
    while at < utc("2012-01-03T00:00"):
        assert at in days.window(at)
        at += timedelta(minutes=30)


@settings(max_examples=300)
@given(
    zone=st.sampled_from(ZONES),
    cut_off=st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None, fold=0)),
    at=st.integers(0, 98 * 365 * 24 * 3600).map(lambda seconds: utc("2001-01-01") + timedelta(seconds=seconds)),
)
def test_each_instant_lies_in_exactly_one_window(zone: str, cut_off: time, at: datetime) -> None:
    """T-7: windows follow one another without gap or overlap, over years, zones and cut-offs."""
    days = CutOffs(ZoneInfo(zone), cut_off)
    window = days.window(at)
    assert window.start <= at < window.end
    assert days.window(window.end).start == window.end
    assert days.window(window.start - timedelta(microseconds=1)).end == window.start
    assert CutOffs(ZoneInfo(zone), cut_off).window(at) == window
    assert timedelta(hours=0) < window.end - window.start <= timedelta(hours=49)


@given(
    zone=st.sampled_from(ZONES),
    minutes=st.lists(st.integers(-500_000, 500_000), min_size=2, max_size=20),
)
def test_what_is_remembered_changes_no_answer(zone: str, minutes: list[int]) -> None:
    """The remembered window is only a shortcut: in whatever order instants are asked."""
    shared = cut_offs(zone, time(18))
    for minute in minutes:
        at = utc("2026-03-08T12:00") + timedelta(minutes=minute)
        assert shared.window(at) == CutOffs(ZoneInfo(zone), time(18)).window(at)

"""Time is counted while the office is open: not at night, at weekends or on its holidays, in its own zone (G7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bookkeeping.office_hours import OfficeCalendar, office_time_after, office_time_between
from schemas.practice_settings import Weekday

NEW_YORK = OfficeCalendar(zone="America/New_York")
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        ("2026-03-04T10:00-05:00", HOUR, "2026-03-04T11:00-05:00"),
        ("2026-03-04T17:30-05:00", HOUR, "2026-03-05T08:30-05:00"),
        ("2026-03-04T23:00-05:00", HOUR, "2026-03-05T09:00-05:00"),
        ("2026-03-04T03:00-05:00", HOUR, "2026-03-04T09:00-05:00"),
        ("2026-03-06T17:45-05:00", HOUR, "2026-03-09T08:45-04:00"),
        ("2026-03-04T10:00-05:00", 20 * HOUR, "2026-03-06T10:00-05:00"),
        ("2026-03-04T23:00-05:00", timedelta(0), "2026-03-04T23:00-05:00"),
    ],
    ids=["within", "over-night", "at-night", "before-opening", "over-a-weekend-and-the-clock", "two-days", "none"],
)
def test_only_open_hours_count(start: str, length: timedelta, expected: str) -> None:
    assert office_time_after(at(start), length, NEW_YORK) == at(expected)


def test_holidays_and_own_working_days_count() -> None:
    """Saturday is a working day where the practice says so; a holiday is none."""
    saturdays = OfficeCalendar(zone="UTC", business_days=(Weekday.FRI, Weekday.SAT), holidays=(date(2026, 3, 7),))
    friday = at("2026-03-06T17:30+00:00")
    assert office_time_after(friday, HOUR, saturdays) == at("2026-03-13T08:30+00:00")


def test_a_calendar_without_an_open_day_ends_all_the_same() -> None:
    closed = OfficeCalendar(holidays=tuple(date(2026, 3, 1) + timedelta(days=n) for n in range(365)))
    assert office_time_after(at("2026-03-04T10:00+00:00"), HOUR, closed) < at("2026-06-04T10:00+00:00")


@given(
    st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda passed: at("2026-01-01T00:00+00:00") + passed),
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.timedeltas(timedelta(0), timedelta(hours=30)),
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_lengths_add_up(start: datetime, one: timedelta, other: timedelta, zone: str) -> None:
    """Counting on from where one length ended is counting both at once; later never comes before."""
    calendar = OfficeCalendar(zone=zone)
    first = office_time_after(start, one, calendar)
    assert start <= first
    if one > timedelta(0) and other > timedelta(0):
        assert office_time_after(first, other, calendar) == office_time_after(start, one + other, calendar)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
    st.integers(1, 60 * 60),
)
def test_what_lies_between_is_what_was_waited_for(start: datetime, minutes: int) -> None:
    """The two agree, over changes of the clock too; and nothing lies behind."""
    begins, length = start.replace(tzinfo=UTC), timedelta(minutes=minutes)
    ends = office_time_after(begins, length, NEW_YORK)
    assert office_time_between(begins, ends, NEW_YORK) == length
    assert office_time_between(ends, begins, NEW_YORK) == timedelta(0)

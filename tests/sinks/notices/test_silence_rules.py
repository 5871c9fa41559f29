"""What is usual of a practice's reports, and from when on their absence is silence (law 27): in office time, pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bookkeeping.office_hours import OfficeCalendar
from sinks.notices.silence_rules import LEAST, is_heard, silent_from, usual_pause

ZONE = ZoneInfo("America/New_York")
OFFICE = OfficeCalendar(zone="America/New_York")
HOUR = timedelta(hours=1)
FRIDAY = date(2026, 3, 6)


def at(day: date, *hours: float) -> list[datetime]:
    midnight = datetime.combine(day, time(), ZONE)
    return [(midnight + hour * HOUR).astimezone(UTC) for hour in hours]


def days_before(day: date, count: int) -> list[date]:
    """That many working days, the last of them `day`."""
    every = (day - timedelta(days=n) for n in range(10 * count))
    return sorted([each for each in every if each.weekday() < 5][:count])


def test_what_comes_all_day_is_missed_within_the_same_day() -> None:
    reports = [each for day in days_before(FRIDAY, 30) for each in at(day, *(8 + n / 2 for n in range(20)))]
    assert usual_pause(reports, OFFICE) == HOUR / 2
    assert silent_from(reports[-1], HOUR / 2, OFFICE) == at(FRIDAY + timedelta(days=3), 11.5)[0], "over the weekend"


def test_what_comes_once_a_day_is_judged_by_days() -> None:
    """A nightly batch: nearly all pauses are of no length, and nearly all time lies in pauses of a day."""
    reports = [each for day in days_before(FRIDAY, 30) for each in at(day, *(17.5 + n / 100 for n in range(40)))]
    usual = usual_pause(reports, OFFICE)
    assert usual is not None
    assert 9 * HOUR < usual < 10 * HOUR
    assert silent_from(reports[-1], usual, OFFICE) > at(FRIDAY + timedelta(days=4), 17)[0]


def test_a_holiday_of_the_past_is_not_taken_for_usual() -> None:
    """A week of forty days without anything; and where it is entered as holidays it counts nowhere."""
    days = days_before(FRIDAY, 40)
    reports = [each for day in days[:20] + days[25:] for each in at(day, 9, 12, 15)]
    assert usual_pause(reports, OFFICE) in (3 * HOUR, 4 * HOUR)
    calendar = OfficeCalendar(zone="America/New_York", holidays=tuple(days[20:25]))
    assert usual_pause(reports, calendar) == 4 * HOUR


@pytest.mark.parametrize(
    "reports", [[], [each for day in days_before(FRIDAY, 5) for each in at(day, 9, 12)], at(FRIDAY, 1, 2, 3)]
)
def test_of_too_little_nobody_knows_what_is_usual(reports: list[datetime]) -> None:
    assert usual_pause(reports, OFFICE) is None


def test_silence_begins_late_and_ends_with_a_report_that_is_fresh() -> None:
    """Hysteresis: it begins after three times the usual, and a report of a time within the silence does not end it."""
    usual = 3 * HOUR
    (last, late, fresh) = (at(FRIDAY, 9)[0], at(FRIDAY + timedelta(days=3), 9)[0], at(FRIDAY + timedelta(days=4), 8)[0])
    begins = silent_from(last, usual, OFFICE)
    assert begins == at(FRIDAY, 18)[0]
    now = at(FRIDAY + timedelta(days=4), 10)[0]
    assert not is_heard(last, usual, now, OFFICE)
    assert not is_heard(late, usual, now, OFFICE)
    assert is_heard(fresh, usual, now, OFFICE)


def test_days_that_are_entered_as_holidays_end_it() -> None:
    """The way out of a practice that was closed and had not said so."""
    last, now = at(FRIDAY, 17.5)[0], at(FRIDAY + timedelta(days=5), 9)[0]
    assert not is_heard(last, HOUR, now, OFFICE)
    closed = OfficeCalendar(zone=OFFICE.zone, holidays=tuple(FRIDAY + timedelta(days=n) for n in (3, 4, 5)))
    assert is_heard(last, HOUR, now, closed)


@given(st.lists(st.datetimes(datetime(2026, 1, 5), datetime(2026, 3, 1)), min_size=2, max_size=60))  # noqa: DTZ001
def test_nobody_is_silent_within_what_is_usual(instants: list[datetime]) -> None:
    """Whatever the history, what is usual is one of its pauses, and begins no silence."""
    reports = sorted(each.replace(tzinfo=UTC) for each in instants)
    usual = usual_pause(reports, OFFICE)
    if usual is not None:
        begins = silent_from(reports[-1], usual, OFFICE)
        assert begins >= reports[-1] + min(LEAST, usual)
        assert is_heard(reports[-1], usual, reports[-1], OFFICE)

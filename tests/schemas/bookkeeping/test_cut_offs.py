"""Cut-offs, the windows between them, and working days, in the practice's own zone (T-1 to T-3, T-5, T-6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.bookkeeping.cut_offs import Calendar, calendar_of, cut_off_instant, local_date
from schemas.practice_settings import PracticeSettings, Weekday
from tests.schemas.moments import ZONES, utc, wall_times

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("zone", "cut_off", "day", "instant", "hours"),
    [
        (NEW_YORK, time(18), date(2026, 3, 7), "2026-03-07T23:00", 24),
        (NEW_YORK, time(18), date(2026, 3, 8), "2026-03-08T22:00", 23),
        (NEW_YORK, time(18), date(2026, 3, 9), "2026-03-09T22:00", 24),
        (NEW_YORK, time(18), date(2026, 11, 1), "2026-11-01T23:00", 25),
        (NEW_YORK, time(2, 30), date(2026, 3, 8), "2026-03-08T07:30", 24),
        (NEW_YORK, time(2, 30), date(2026, 3, 9), "2026-03-09T06:30", 23),
        (NEW_YORK, time(1, 30), date(2026, 11, 1), "2026-11-01T05:30", 24),
        (NEW_YORK, time(1, 30), date(2026, 11, 2), "2026-11-02T06:30", 25),
        ("America/Phoenix", time(18), date(2026, 3, 8), "2026-03-09T01:00", 24),
        ("Asia/Kathmandu", time(18), date(2026, 3, 8), "2026-03-08T12:15", 24),
        ("Australia/Lord_Howe", time(2, 15), date(2026, 10, 4), "2026-10-03T15:45", 24),
        ("Australia/Lord_Howe", time(1, 45), date(2026, 4, 5), "2026-04-04T14:45", 24),
        ("Africa/Casablanca", time(2, 30), date(2026, 2, 15), "2026-02-15T01:30", 24),
        ("Africa/Casablanca", time(2, 30), date(2026, 2, 16), "2026-02-16T02:30", 25),
        ("Africa/Casablanca", time(2, 30), date(2026, 3, 22), "2026-03-22T02:30", 24),
    ],
)
def test_the_table_of_vectors(zone: str, cut_off: time, day: date, instant: str, hours: int) -> None:
    """T-2, T-3, domain rules 3.6 line by line: the cut-off of a day in UTC, and the length of the window it ends."""
    at = utc(instant)
    assert cut_off_instant(ZoneInfo(zone), day, cut_off) == at
    window = Calendar(ZoneInfo(zone), cut_off).window(at - timedelta(minutes=1))
    assert (window.end, window.business_date) == (at, day)
    assert window.end - window.start == timedelta(hours=hours)


def test_civil_dates_use_the_rules_of_their_instant() -> None:
    """T-1: the zone's rules at that instant, not today's offset."""
    assert local_date(utc("2026-01-15T04:30"), NEW_YORK) == date(2026, 1, 14)
    assert local_date(utc("2026-07-15T04:30"), NEW_YORK) == date(2026, 7, 15)
    assert local_date(utc("2026-09-01T03:30"), NEW_YORK) == date(2026, 8, 31)
    assert local_date(utc("2011-12-30T09:59"), "Pacific/Apia") == date(2011, 12, 29)
    assert local_date(utc("2011-12-30T10:00"), "Pacific/Apia") == date(2011, 12, 31)


def office(**changed: object) -> Calendar:
    values: dict[str, object] = {"zone": NEW_YORK, "business_days_only": True}
    return calendar_of(PracticeSettings(**(values | changed)))  # type: ignore[arg-type]


def test_weekends_go_with_the_next_working_day() -> None:
    """T-5: Friday's window ends on Friday; what comes after it, all weekend long, goes on Monday."""
    friday, monday = utc("2026-03-06T23:00"), utc("2026-03-09T22:00")
    assert office().window(friday - timedelta(seconds=1)).end == friday
    for at in (friday, utc("2026-03-07T12:00"), utc("2026-03-08T23:00"), monday - timedelta(seconds=1)):
        assert (office().window(at).start, office().window(at).end) == (friday, monday)
        assert office().window(at).business_date == date(2026, 3, 9)


def test_holidays_have_no_cut_off() -> None:
    """T-5: Christmas on a Friday: Thursday's evening goes on Monday; without working days only, on the holiday."""
    holidays = (date(2026, 12, 25),)
    at = utc("2026-12-24T23:00")
    assert office(holidays=holidays).window(at).end == utc("2026-12-28T23:00")
    assert office(holidays=holidays, business_days_only=False).window(at).end == utc("2026-12-25T23:00")


def test_a_working_week_of_the_practice_s_own() -> None:
    """T-5: a practice that is open on Saturdays alone, with three of them off."""
    off = tuple(date(2026, 3, 7) + timedelta(weeks=week) for week in range(3))
    window = office(business_days=(Weekday.SAT,), holidays=off).window(utc("2026-03-04T00:00"))
    assert window.start == utc("2026-02-28T23:00")
    assert window.end == utc("2026-03-28T22:00")


def test_a_skipped_day_is_no_working_day() -> None:
    """T-3, T-5: Apia had no Friday 2011-12-30; its cut-off would fall on a Saturday, so the next is Monday's."""
    calendar = office(zone="Pacific/Apia")
    assert calendar.window(utc("2011-12-30T05:00")).end == utc("2012-01-02T04:00")
    assert calendar_of(PracticeSettings(zone="Pacific/Apia")).window(utc("2011-12-30T05:00")).end == utc(
        "2011-12-31T04:00"
    )


INSTANTS = st.integers(0, 98 * 365 * 24 * 3600).map(lambda seconds: utc("2001-01-01") + timedelta(seconds=seconds))


@settings(max_examples=300)
@given(
    zone=st.sampled_from(ZONES),
    cut_off=wall_times(),
    at=INSTANTS,
    week=st.none() | st.sets(st.sampled_from(list(Weekday)), min_size=1),
    holidays=st.sets(st.integers(-9, 9), max_size=9),
)
def test_each_instant_lies_in_exactly_one_window(
    zone: str, cut_off: time, at: datetime, week: set[Weekday] | None, holidays: set[int]
) -> None:
    """T-2, T-5: windows follow one another without gap or overlap, and each ends on a day that is worked."""
    off = tuple(sorted(at.astimezone(ZoneInfo(zone)).date() + timedelta(days=shift) for shift in holidays))
    practice = PracticeSettings(
        zone=zone,
        cut_off=cut_off,
        business_days_only=week is not None,
        business_days=tuple(sorted(week or Weekday)),
        holidays=off,
    )
    days = calendar_of(practice)
    window = days.window(at)
    assert window.start <= at < window.end
    assert days.window(window.end).start == window.end
    assert days.window(window.start - timedelta(microseconds=1)).end == window.start
    assert days.first_at_or_after(window.end) == window.end
    assert days.first_at_or_after(window.end - timedelta(microseconds=1)) == window.end
    ended = window.end.astimezone(ZoneInfo(zone))
    assert window.business_date == ended.date()
    if week is None:
        assert window.end - window.start <= timedelta(hours=49)
    else:
        assert list(Weekday)[ended.weekday()] in week
        assert ended.date() not in off


@given(zone=st.sampled_from(ZONES), minutes=st.lists(st.integers(-500_000, 500_000), min_size=2, max_size=20))
def test_what_is_remembered_changes_no_answer(zone: str, minutes: list[int]) -> None:
    """The remembered window is only a shortcut: in whatever order instants are asked."""
    shared = Calendar(ZoneInfo(zone), time(18))
    for minute in minutes:
        at = datetime(2026, 3, 8, 12, tzinfo=UTC) + timedelta(minutes=minute)
        assert shared.window(at) == Calendar(ZoneInfo(zone), time(18)).window(at)

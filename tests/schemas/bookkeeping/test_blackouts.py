"""Local times in which nothing is posted (T-8)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.bookkeeping.blackouts import Blackouts, blackouts_of
from schemas.practice_settings import Blackout, PracticeSettings, SettingsError, Weekday
from tests.schemas.moments import ZONES, utc, wall_times

NEW_YORK = "America/New_York"
NIGHT = Blackout(begins=time(23), ends=time(1))
WEEKDAYS = tuple(Weekday)[:5]


def until(at: str, *blackouts: Blackout, zone: str = NEW_YORK) -> datetime | None:
    return blackouts_of(zone, blackouts).until(utc(at))


def test_half_open_and_local() -> None:
    """T-8: 02:00 to 03:30 in New York, in winter and in summer."""
    backup = Blackout(begins=time(2), ends=time(3, 30))
    assert until("2026-01-15T06:59:59", backup) is None
    assert until("2026-01-15T07:00", backup) == utc("2026-01-15T08:30")
    assert until("2026-01-15T08:29:59", backup) == utc("2026-01-15T08:30")
    assert until("2026-01-15T08:30", backup) is None
    assert until("2026-07-15T06:00", backup) == utc("2026-07-15T07:30")


def test_over_midnight_by_the_day_it_begins() -> None:
    """T-8: Friday's night reaches into Saturday; Sunday's does not begin."""
    night = Blackout(begins=time(23), ends=time(1), days=WEEKDAYS)
    assert until("2026-03-07T05:30", night) == utc("2026-03-07T06:00")
    assert until("2026-03-09T04:30", night) is None


def test_what_follows_without_a_pause_is_one() -> None:
    """T-8: day close until 23:00, then the night: posting goes on at 01:00."""
    assert until("2026-06-02T02:15", Blackout(begins=time(22), ends=time(23)), NIGHT) == utc("2026-06-02T05:00")
    assert until("2026-06-02T02:15", NIGHT, Blackout(begins=time(22), ends=time(23))) == utc("2026-06-02T05:00")


def test_in_a_gap_and_in_a_fold() -> None:
    """T-3, T-8: 02:15 to 02:45 is 03:15 to 03:45 on the day without it; 01:15 to 01:45 covers both times it comes."""
    gap = Blackout(begins=time(2, 15), ends=time(2, 45))
    assert until("2026-03-08T07:20", gap) == utc("2026-03-08T07:45")
    assert until("2026-03-08T06:50", gap) is None
    fold = Blackout(begins=time(1, 15), ends=time(1, 45))
    assert until("2026-11-01T05:15", fold) == utc("2026-11-01T06:45")
    assert until("2026-11-01T06:10", fold) == utc("2026-11-01T06:45")


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    asked=st.lists(st.integers(0, 5 * 365 * 1440), min_size=1, max_size=8),
    drawn=st.lists(
        st.builds(
            lambda begins, ends, days: (begins, ends, tuple(sorted(days))),
            wall_times(),
            wall_times(),
            st.sets(st.sampled_from(list(Weekday)), min_size=1),
        ).filter(lambda each: each[0] != each[1]),
        max_size=3,
    ),
)
def test_an_end_is_outside_and_later(
    zone: str, asked: list[int], drawn: list[tuple[time, time, tuple[Weekday, ...]]]
) -> None:
    """T-8: whoever waits for an end finds no blackout there, so nobody looks in a circle; what is remembered changes
    no answer."""
    chosen = tuple(Blackout(begins=begins, ends=ends, days=days) for begins, ends, days in drawn)
    try:
        PracticeSettings(zone=zone, blackouts=chosen)
    except SettingsError:
        return
    kept = Blackouts(ZoneInfo(zone), chosen)
    for minute in asked:
        at = utc("2009-01-01") + timedelta(minutes=minute)
        end = kept.until(at)
        assert end == Blackouts(ZoneInfo(zone), chosen).until(at)
        if end is not None:
            assert end > at
            assert kept.until(end) is None


def test_no_time_left_to_post_in() -> None:
    """T-8: a week that is all blackout is refused; a minute left free is not."""
    whole = (Blackout(begins=time(0), ends=time(12)), Blackout(begins=time(12), ends=time(0)))
    with pytest.raises(SettingsError, match="whole week"):
        PracticeSettings(zone=NEW_YORK, blackouts=whole)
    PracticeSettings(zone=NEW_YORK, blackouts=(whole[0], Blackout(begins=time(12), ends=time(23, 59))))

"""The windows of a practice whose zone, cut-off and working days change: one for every payment (T-2, T-5, T-6, T-7)."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.bookkeeping.cut_offs import cut_off_instant
from schemas.bookkeeping.windows import Windows, ledger_date, windows_of
from schemas.practice_settings import (
    LedgerDate,
    PracticeSettings,
    SettingsHistory,
    SettingsVersion,
    Timing,
    Weekday,
)
from tests.schemas.moments import ZONES, utc, wall_times

INSTANT = timedelta(microseconds=1)
NEW_YORK = "America/New_York"


def saved(*versions: tuple[str | datetime, dict[str, object]]) -> SettingsHistory:
    """A history of (effective from, what it says)."""
    versions_so_far: list[SettingsVersion] = []
    for number, (at, changed) in enumerate(versions, start=1):
        values: dict[str, object] = {"zone": NEW_YORK, "master": True, "timing": Timing.DAILY}
        effective = utc(at) if isinstance(at, str) else at
        versions_so_far.append(
            SettingsVersion(
                version=number,
                effective_from=effective,
                saved_at=effective,
                saved_by="owner",
                reason="",
                settings=PracticeSettings(**(values | changed)),  # type: ignore[arg-type]
            )
        )
    return SettingsHistory(practice_id="p1", versions=tuple(versions_so_far))


def ends(history: SettingsHistory, start: str, count: int) -> list[str]:
    """Where the windows end, from one instant on, as UTC texts."""
    found, at = [], utc(start)
    for _ in range(count):
        at = windows_of(history).window(at, at).end
        found.append(at.strftime("%m-%dT%H:%M"))
    return found


def test_a_new_cut_off_begins_at_the_next_boundary() -> None:
    """T-7: saved at noon, the open window still ends at 18:00; from there on the day ends at 12:00."""
    history = saved(("2026-01-01T00:00", {}), ("2026-06-02T16:00", {"cut_off": time(12)}))
    assert ends(history, "2026-06-01T23:00", 3) == ["06-02T22:00", "06-03T16:00", "06-04T16:00"]


def test_a_new_zone_begins_at_the_next_boundary() -> None:
    """T-7: a practice moves from New York to Los Angeles: the open window ends by the old clock, and the first of the
    new zone is the three hours until its own cut-off."""
    history = saved(("2026-01-01T00:00", {}), ("2026-06-02T16:00", {"zone": "America/Los_Angeles"}))
    assert ends(history, "2026-06-01T23:00", 3) == ["06-02T22:00", "06-03T01:00", "06-04T01:00"]
    moved = windows_of(history).window(utc("2026-06-02T23:00"), utc("2026-06-02T23:00"))
    assert (moved.start, moved.end) == (utc("2026-06-02T22:00"), utc("2026-06-03T01:00"))


def test_a_change_in_the_instant_of_the_cut_off() -> None:
    """T-7: in force at the boundary, so the window that starts there is its own."""
    history = saved(("2026-01-01T00:00", {}), ("2026-06-02T22:00", {"cut_off": time(20)}))
    assert ends(history, "2026-06-02T12:00", 2) == ["06-02T22:00", "06-03T00:00"]


def test_several_changes_within_one_window() -> None:
    """T-7: of two in one day the later stands; what is taken back before the boundary changes nothing."""
    twice = saved(
        ("2026-01-01T00:00", {}),
        ("2026-06-02T16:00", {"cut_off": time(12)}),
        ("2026-06-02T17:00", {"cut_off": time(9)}),
    )
    assert ends(twice, "2026-06-02T12:00", 2) == ["06-02T22:00", "06-03T13:00"]
    back = saved(
        ("2026-01-01T00:00", {}), ("2026-06-02T16:00", {"cut_off": time(12)}), ("2026-06-02T17:00", {"master": False})
    )
    assert ends(back, "2026-06-02T12:00", 2) == ["06-02T22:00", "06-03T22:00"]


def test_working_days_begin_at_the_next_boundary() -> None:
    """T-5, T-7: a storm day entered on its eve counts; entered when its window runs already, it does not."""
    storm = {"business_days_only": True, "holidays": (date(2026, 6, 3),)}
    eve = saved(("2026-01-01T00:00", {"business_days_only": True}), ("2026-06-02T16:00", storm))
    assert ends(eve, "2026-06-02T12:00", 2) == ["06-02T22:00", "06-04T22:00"]
    running = saved(("2026-01-01T00:00", {"business_days_only": True}), ("2026-06-02T23:00", storm))
    assert ends(running, "2026-06-02T12:00", 2) == ["06-02T22:00", "06-03T22:00"]


def test_a_version_that_a_fast_clock_reaches_decides_nothing() -> None:
    """Law 15, E-10: the sender is four minutes ahead, and a version becomes effective in between at a boundary."""
    history = saved(("2026-01-01T00:00", {}), ("2026-06-02T22:00", {"cut_off": time(20)}))
    occurred, arrived = utc("2026-06-02T22:02"), utc("2026-06-02T21:58")
    assert windows_of(history).window(occurred, arrived).end == utc("2026-06-03T22:00")
    assert windows_of(history).window(occurred, occurred).end == utc("2026-06-03T00:00")


def test_the_ledger_date_of_a_window() -> None:
    """T-6: BUSINESS_DATE is the day whose cut-off ends the window, over a weekend the Monday."""
    history = saved(
        ("2026-01-01T00:00", {"ledger_date": LedgerDate.BUSINESS_DATE, "business_days_only": True}),
    )
    practice = history.versions[0].settings
    friday_evening, friday_noon = utc("2026-03-06T23:30"), utc("2026-03-06T17:00")
    assert ledger_date(history, practice, friday_noon, friday_noon) == date(2026, 3, 6)
    assert ledger_date(history, practice, friday_evening, friday_evening) == date(2026, 3, 9)


# --- over years of instants, zones, cut-offs, changes and downtimes

BEGIN = datetime(2009, 1, 1, tzinfo=UTC)
MINUTES = 4 * 365 * 24 * 60


def moments() -> st.SearchStrategy[datetime]:
    """Four years in which Samoa skips a day, and Casablanca stops its summer time for Ramadan."""
    return st.integers(0, MINUTES).map(lambda minute: BEGIN + timedelta(days=365) + timedelta(minutes=minute))


@st.composite
def practices(draw: st.DrawFn) -> SettingsHistory:
    versions: list[tuple[str | datetime, dict[str, object]]] = []
    at = BEGIN
    for _ in range(draw(st.integers(1, 6))):
        changed: dict[str, object] = {"zone": draw(st.sampled_from(ZONES)), "cut_off": draw(wall_times())}
        if draw(st.booleans()):
            changed["business_days_only"] = True
            changed["business_days"] = tuple(sorted(draw(st.sets(st.sampled_from(list(Weekday)), min_size=1))))
            shifts = draw(st.sets(st.integers(0, MINUTES // 1440), max_size=6))
            changed["holidays"] = tuple(BEGIN.date() + timedelta(days=365 + shift) for shift in sorted(shifts))
        versions.append((at, changed))
        # Within minutes, within a day or two, or within a year.
        at += timedelta(minutes=draw(st.integers(1, 90) | st.integers(90, 4_000) | st.integers(4_000, 500_000)))
    return saved(*versions)


def boundaries(history: SettingsHistory, until: datetime) -> list[datetime]:
    """T-7 word by word, one window after the other: each ends at the first cut-off after its start, by the version in
    force at its start, on a day that is worked there."""

    def cut_off_after(start: datetime, says: PracticeSettings) -> datetime:
        zone = ZoneInfo(says.zone)
        day = start.astimezone(zone).date() - timedelta(days=3)
        while True:
            at = cut_off_instant(zone, day, says.cut_off)
            civil = at.astimezone(zone).date()
            worked = list(Weekday)[civil.weekday()] in says.business_days and civil not in says.holidays
            if at > start and (worked or not says.business_days_only):
                return at
            day += timedelta(days=1)

    found = [BEGIN - timedelta(days=60)]
    while found[-1] <= until:
        version = history.in_force(found[-1]) or history.versions[0]
        found.append(cut_off_after(found[-1], version.settings))
    return found


@settings(max_examples=60, deadline=None)
@given(history=practices(), ats=st.lists(moments(), min_size=1, max_size=20))
def test_every_payment_falls_in_exactly_one_window(history: SettingsHistory, ats: list[datetime]) -> None:
    """T-2, T-7: the windows are those that one gets by going from boundary to boundary; they follow one another
    without gap or overlap, and each payment's end lies strictly after it."""
    walked = boundaries(history, max(ats))
    made = Windows(history)
    for at in [*ats, *sorted(ats)]:
        window = made.window(at, at)
        assert window.start <= at < window.end
        place = bisect_right(walked, at)
        assert (window.start, window.end) == (walked[place - 1], walked[place])
        following = made.window(window.end, window.end)
        assert following.start == window.end
        before = made.window(window.start - INSTANT, window.start - INSTANT)
        assert before.end == window.start


@settings(max_examples=60, deadline=None)
@given(
    history=practices(),
    first=moments(),
    paid=st.lists(st.integers(0, 20 * 24 * 60), min_size=1, max_size=30),
    downtimes=st.lists(st.integers(1, 5 * 24 * 60), min_size=1, max_size=40),
)
def test_no_window_is_released_twice_and_none_is_left_out(
    history: SettingsHistory, first: datetime, paid: list[int], downtimes: list[int]
) -> None:
    """T-4, T-11: whoever looks, and however long nobody did, releases each payment once, with all of its window, at
    the first look after its cut-off and never before."""
    occurred = [first + timedelta(minutes=minute) for minute in paid]
    made = Windows(history)
    due = [made.window(at, at).end for at in occurred]
    assert all(end > at for at, end in zip(occurred, due, strict=True))
    looks: list[datetime] = []
    at, waited = first, 0
    while not looks or looks[-1] < max(due):
        at += timedelta(minutes=downtimes[waited % len(downtimes)])
        waited += 1
        looks.append(at)
    released: dict[int, datetime] = {}
    for look in looks:
        ready = [n for n, end in enumerate(due) if end <= look and n not in released]
        released |= dict.fromkeys(ready, look)
    assert sorted(released) == list(range(len(paid)))
    together: dict[datetime, set[datetime]] = {}
    for n, look in released.items():
        together.setdefault(due[n], set()).add(look)
        assert look - due[n] < timedelta(minutes=max(downtimes))
    assert all(len(run) == 1 for run in together.values())


@given(history=practices(), ats=st.lists(moments(), min_size=2, max_size=10))
def test_what_is_remembered_changes_no_answer(history: SettingsHistory, ats: list[datetime]) -> None:
    """Kept windows are a shortcut: an equal history gives the same."""
    for at in ats:
        again = SettingsHistory(practice_id="p1", versions=history.versions)
        assert windows_of(history).window(at, at) == Windows(again).window(at, at)

"""From attempts to states: worse at once, better after some calm, and the same whatever the order and the repeats."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.health.panes import number_of
from processors.health.target_window import TargetWindow, is_late, level_at, settles_at, with_heartbeat
from schemas.heartbeats import Heartbeat
from schemas.vocabulary import AnswerClass, HealthState
from streams.runtime.times import HealthTimes
from tests.processors.health.beats import NOON, beat

TIMES = HealthTimes()
HEALTHY, DEGRADED, FAILING = HealthState.HEALTHY, HealthState.DEGRADED, HealthState.FAILING
OFFLINE, NEEDS_RECONNECT = HealthState.OFFLINE, HealthState.NEEDS_RECONNECT


def window(*beats: Heartbeat) -> TargetWindow:
    found = TargetWindow()
    for each in beats:
        found = with_heartbeat(found, each, TIMES)
    return found


def state(minutes: float, *beats: Heartbeat) -> HealthState:
    return level_at(window(*beats), NOON + timedelta(minutes=minutes), TIMES).state


def test_a_target_that_answers_is_healthy() -> None:
    assert state(1, beat(0, ANSWERED=5)) is HEALTHY
    assert state(500, beat(0, ANSWERED=5)) is HEALTHY


@pytest.mark.parametrize("answer", ["UNREACHABLE", "NO_ANSWER", "DOWN"])
def test_a_target_that_nothing_reaches_is_offline(answer: str) -> None:
    """From the third attempt on, and one failure among many answers is none."""
    assert state(0, beat(0, of={answer: 2})) is HEALTHY
    assert state(0, beat(0, of={answer: 3})) is OFFLINE
    assert state(1, beat(0, ANSWERED=19), beat(0.5, of={answer: 1})) is HEALTHY


def test_a_system_that_is_asked_ever_more_seldom_is_offline_all_the_same() -> None:
    """A closed connection is tried every quarter of an hour in the end: no window ever holds three. An answer between
    them begins anew, and what was before the kept panes counts."""
    seldom = [beat(minute, UNREACHABLE=1) for minute in (0, 14, 29)]
    assert state(28, *seldom) is HEALTHY
    assert state(29, *seldom) is OFFLINE
    assert state(300, *seldom) is OFFLINE
    assert state(29, seldom[0], seldom[1], beat(20, ANSWERED=1), seldom[2]) is HEALTHY
    assert state(210, beat(0, UNREACHABLE=1), beat(100, UNREACHABLE=1), beat(200, UNREACHABLE=1)) is OFFLINE


def test_most_attempts_failing_is_failing() -> None:
    assert state(0, beat(0, ANSWERED=3, BUSY=2)) is HEALTHY
    assert state(0, beat(0, ANSWERED=2, BUSY=2)) is FAILING
    assert state(0, beat(0, REFUSED=4)) is FAILING


def test_a_revoked_key_is_known_from_one_answer() -> None:
    """And for as long as nothing else is heard; a network that is away afterwards does not make it better."""
    revoked = beat(0, CREDENTIALS=1)
    assert state(0, revoked) is NEEDS_RECONNECT
    assert state(600, revoked) is NEEDS_RECONNECT
    assert state(3, revoked, beat(2, UNREACHABLE=5)) is NEEDS_RECONNECT
    assert state(9, revoked, beat(3, ANSWERED=1)) is HEALTHY


def test_some_failures_or_slow_answers_are_degraded() -> None:
    assert state(0, beat(0, ANSWERED=17, NO_ANSWER=3)) is DEGRADED
    assert state(0, beat(0, ANSWERED=10, slow=6)) is DEGRADED
    assert state(0, beat(0, ANSWERED=100, NO_ANSWER=3)) is HEALTHY


def test_nobody_recovers_by_silence() -> None:
    """Without an answer the state lasts, however long: only evidence ends it."""
    assert state(7 * 24 * 60, beat(0, UNREACHABLE=3)) is OFFLINE


def test_recovery_takes_an_answer_and_five_minutes_of_calm() -> None:
    """Hysteresis: one success between failures ends nothing."""
    failed, answered = beat(0, UNREACHABLE=6), beat(2, ANSWERED=1)
    assert state(1.9, failed) is OFFLINE
    assert state(2, failed, answered) is FAILING
    assert state(4, failed, answered) is FAILING
    assert state(5, failed, answered) is HEALTHY
    assert state(6, failed, answered, beat(4, UNREACHABLE=1)) is not HEALTHY


def test_a_share_between_the_two_limits_changes_nothing() -> None:
    """FAILING from half on, until less than a quarter fails: 40 % flap nowhere."""
    some = [beat(minute, ANSWERED=6, BUSY=4) for minute in range(1, 30)]
    assert state(30, beat(0, BUSY=20), *some) is FAILING
    assert state(30, beat(0, ANSWERED=20), *some) is DEGRADED


def test_since_is_the_minute_of_the_change() -> None:
    beats = [beat(minute, ANSWERED=2) for minute in range(10)] + [beat(20.5, UNREACHABLE=3)]
    found = level_at(window(*beats), NOON + timedelta(minutes=90), TIMES)
    assert (found.state, found.since) == (OFFLINE, NOON + timedelta(minutes=20))
    assert level_at(window(*beats), NOON + timedelta(minutes=9), TIMES).since == NOON


answers = st.dictionaries(st.sampled_from([each.value for each in AnswerClass]), st.integers(1, 6), max_size=3)
moments = st.floats(0, TIMES.kept_panes - 1)
heartbeats = st.lists(st.tuples(moments, answers), min_size=1, max_size=25).map(
    lambda found: [beat(minutes, name=f"b{n}", of=counts) for n, (minutes, counts) in enumerate(found)]
)


@given(heartbeats, st.randoms(use_true_random=False), st.integers(0, 60))
def test_order_and_repeats_do_no_harm(beats: list[Heartbeat], chance: object, minutes: int) -> None:
    """The same set of heartbeats is the same state, at any later moment."""
    again = [*beats, *beats[::2]]
    chance.shuffle(again)  # type: ignore[attr-defined]
    now = NOON + timedelta(minutes=TIMES.kept_panes + minutes)
    assert level_at(window(*again), now, TIMES) == level_at(window(*beats), now, TIMES)


@given(heartbeats, st.integers(0, 25), st.integers(0, 120))
def test_a_restart_does_no_harm(beats: list[Heartbeat], at: int, minutes: int) -> None:
    """What was written to the table and read again goes on the same."""
    stored = msgspec.json.decode(msgspec.json.encode(window(*beats[:at])), type=TargetWindow)
    for each in beats[at:]:
        stored = with_heartbeat(stored, each, TIMES)
    now = NOON + timedelta(minutes=minutes)
    assert level_at(stored, now, TIMES) == level_at(window(*beats), now, TIMES)


@given(st.lists(answers, min_size=1, max_size=90))
def test_what_is_folded_away_changes_no_state(by_minute: list[dict[str, int]]) -> None:
    """A window that forgets its oldest panes says the same as one that keeps all, and stays small."""
    beats = [beat(minute, of=counts) for minute, counts in enumerate(by_minute)]
    kept, whole = TargetWindow(), TargetWindow()
    forever = msgspec.structs.replace(TIMES, kept_panes=10_000)
    for each in beats:
        kept, whole = with_heartbeat(kept, each, TIMES), with_heartbeat(whole, each, forever)
    for minutes in (0, 3, 40):
        now = beats[-1].ended_at + timedelta(minutes=minutes)
        assert level_at(kept, now, TIMES) == level_at(whole, now, forever)
    assert len(kept.panes) <= TIMES.kept_panes + TIMES.long_panes


@given(heartbeats)
def test_it_settles(beats: list[Heartbeat]) -> None:
    """After that nothing changes without a heartbeat: a practice at rest costs nothing."""
    found = window(*beats)
    settled = settles_at(found, TIMES)
    assert level_at(found, settled, TIMES) == level_at(found, settled + timedelta(days=9), TIMES)


def test_what_comes_too_late_is_left_out() -> None:
    early, late = beat(0, ANSWERED=1), beat(1, UNREACHABLE=9)
    found = window(early, beat(TIMES.kept_panes + 2, ANSWERED=1))
    assert is_late(found, late, TIMES)
    assert with_heartbeat(found, late, TIMES) is found


def test_panes_begin_at_whole_minutes() -> None:
    at = datetime.fromisoformat("2026-03-04T12:00:59.999+00:00")
    assert number_of(at, 60.0) == number_of(NOON, 60.0)
    assert number_of(at + timedelta(milliseconds=1), 60.0) == number_of(NOON, 60.0) + 1

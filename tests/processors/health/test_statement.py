"""What is published of a practice: states of its targets, counts of its outcomes, and how long it is good for."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from processors.health.outcome_window import DEAD, POSTED, REFUSED, OutcomeWindow, Place, with_outcome
from processors.health.statement import differs, statement_of
from processors.health.target_window import TargetWindow, with_heartbeat, with_silence
from schemas.health_codec import decode_practice_health, encode_practice_health
from schemas.silence import UpstreamSilence
from schemas.vocabulary import AnswerClass, HealthState, Target
from streams.runtime.times import HealthTimes
from tests.processors.health.beats import NOON, beat

TIMES = HealthTimes()


def place(offset: int, at_ms: int = 0, partition: str = "results/0") -> Place:
    return Place(partition=partition, offset=offset, at_ms=at_ms)


def test_a_statement_carries_all_of_it() -> None:
    window = with_heartbeat(TargetWindow(), beat(0, ANSWERED=1, DOWN=5), TIMES)
    outcomes = OutcomeWindow()
    for offset, (what, of) in enumerate(((POSTED, Target.PMS), (DEAD, Target.PMS), (REFUSED, None))):
        outcomes = with_outcome(outcomes, what, of, NOON, place(offset), TIMES)
    stated = statement_of("p1", {Target.PMS: window}, outcomes, NOON + timedelta(seconds=30), TIMES)
    assert decode_practice_health(encode_practice_health(stated)) == stated
    (target,) = stated.targets
    assert (target.state, target.since) == (HealthState.FAILING, NOON)
    assert (target.attempts, target.failed, target.failure, target.retries) == (6, 5, AnswerClass.DOWN, 5)
    assert (target.posted, target.dead, stated.refused_records) == (1, 1, 1)


def test_three_repetitions_and_it_expires() -> None:
    """Law 27: what is news is repeated each minute, what is none each quarter of an hour."""
    for window, seconds in (
        (with_heartbeat(TargetWindow(), beat(0, UNREACHABLE=3), TIMES), 180),
        (with_heartbeat(TargetWindow(), beat(0, ANSWERED=3), TIMES), 2700),
    ):
        stated = statement_of("p1", {Target.PMS: window}, OutcomeWindow(), NOON, TIMES)
        assert stated.expires_at - stated.stated_at == timedelta(seconds=seconds)


def test_counts_alone_are_no_news() -> None:
    window = with_heartbeat(TargetWindow(), beat(0, ANSWERED=3), TIMES)
    one = statement_of("p1", {Target.PMS: window}, OutcomeWindow(), NOON, TIMES)
    more = with_heartbeat(window, beat(0.5, ANSWERED=9), TIMES)
    assert not differs(one, statement_of("p1", {Target.PMS: more}, OutcomeWindow(), NOON, TIMES))
    off = with_heartbeat(more, beat(0.6, DOWN=99), TIMES)
    assert differs(one, statement_of("p1", {Target.PMS: off}, OutcomeWindow(), NOON, TIMES))
    assert differs(None, one)


@given(st.lists(st.integers(0, 30), max_size=40))
def test_outcomes_are_counted_once(read: list[int]) -> None:
    """A partition is read in order; what is read again from an earlier place is not counted again."""
    highest = -1
    window = OutcomeWindow()
    for offset in read:
        window = with_outcome(window, POSTED, Target.PMS, NOON, place(offset), TIMES)
        highest = max(highest, offset)
    distinct = sum(1 for n, offset in enumerate(read) if offset > max(read[:n], default=-1))
    assert window.count(POSTED, Target.PMS) == distinct


def test_a_topic_that_was_made_anew_counts_again() -> None:
    """Its offsets begin at 0, at a later time."""
    window = with_outcome(OutcomeWindow(), DEAD, Target.PMS, NOON, place(900, at_ms=5), TIMES)
    assert with_outcome(window, DEAD, Target.PMS, NOON, place(0, at_ms=4), TIMES) is window
    assert with_outcome(window, DEAD, Target.PMS, NOON, place(0, at_ms=6), TIMES).count(DEAD, Target.PMS) == 2


def test_old_outcomes_leave_the_window() -> None:
    window = with_outcome(OutcomeWindow(), DEAD, Target.PMS, NOON, place(1), TIMES)
    later = NOON + timedelta(minutes=TIMES.long_panes)
    window = with_outcome(window, DEAD, Target.QUICKBOOKS, later, place(2), TIMES)
    assert (window.count(DEAD, Target.PMS), window.count(DEAD, Target.QUICKBOOKS)) == (0, 1)


def silence(since: datetime | None, *, at_minute: float = 0, good_for: float = 45) -> UpstreamSilence:
    stated_at = NOON + timedelta(minutes=at_minute)
    return UpstreamSilence(
        practice_id="p1",
        target=Target.PMS,
        silent_since=since,
        stated_at=stated_at,
        expires_at=stated_at + timedelta(minutes=good_for),
    )


def state_at(window: TargetWindow, minutes: float) -> tuple[HealthState, datetime]:
    at = NOON + timedelta(minutes=minutes)
    (target,) = statement_of("p1", {Target.PMS: window}, OutcomeWindow(), at, TIMES).targets
    return target.state, target.since


def test_silence_is_stated_of_what_is_well_until_it_is_over_or_expires() -> None:
    since = NOON - timedelta(hours=1)
    well = with_heartbeat(TargetWindow(), beat(0, ANSWERED=5), TIMES)
    for window in (TargetWindow(), well):
        silent = with_silence(window, silence(since))
        assert state_at(silent, 10) == (HealthState.SILENT, since)
        assert state_at(silent, 46)[0] is HealthState.HEALTHY, "three are missing: nobody knows"
        assert state_at(with_silence(silent, silence(None, at_minute=5)), 10)[0] is HealthState.HEALTHY
        assert with_silence(silent, silence(None, at_minute=-5)) is silent, "what is older changes nothing"
        assert with_silence(silent, silence(since)) is silent


def test_what_fails_is_stated_before_silence() -> None:
    """A system that is off needs its people more; and while it is measured the silence is kept."""
    silent = with_silence(TargetWindow(), silence(NOON - timedelta(hours=1)))
    failing = with_heartbeat(silent, beat(0, UNREACHABLE=5), TIMES)
    assert state_at(failing, 1)[0] is HealthState.OFFLINE
    later = with_heartbeat(failing, beat(40, ANSWERED=5), TIMES)
    assert state_at(later, 44)[0] is HealthState.SILENT

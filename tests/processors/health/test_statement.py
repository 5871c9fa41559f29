"""What is published of a practice: states of its targets, counts of its outcomes, and how long it is good for."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from processors.health.outcome_window import DEAD, POSTED, REFUSED, OutcomeWindow, Place, with_outcome
from processors.health.statement import differs, statement_of
from processors.health.target_window import TargetWindow, with_heartbeat
from schemas.health_codec import decode_practice_health, encode_practice_health
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

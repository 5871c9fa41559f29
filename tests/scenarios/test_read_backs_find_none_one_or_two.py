"""Scenario 44 and law 19: what a read-back finds decides, and absence takes time."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from streams.fault_injection import Control, CrashPoint
from tests.scenarios import invariants
from tests.scenarios.attempts import answers, column, company_fault, office_fault, sent
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline

TRIES = 5


@pytest.mark.stack
def test_none_is_sent_again_one_is_posted_two_are_for_a_person(pipeline: Pipeline) -> None:
    """Killed before the answer was kept: absent → sent again, found → POSTED, found twice → a person is notified."""
    none, one, two = (
        pipeline.practice(name, quickbooks=True, amount=AmountMode.GROSS) for name in ("none", "one", "two")
    )
    for practice, kind, effect in (
        (none, FaultKind.DROP, Effect.NONE),
        (one, FaultKind.DROP, Effect.BEFORE),
        (two, FaultKind.DUPLICATE, Effect.BEFORE),
    ):
        office_fault(pipeline, practice, kind, effect, times=1)
        company_fault(pipeline, practice, kind, effect, times=1)
    pipeline.start("rules", "intake", "relay", "notifier")
    # The double's answer would be believed; it is lost with its poster. One call each: none else is under way then.
    for event in (payment(two), payout(two)):
        pipeline.send(event)
        pipeline.start("poster", test_crash_at=CrashPoint.POSTER_AFTER_ANSWER.value).until_dead()
    pipeline.start("poster")
    pipeline.send(payment(none), payout(none), payment(one), payout(one))
    pipeline.until_states(POSTED=4, DEAD_LETTERED=2)
    assert column(pipeline, "reason", two) == ["FOUND_TWICE", "FOUND_TWICE"]
    assert {practice: len(sent(pipeline, practice)) for practice in (none, one)} == {none: 4, one: 2}
    pipeline.invariants()


def _begun(pipeline: Pipeline, **poster: Any) -> str:
    practice = pipeline.practice(amount=AmountMode.GROSS)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", **poster)
    return practice


def _seen_late(pipeline: Pipeline, practice: str, hidden_s: float, nth: int = 1) -> None:
    """A payment that the office has, whose answer is lost, and which reads do not show at first."""
    office_fault(pipeline, practice, FaultKind.DROP, Effect.BEFORE, times=1, hidden_s=hidden_s)
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=nth)


@pytest.mark.stack
def test_an_entry_that_reads_show_late_is_not_sent_again(pipeline: Pipeline) -> None:
    """Not found before `settle_until` proves nothing: it is looked for again, found, and was sent once."""
    practice = _begun(pipeline)
    looks = nth = 0
    while looks == nth < TRIES:  # a machine that stands still looks for the first time when it can be seen
        nth += 1
        _seen_late(pipeline, practice, 2.0, nth)
        looks = sum(each[2] == "readback" for each in answers(pipeline, practice))
    assert looks > nth, "looked for before it could be seen"
    assert len(sent(pipeline, practice)) == nth
    pipeline.invariants()


@pytest.mark.stack
def test_control_without_the_settle_time_it_doubles(pipeline: Pipeline) -> None:
    """The control of law 19: the first 'not there' is believed, and I2 breaks."""
    practice = _begun(pipeline, test_controls=Control.SETTLE_TIME.value)
    _seen_late(pipeline, practice, 30.0)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(pipeline.doubled())

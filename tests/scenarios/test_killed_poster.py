"""Scenarios 30 to 33, 36: SIGKILL of the poster between any two steps of the protocol."""

from __future__ import annotations

import pytest

from streams.fault_injection import CrashPoint
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline

POINTS = (
    CrashPoint.POSTER_AFTER_CLAIM,
    CrashPoint.POSTER_BEFORE_MARK,
    CrashPoint.POSTER_AFTER_MARK,
    CrashPoint.POSTER_BEFORE_SEND,
    CrashPoint.POSTER_AFTER_SEND,
    CrashPoint.POSTER_AFTER_ANSWER,
    CrashPoint.POSTER_AFTER_CONFIRM,
)


@pytest.mark.stack
@pytest.mark.parametrize("point", POINTS, ids=lambda point: str(point.value))
def test_a_second_poster_finishes_and_doubles_nothing(pipeline: Pipeline, point: CrashPoint) -> None:
    """Whatever instant the poster dies at, each entry ends POSTED and stands once at both targets (laws 16 to 20)."""
    practice = pipeline.practice(quickbooks=True)
    pipeline.start("rules", "intake", "relay", "notifier")
    first = pipeline.start("poster", test_crash_at=f"{point.value}:2")
    pipeline.send(*(payment(practice, f"pt-{n % 3 + 1}", 1_000 + n, 60) for n in range(6)), payout(practice))
    first.until_dead()
    pipeline.start("poster")
    pipeline.until_states(POSTED=13)
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_a_poster_killed_before_it_stores_a_new_token_leaves_the_connection_usable(pipeline: Pipeline) -> None:
    """Dead between the token service's answer and our commit: the stored refresh token still counts (P-12, S-2).

    The vendor changes its value about once a day, so what the dead poster received is nearly always what is stored.
    """
    practice = pipeline.practice(pms=False, quickbooks=True)
    pipeline.start("rules", "intake", "relay", "notifier")
    first = pipeline.start("poster", test_crash_at=CrashPoint.POSTER_TOKEN_ANSWERED.value)
    pipeline.send(payout(practice))
    first.until_dead()
    pipeline.start("poster")
    pipeline.until_states(POSTED=1)
    assert pipeline.rows("SELECT 1 FROM connections WHERE closed_reason IS NOT NULL") == []
    pipeline.invariants()


@pytest.mark.stack
def test_a_poster_killed_in_a_read_back_is_followed_by_one_that_reads_again(pipeline: Pipeline) -> None:
    """Scenario 36: dead in the middle of a read-back: the next poster reads back again, and sends nothing twice."""
    practice = pipeline.practice()
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", test_crash_at=CrashPoint.POSTER_AFTER_SEND.value)
    pipeline.send(payment(practice), payment(practice, "pt-2"))
    pipeline.running("poster").until_dead()
    second = pipeline.start("poster", test_crash_at=CrashPoint.POSTER_IN_READ_BACK.value)
    second.until_dead()
    pipeline.start("poster")
    pipeline.until_states(POSTED=4)
    pipeline.invariants()

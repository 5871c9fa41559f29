"""Scenarios 31 and 32 on the QuickBooks route, and law 16's control on the route that knows no request ids."""

from __future__ import annotations

import pytest

from schemas.practice_settings import AmountMode
from streams.fault_injection import Control, CrashPoint
from tests.scenarios import invariants
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline

POINTS = (CrashPoint.POSTER_AFTER_MARK, CrashPoint.POSTER_BEFORE_SEND, CrashPoint.POSTER_AFTER_SEND)


@pytest.mark.stack
@pytest.mark.parametrize("point", POINTS, ids=lambda point: str(point.value))
def test_the_next_poster_finds_or_sends_each_deposit_once(pipeline: Pipeline, point: CrashPoint) -> None:
    """Killed after the mark, before the first byte, or with the request out: each payout stands once in the end."""
    practice = pipeline.practice(pms=False, quickbooks=True)
    pipeline.start("rules", "intake", "relay", "notifier")
    first = pipeline.start("poster", test_crash_at=point.value)
    pipeline.send(*(payout(practice, ((4_000 + n, 120),)) for n in range(3)))
    first.until_dead()
    pipeline.start("poster")
    pipeline.until_states(POSTED=3)
    _, realm = pipeline.accounts[practice]
    assert len(pipeline.sandbox.quickbooks.company(realm).deposits()) == 3
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_control_without_the_mark_a_kill_after_the_send_doubles(pipeline: Pipeline) -> None:
    """The control of law 16: nothing says that a call was on its way, so it is made again, and I2 breaks."""
    practice = pipeline.practice(amount=AmountMode.GROSS)
    pipeline.start("rules", "intake", "relay", "notifier")
    first = pipeline.start(
        "poster", test_crash_at=CrashPoint.POSTER_AFTER_ANSWER.value, test_controls=Control.MARK.value
    )
    pipeline.send(payment(practice))
    first.until_dead()
    pipeline.start("poster")
    pipeline.until_states(POSTED=1)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(pipeline.doubled())

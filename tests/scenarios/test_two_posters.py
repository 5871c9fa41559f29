"""Scenario 59, laws 17, 20, 21: two posters at once, frozen at any instant."""

from __future__ import annotations

import random
import threading

import pytest

from schemas.practice_settings import AmountMode
from streams.fault_injection import Control, CrashPoint
from tests.scenarios import invariants
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline

FREEZES = 8
LONGEST_PAUSE_S = 0.8
LONGEST_FREEZE_S = 6.5
"""Longer than a lease (5 s), so that gates change hands under a frozen owner."""
PAUSE = threading.Event()


@pytest.mark.stack
@pytest.mark.parametrize("seed", [3, 11])
def test_freezes_at_random_instants_double_nothing(pipeline: Pipeline, seed: int) -> None:
    """Whatever instant either of two posters stands still at, and for however long, every entry stands once."""
    chance = random.Random(seed)
    practices = [pipeline.practice(f"p{n}", quickbooks=True, amount=AmountMode.GROSS) for n in range(4)]
    pipeline.start("rules", "intake", "relay", "notifier")
    posters = [pipeline.start("poster"), pipeline.start("poster")]
    long_one = chance.randrange(FREEZES)
    for turn in range(FREEZES):
        payments = [
            payment(practice, f"pt-{n + 1}", 1_000 + 10 * turn + n, 40) for practice in practices for n in range(3)
        ]
        pipeline.send(*payments, *(payout(practice, ((3_000 + turn, 90),)) for practice in practices))
        PAUSE.wait(chance.uniform(0.0, LONGEST_PAUSE_S))
        poster = posters[turn % 2]
        poster.freeze()
        PAUSE.wait(LONGEST_FREEZE_S if turn == long_one else chance.uniform(0.01, 0.6))
        poster.thaw()
    pipeline.until_states(POSTED=4 * FREEZES * len(practices))
    pipeline.invariants(replay=seed == 3)


def _frozen_before_its_send(pipeline: Pipeline, **first: str) -> None:
    """The first poster stands still between its mark and its first byte until the second has posted the entry."""
    practice = pipeline.practice(amount=AmountMode.GROSS)
    pipeline.start("rules", "intake", "relay", "notifier")
    frozen = pipeline.start("poster", test_crash_at=f"{CrashPoint.POSTER_BEFORE_SEND.value}:stop", **first)
    pipeline.send(payment(practice))
    pipeline.until_states(SENDING=1)
    pipeline.start("poster")
    pipeline.until_states(POSTED=1)
    frozen.thaw()
    both = "SELECT 1 FROM attempts WHERE phase = 'post' HAVING count(DISTINCT epoch) > 1"
    pipeline.until(lambda: pipeline.rows(both), "the thawed poster's attempt is written down")


@pytest.mark.stack
def test_thawed_too_late_after_its_mark_a_poster_sends_nothing(pipeline: Pipeline) -> None:
    """Law 17: the first byte would leave too long after the mark, so nothing leaves; the entry stands once."""
    _frozen_before_its_send(pipeline)
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_control_without_the_late_check_it_doubles(pipeline: Pipeline) -> None:
    """The control of law 17: the thawed poster sends what another has posted, and I2 breaks."""
    _frozen_before_its_send(pipeline, test_controls=Control.LATE_CHECK.value)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(pipeline.doubled())

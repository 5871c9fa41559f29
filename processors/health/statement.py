"""Makes what is published of a practice out of what is kept of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from processors.health.outcome_window import DEAD, POSTED, REFUSED, OutcomeWindow
from processors.health.target_window import TargetWindow, last_window, standing_at
from schemas.practice_health import PracticeHealth, TargetHealth
from schemas.vocabulary import UNHEALTHY, Target
from streams.runtime.times import HealthTimes

MISSING: Final = 3
"""A state that was not repeated three times is not known any more (law 27)."""


def statement_of(
    practice_id: str,
    windows: Mapping[Target, TargetWindow],
    outcomes: OutcomeWindow,
    now: datetime,
    times: HealthTimes,
) -> PracticeHealth:
    """How each target of a practice stands at `now`."""
    targets = tuple(_target(target, window, outcomes, now, times) for target, window in sorted(windows.items()))
    repeat_s = times.repeat_s if any(each.state in UNHEALTHY for each in targets) else times.repeat_healthy_s
    return PracticeHealth(
        practice_id=practice_id,
        stated_at=now,
        expires_at=now + timedelta(seconds=MISSING * repeat_s),
        targets=targets,
        refused_records=outcomes.count(REFUSED),
    )


def differs(one: PracticeHealth | None, other: PracticeHealth) -> bool:
    """Whether a practice's state is news: counts alone are not."""
    if one is None:
        return True
    before = [(each.target, each.state, each.since) for each in one.targets]
    return before != [(each.target, each.state, each.since) for each in other.targets]


def _target(
    target: Target, window: TargetWindow, outcomes: OutcomeWindow, now: datetime, times: HealthTimes
) -> TargetHealth:
    level, last = standing_at(window, now, times), last_window(window, times)
    return TargetHealth(
        target=target,
        state=level.state,
        since=level.since or now,
        attempts=last.attempts,
        failed=last.failed,
        failure=last.failure,
        slow=last.slow,
        retries=last.retries,
        last_answered_at=level.answered_at,
        last_failed_at=level.failed_at,
        posted=outcomes.count(POSTED, target),
        dead=outcomes.count(DEAD, target),
    )

"""Heartbeats for tests: so many answers of each class at one time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from schemas.heartbeats import LONGER, AnswerCount, Heartbeat, LatencyCount
from schemas.vocabulary import AnswerClass, Target

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
_numbers = count(1)


def beat(
    minutes: float, *, slow: int = 0, name: str | None = None, of: Mapping[str, int] | None = None, **answers: int
) -> Heartbeat:
    """A heartbeat that ended so many minutes after noon; its last attempt was answered if any was."""
    ended_at = NOON + timedelta(minutes=minutes)
    classes = {AnswerClass(answer): n for answer, n in (answers | dict(of or {})).items()}
    total = sum(classes.values())
    failed = total - classes.get(AnswerClass.ANSWERED, 0)
    return Heartbeat(
        heartbeat_id=name or f"beat-{next(_numbers)}",
        practice_id="p1",
        target=Target.PMS,
        began_at=ended_at - timedelta(seconds=10),
        ended_at=ended_at,
        answers=tuple(AnswerCount(answer=each, count=n) for each, n in classes.items()),
        retries=failed,
        latencies=(LatencyCount(up_to_ms=100, count=total - slow), LatencyCount(up_to_ms=LONGER, count=slow)),
        last_answered_at=ended_at if classes.get(AnswerClass.ANSWERED) else None,
        last_failed_at=ended_at - timedelta(seconds=1) if failed else None,
    )

"""Counts what a poster's attempts come to, by practice and target, between two heartbeats. In memory, bounded."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from schemas.heartbeats import LATENCY_BOUNDS_MS, LONGER, AnswerCount, Heartbeat, LatencyCount
from schemas.vocabulary import AnswerClass, Target
from streams.runtime.metrics import HEARTBEATS

MOST_TARGETS: Final = 20_000
"""Practices' targets that are counted between two heartbeats: far more than one poster can call in that time, and a few
megabytes."""

_FOREGONE: Final = HEARTBEATS.labels("not_counted")


class _Tally:
    """The attempts at one practice's target since its last heartbeat."""

    __slots__ = ("answers", "began_at", "last_answered_at", "last_failed_at", "latencies", "retries")

    def __init__(self, began_at: datetime) -> None:
        self.began_at = began_at
        self.answers: Counter[AnswerClass] = Counter()
        self.latencies: Counter[int] = Counter()
        self.retries = 0
        self.last_answered_at: datetime | None = None
        self.last_failed_at: datetime | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Heartbeats:
    """The tallies of one poster process. Written by its loop; never blocks, never raises."""

    def __init__(self, me: str, now: Callable[[], datetime] = _now) -> None:
        """`me` names the process, unlike any other that ever ran."""
        self._me = me
        self._now = now
        self._numbers = itertools.count(1)
        self._tallies: dict[tuple[str, Target], _Tally] = {}

    def count(
        self, practice_id: str, target: str, answer: AnswerClass | None, seconds: float, *, retried: bool = False
    ) -> None:
        """One attempt has ended just now. `answer` None: it was none."""
        if answer is None:
            return
        now = self._now()
        key = (practice_id, Target(target))
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= MOST_TARGETS:
                _FOREGONE.inc()
                return
            tally = self._tallies[key] = _Tally(now)
        tally.answers[answer] += 1
        tally.latencies[_bucket(seconds)] += 1
        tally.retries += retried
        if answer is AnswerClass.ANSWERED:
            tally.last_answered_at = now
        else:
            tally.last_failed_at = now

    def take(self) -> list[Heartbeat]:
        """A heartbeat for each practice and target that had work since the last call, and none for the others."""
        tallies, self._tallies = self._tallies, {}
        ended_at = self._now()
        return [
            Heartbeat(
                heartbeat_id=f"{self._me}-{next(self._numbers)}",
                practice_id=practice_id,
                target=target,
                began_at=tally.began_at,
                ended_at=ended_at,
                answers=tuple(AnswerCount(answer=each, count=n) for each, n in tally.answers.items()),
                retries=tally.retries,
                latencies=tuple(LatencyCount(up_to_ms=each, count=n) for each, n in tally.latencies.items()),
                last_answered_at=tally.last_answered_at,
                last_failed_at=tally.last_failed_at,
            )
            for (practice_id, target), tally in tallies.items()
        ]


def _bucket(seconds: float) -> int:
    at = bisect_left(LATENCY_BOUNDS_MS, seconds * 1000)
    return LATENCY_BOUNDS_MS[at] if at < len(LATENCY_BOUNDS_MS) else LONGER

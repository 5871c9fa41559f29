"""Chooses which practices' states are published now: what is news at once, the rest again and again (law 27)."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from processors.health.statement import differs
from processors.health.target_window import TargetWindow, settles_at
from schemas.practice_health import PracticeHealth
from schemas.vocabulary import UNHEALTHY, HealthState, Target
from streams.runtime.times import HealthTimes

ROUND: Final = 1_000
"""Practices that are judged in one round: about 100 ms between two turns of the loop."""
_SPREAD: Final = random.SystemRandom()

Windows = Mapping[Target, TargetWindow]


class _Stated(msgspec.Struct, frozen=True):
    """What was last published of a practice, and when that is due again."""

    health: PracticeHealth
    again_at: datetime


class Stating:
    """The practices of one process. No I/O: it is given what is kept, and says what to publish."""

    def __init__(
        self,
        times: HealthTimes,
        windows_of: Callable[[str], Windows],
        state: Callable[[str, Windows, datetime], PracticeHealth],
    ) -> None:
        """`windows_of` a practice: of the targets that are this process's; `state` makes the statement of them."""
        self._times = times
        self._windows_of = windows_of
        self._state = state
        self._stated: dict[str, _Stated] = {}
        self._due: list[tuple[datetime, str]] = []
        self._next: dict[str, datetime] = {}
        self._touched: set[str] = set()

    def touch(self, practice_id: str) -> None:
        """Something was learned of it."""
        self._touched.add(practice_id)

    def begin(self, practices: Iterable[str], now: datetime) -> None:
        """These, and no others, are this process's now: each is judged soon."""
        mine = set(practices)
        self._stated = {each: stated for each, stated in self._stated.items() if each in mine}
        self._next = {}
        self._due = []
        for practice_id in mine:
            self._look_again(practice_id, now)

    def due(self, now: datetime) -> list[tuple[PracticeHealth, str]]:
        """What is to be published now and why: `changed` or `repeated`. At most ROUND are judged; the others follow in
        the next round."""
        found = []
        for practice_id in self._chosen(now):
            windows = self._windows_of(practice_id)
            if not windows:
                self._stated.pop(practice_id, None)
                continue
            health = self._state(practice_id, windows, now)
            before = self._stated.get(practice_id)
            changed = differs(None if before is None else before.health, health)
            if changed or before is None or now >= before.again_at:
                found.append((health, "changed" if changed else "repeated"))
                again_at = now
            else:
                again_at = before.again_at
            self._look_again(practice_id, self._look_at(windows, now, again_at))
        return found

    def published(self, health: PracticeHealth, now: datetime) -> None:
        """The broker has it: it is due again after its time, jittered so that not all are due at once."""
        again_at = now + timedelta(seconds=self._repeat_s(health) * _SPREAD.uniform(0.8, 1.0))
        self._stated[health.practice_id] = _Stated(health, again_at)
        self._look_again(health.practice_id, min(again_at, self._next.get(health.practice_id, again_at)))

    def counts(self) -> Counter[HealthState]:
        """Targets by the state that was last published."""
        return Counter(each.state for stated in self._stated.values() for each in stated.health.targets)

    def _chosen(self, now: datetime) -> Iterator[str]:
        for _ in range(min(ROUND, len(self._touched))):
            yield self._touched.pop()
        for _ in range(ROUND):
            if not self._due or self._due[0][0] > now:
                return
            at, practice_id = heapq.heappop(self._due)
            if self._next.get(practice_id) == at:
                yield practice_id

    def _look_at(self, windows: Windows, now: datetime, again_at: datetime) -> datetime:
        """While its windows still move it is judged with each pane; at rest only when it is to be repeated."""
        if any(settles_at(window, self._times) > now for window in windows.values()):
            moving = now + timedelta(seconds=self._times.pane_s / 2)
            return moving if again_at <= now else min(moving, again_at)
        return max(again_at, now + timedelta(seconds=self._times.look_s))

    def _look_again(self, practice_id: str, at: datetime) -> None:
        if self._next.get(practice_id) != at:
            self._next[practice_id] = at
            heapq.heappush(self._due, (at, practice_id))

    def _repeat_s(self, health: PracticeHealth) -> float:
        unhealthy = any(each.state in UNHEALTHY for each in health.targets)
        return self._times.repeat_s if unhealthy else self._times.repeat_healthy_s

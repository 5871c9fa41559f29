"""Processes that die and freeze at random, and are started again as a supervisor would."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from random import Random

import msgspec
import psutil

from tests.scenarios.roles import Role
from tests.soak.doubles import Freeze

LOOK_S = 0.1
MEMORY_EVERY_S = 2.0
AGAIN_S = 0.5
"""A process that has ended is started again after this, as by a supervisor in its first round."""
REFUSED = 2
"""Exit code of a role that a restart cannot help: no trouble of a soak may lead there."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the process in one place."""

    name: str
    start: Callable[[], Role]
    kills: bool = True
    """False: only frozen, so that its memory can be followed over the whole run."""
    freezes: bool = True
    every_s: tuple[float, float] = (1.0, 20.0)
    frozen_s: tuple[float, float] = (0.2, 12.0)


class Place:
    """One process after another in the same place."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.role = plan.start()
        self.frozen_at_ns = 0
        self.ended_at: float | None = None

    def thaw(self) -> Freeze | None:
        if not self.frozen_at_ns:
            return None
        freeze = Freeze(self.frozen_at_ns, time.time_ns())
        self.role.thaw()
        self.frozen_at_ns = 0
        return freeze


class Troubles:
    """One thread, the main one, calls everything."""

    def __init__(self, plans: list[Plan], chance: Random) -> None:
        self.places = [Place(plan) for plan in plans]
        self._chance = chance
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._memory_at = 0.0
        self.freezes: dict[str, list[Freeze]] = defaultdict(list)
        self.done: Counter[str] = Counter()
        self.exits: Counter[str] = Counter()
        self.memory: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
        """Resident bytes by age in seconds, of each process that ran."""
        for place in self.places:
            if place.plan.kills or place.plan.freezes:
                self._later(place.plan.every_s, lambda place=place: self._trouble(place))  # type: ignore[misc]

    def repeat(self, every_s: tuple[float, float], action: Callable[[], None]) -> None:
        """Another trouble, again and again: `action` may block."""

        def again() -> None:
            action()
            self._later(every_s, again)

        self._later(every_s, again)

    def run(self, until: Callable[[], bool]) -> None:
        """Kills and freezes until stopped; a role that refuses to go on ends the test."""
        wait = threading.Event()
        while not until():
            self.look()
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()
            wait.wait(LOOK_S)

    def calm(self) -> None:
        """No more trouble: everything is thawed and runs."""
        self._due.clear()
        for place in self.places:
            self._thaw(place)

    def look(self) -> None:
        """Start again what has ended, and measure."""
        for place in self.places:
            if place.role.running:
                continue
            now = time.monotonic()
            if place.ended_at is None:
                place.ended_at = now
                self._thaw(place)
                code = place.role.process.wait()
                self.exits[f"{place.plan.name}:{code}"] += 1
                if code == REFUSED:
                    raise AssertionError(f"{place.plan.name} refuses to go on:\n{place.role.text()[-3000:]}")
            elif now >= place.ended_at + AGAIN_S:
                place.ended_at = None
                place.role = place.plan.start()
        if time.monotonic() >= self._memory_at:
            self._memory_at = time.monotonic() + MEMORY_EVERY_S
            self._measure()

    def _measure(self) -> None:
        for place in self.places:
            try:
                process = psutil.Process(place.role.process.pid)
                age, bytes_ = time.time() - process.create_time(), process.memory_info().rss
            except psutil.Error:
                continue
            self.memory[(place.plan.name, process.pid)].append((age, bytes_))

    def _trouble(self, place: Place) -> None:
        plan = place.plan
        if place.role.running and not place.frozen_at_ns:
            if plan.kills and (not plan.freezes or self._chance.random() < 0.5):
                place.role.kill()
                self.done[f"kill {plan.name}"] += 1
            elif plan.freezes:
                place.frozen_at_ns = time.time_ns()
                place.role.freeze()
                self.done[f"freeze {plan.name}"] += 1
                self._later(plan.frozen_s, lambda: self._thaw(place))
        self._later(plan.every_s, lambda: self._trouble(place))

    def _thaw(self, place: Place) -> None:
        freeze = place.thaw()
        if freeze is not None:
            self.freezes[place.plan.name].append(freeze)

    def _later(self, within: tuple[float, float], action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (time.monotonic() + self._chance.uniform(*within), self._count, action))


GROWTH_AFTER_S = 45.0
"""Younger processes still load modules, plans and their first batches."""
GROWTH_MB = 40.0
"""Of one process from then to its end: caches that fill up, not what grows with each event."""


def growth(memory: dict[tuple[str, int], list[tuple[float, int]]]) -> dict[str, tuple[int, float, float]]:
    """By name, of its longest-lived process: seconds followed, MB at its end, MB more than at GROWTH_AFTER_S."""
    found: dict[str, tuple[int, float, float]] = {}
    for (name, _), samples in memory.items():
        grown = [(age, bytes_ / 2**20) for age, bytes_ in samples if age >= GROWTH_AFTER_S]
        if len(grown) < 5:
            continue
        seconds = int(grown[-1][0] - grown[0][0])
        if seconds > found.get(name, (0, 0.0, 0.0))[0]:
            # Medians of the first and last fifth: one large batch is no trend.
            fifth = max(1, len(grown) // 5)
            first = sorted(mb for _, mb in grown[:fifth])[fifth // 2]
            last = sorted(mb for _, mb in grown[-fifth:])[fifth // 2]
            found[name] = (seconds, round(last, 1), round(last - first, 1))
    return found

"""A held gate and what is planned in it: lanes in order, one entry of a lane at a time (laws 21 and 23). No I/O."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from schemas.vocabulary import READY, State
from sinks.poster.allocate_payment import WITH_ORIGIN
from sinks.poster.connection_leases import Door
from sinks.poster.planned_call import GateKey, SecondLook, Work

ITEMS_PER_TURN: Final = 500
"""K of law 21: then the gate goes to the back of the queue."""
FIRST_PLAN: Final = 16
LARGEST_PLAN: Final = 500
"""Entries read at once: few at first, since most gates have few; four times as many after each plan that was full."""


class Turn:
    """One ownership of a gate. Written by the poster's loop only."""

    def __init__(self, gate: GateKey, epoch: int, door: Door) -> None:
        self.gate = gate
        self.epoch = epoch
        self.door = door
        self.began = time.monotonic()
        self.in_flight = 0
        self.started = 0
        self.moved = False
        """Something was started or changed; a turn that moved nothing is not taken again at once."""
        self.lost = False
        self.needs_plan = True
        self.rests_until: datetime | None = None
        """The end of the blackout that its last plan met (T-8)."""
        self.over_since = 0.0
        self.looks: list[Work] = []
        """Heads that are read back before any send; they become UNCERTAIN first (law 4)."""
        self.second_looks: deque[SecondLook] = deque()
        self.second_looks_due = False
        """Some are due and not loaded yet."""
        self._ready: deque[Work] = deque()
        self._reads: deque[Work] = deque()
        self._followers: dict[str, deque[Work]] = {}
        self._dependents: dict[int, tuple[Work, ...]] = {}
        self._posted: set[int] = set()
        self._busy: set[str] = set()
        self._taken: set[int] = set()
        """Entries that are being marked, called or confirmed: a plan that was read meanwhile shows them as ready."""
        self._started_at_plan = -1
        self._plan_size = FIRST_PLAN

    def load(self, plan: Sequence[Work]) -> None:
        """Take over a fresh plan; lanes whose entry is in flight here go on only after its confirmation."""
        # A full plan is followed by another, unless nothing of the last one could be started.
        self.needs_plan = len(plan) >= self.plan_size and self.started != self._started_at_plan
        self._started_at_plan = self.started
        if self.needs_plan:
            self._plan_size = min(4 * self._plan_size, LARGEST_PLAN)
        self._ready.clear()
        self._reads.clear()
        self._followers.clear()
        self.rests_until = None
        self.looks = []
        dependents: dict[int, list[Work]] = defaultdict(list)
        for work in plan:
            if work.effect_id in self._taken or work.effect_id in self._posted:
                continue
            if work.state not in READY:
                if work.lane not in self._busy:
                    self._reads.append(work)
                continue
            if work.depends_on is not None and not work.origin_posted:
                dependents[work.depends_on].append(work)
            if work.look_first:
                # Where an entry of its lane is being marked or called, that one may be in doubt by now (law 23).
                if work.lane not in self._busy:
                    self.looks.append(work)
            elif work.lane in self._busy or work.lane in self._followers:
                self._followers.setdefault(work.lane, deque()).append(work)
            else:
                self._followers[work.lane] = deque()
                self._ready.append(work)
        self._dependents = {origin: tuple(found) for origin, found in dependents.items()}

    def take(self, most: int) -> list[Work]:
        """Up to `most` entries that may be marked now, oldest first."""
        taken: list[Work] = []
        while self._ready and len(taken) < most and self.started < ITEMS_PER_TURN:
            work = self._ready.popleft()
            if not self._origin_stands(work):
                self._drop(work.lane)
                continue
            if not work.origin_posted and work.entry_kind in WITH_ORIGIN:
                # Posted in this turn: the next plan brings along what its origin is called at the target.
                self._drop(work.lane)
                self.needs_plan = True
                continue
            self._occupy(work)
            self.started += 1
            taken.append(work)
        return taken

    def take_reads(self, most: int) -> list[Work]:
        """Up to `most` entries to read back now."""
        taken: list[Work] = []
        while self._reads and len(taken) < most:
            work = self._reads.popleft()
            self._occupy(work)
            taken.append(work)
        return taken

    def take_second_looks(self, most: int) -> list[SecondLook]:
        """Up to `most` entries that stand, to be looked for once more now. They hold no lane."""
        taken = [self.second_looks.popleft() for _ in range(min(max(most, 0), len(self.second_looks)))]
        self.in_flight += len(taken)
        return taken

    def rest(self, until: datetime) -> None:
        """Its practice posts nothing until then: what is planned is left to whoever owns the gate next (T-8)."""
        self.rests_until = until
        self.needs_plan = False
        self._ready.clear()
        self._followers.clear()

    def dependents_of(self, work: Work) -> tuple[Work, ...]:
        return self._dependents.get(work.effect_id, ())

    def ended(self, work: Work, state: State | None) -> None:
        """An entry came to rest in `state` (None: it was not marked). Only a posted one lets its lane go on."""
        self.in_flight -= 1
        self._busy.discard(work.lane)
        self._taken.discard(work.effect_id)
        if state is not State.POSTED:
            self._drop(work.lane)
            return
        self._posted.add(work.effect_id)
        followers = self._followers.get(work.lane)
        if followers:
            self._ready.append(followers.popleft())

    @property
    def plan_size(self) -> int:
        """How many the next plan may bring; what this turn cannot start any more is left to the next one."""
        return max(1, min(self._plan_size, ITEMS_PER_TURN - self.started))

    @property
    def planned(self) -> int:
        """Entries that wait for a free call."""
        return len(self._ready) + len(self._reads) + len(self.second_looks)

    @property
    def has_work(self) -> bool:
        return bool(self._ready or self._reads or self.looks or self.second_looks) and self.started < ITEMS_PER_TURN

    @property
    def wants_plan(self) -> bool:
        """A plan that is not worked off is fresh enough."""
        return self.needs_plan and not (
            self.lost or self.door.lost or self.door.closed or self.has_work or self.started >= ITEMS_PER_TURN
        )

    @property
    def over(self) -> bool:
        """Nothing in flight and nothing to start: the gate can be released."""
        if self.in_flight:
            return False
        if self.door.closed or self.door.lost or self.lost or self.started >= ITEMS_PER_TURN:
            return True
        return not self.has_work and not self.needs_plan

    def _occupy(self, work: Work) -> None:
        self._busy.add(work.lane)
        self._taken.add(work.effect_id)
        self.in_flight += 1

    def _origin_stands(self, work: Work) -> bool:
        return work.origin_posted or work.depends_on in self._posted

    def _drop(self, lane: str) -> None:
        self._followers.pop(lane, None)

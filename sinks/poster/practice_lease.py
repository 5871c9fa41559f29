"""The lease of a practice's gate, and what is planned under it: lanes in order, one entry of a lane at a time, and one
of a patient at the target, whose references may be several lanes.

No I/O. Laws 21 and 23.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import Final

from schemas.vocabulary import READY, State
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.planned_call import GateKey, PlannedCall, names_original
from streams.fault_injection import Control, disabled

CALLS_PER_LEASE: Final = 500
"""K of law 21: then the gate goes to the back of the queue."""
FIRST_PLAN: Final = 16
LARGEST_PLAN: Final = 500
"""Entries read at once: few at first, since most gates have few; four times as many after each plan that was full,
within the gate's share of what the process plans ahead."""


class PracticeLease:
    """One ownership of a gate, from its claim to its release. Written by the poster's loop only; never blocks."""

    def __init__(self, gate: GateKey, epoch: int, connection: ConnectionLease) -> None:
        self.gate = gate
        self.epoch = epoch
        self.connection = connection
        self.in_flight = 0
        self.widest = 0
        """The most that were in flight at once."""
        self.slow_calls = 0
        """Calls in flight that gave their slot up: it waits for those alone, and takes no place from others."""
        self.started = 0
        """Entries that were taken to be marked."""
        self.progressed = False
        """Something was started or changed; a gate in which nothing moved is not claimed again at once."""
        self.lost = False
        """It may have passed to another owner: nothing more is started under it."""
        self.needs_plan = True
        self.share = LARGEST_PLAN
        """The most entries that it may have planned: many gates plan less far ahead than one."""
        self._due_again: list[float] = []
        """When entries that were put off are due again, the soonest first, in seconds of the monotonic clock."""
        self.rests_until: datetime | None = None
        """The end of the blackout, or the hours of its target, that its last plan met (T-8, TIM-2)."""
        self.finished_at = 0.0
        """When it was first seen to be finished, in seconds of the monotonic clock; 0 before."""
        self.to_read_back_first: list[PlannedCall] = []
        """Heads of lanes that are read back before any send; they become UNCERTAIN first (law 4)."""
        self.duplicate_checks: deque[PlannedCall] = deque()
        """Entries that stand, to be read again for a duplicate. They hold no lane."""
        self.duplicate_checks_due = False
        """Some are due and not loaded yet."""
        self._ready: deque[PlannedCall] = deque()
        self._read_backs: deque[PlannedCall] = deque()
        self._followers: dict[str, deque[PlannedCall]] = {}
        self._dependents: dict[int, tuple[PlannedCall, ...]] = {}
        self._posted: set[int] = set()
        self._busy: set[str] = set()
        self._taken: dict[int, str | None] = {}
        """Entries that are being marked, called or confirmed, with their patient at the target: a plan that was read
        meanwhile shows them as ready."""
        self._patients: Counter[str] = Counter()
        """How many of those each patient has; who has none is not in it."""
        self._origins: dict[int, float] = {}
        """Entries whose original was read, and when, in seconds of the monotonic clock."""
        self._started_at_plan = -1
        self._more_waits = False
        """The last plan was full: more may wait behind it."""
        self._plan_size = FIRST_PLAN

    def load(self, plan: Sequence[PlannedCall]) -> None:
        """Take over a fresh plan; lanes whose entry is in flight here go on only after its confirmation."""
        # A full plan is followed at once by one that looks much further, for lanes that wait behind what it brought,
        # unless nothing of the last one could be started; else by one when a lane runs out of what was planned.
        size = self.plan_size
        self._more_waits = len(plan) >= size
        if self._more_waits:
            self._plan_size = min(4 * self._plan_size, LARGEST_PLAN)
        further = self._more_waits and self.plan_size >= 2 * size
        self.needs_plan = further and self.started != self._started_at_plan
        self._started_at_plan = self.started
        self._ready.clear()
        self._read_backs.clear()
        self._followers.clear()
        self.rests_until = None
        self.to_read_back_first = []
        dependents: dict[int, list[PlannedCall]] = defaultdict(list)
        for call in plan:
            if call.effect_id in self._taken or call.effect_id in self._posted:
                continue
            if call.state in READY and call.depends_on is not None and not call.origin_posted:
                dependents[call.depends_on].append(call)
            self._place(call)
        self._dependents = {origin: tuple(found) for origin, found in dependents.items()}

    def _place(self, call: PlannedCall) -> None:
        """Into its lane. Where an entry of that lane is being marked or called, that one may be in doubt by now, so
        nothing else of it is read back (law 23)."""
        if call.state not in READY:
            if call.lane not in self._busy:
                self._read_backs.append(call)
        elif call.look_first:
            if call.lane not in self._busy:
                self.to_read_back_first.append(call)
        elif call.lane in self._busy or call.lane in self._followers:
            self._followers.setdefault(call.lane, deque()).append(call)
        else:
            self._followers[call.lane] = deque()
            self._ready.append(call)

    def take(self, most: int) -> list[PlannedCall]:
        """Up to `most` entries that may be marked now, oldest first. One whose patient has another call under way, by
        another reference, stays where it is."""
        taken: list[PlannedCall] = []
        passed: list[PlannedCall] = []
        while self._ready and len(taken) < most and self.started < CALLS_PER_LEASE:
            call = self._ready.popleft()
            if self._patient_has_a_call(call):
                passed.append(call)
                continue
            if not (call.origin_posted or call.depends_on in self._posted):
                self._drop(call.lane)
                continue
            if not call.origin_posted and names_original(call):
                # Its origin was posted under this lease: the next plan brings what that is called at the target.
                self._drop(call.lane)
                self.needs_plan = True
                continue
            self._occupy(call)
            self.started += 1
            taken.append(call)
        self._ready.extendleft(reversed(passed))
        return taken

    def take_read_backs(self, most: int) -> list[PlannedCall]:
        """Up to `most` entries in doubt, to be read back now."""
        taken: list[PlannedCall] = []
        while self._read_backs and len(taken) < most:
            call = self._read_backs.popleft()
            self._occupy(call)
            taken.append(call)
        return taken

    def take_duplicate_checks(self, most: int) -> list[PlannedCall]:
        """Up to `most` entries that stand, to be read again for a duplicate now."""
        taken = [self.duplicate_checks.popleft() for _ in range(min(max(most, 0), len(self.duplicate_checks)))]
        self._begun(len(taken))
        return taken

    def end_duplicate_check(self) -> None:
        """A check that was taken has ended, whatever it found."""
        self.in_flight -= 1

    def rest(self, until: datetime) -> None:
        """Nothing is posted until then: what is planned is left to whoever owns the gate next (T-8)."""
        self.rests_until = until
        self.needs_plan = False
        self._ready.clear()
        self._followers.clear()

    def put_off(self, wait_s: float) -> None:
        """An entry is due again in so many seconds: then a plan is made, whatever the other lanes do meanwhile."""
        heappush(self._due_again, time.monotonic() + wait_s)

    def look_at_time(self, now: float) -> None:
        """Ask for a plan where an entry that was put off is due again. `now` in seconds of the monotonic clock."""
        while self._due_again and self._due_again[0] <= now:
            heappop(self._due_again)
            self.needs_plan = True

    def dependents_of(self, call: PlannedCall) -> tuple[PlannedCall, ...]:
        """What is planned to follow an entry once that is posted, and what follows that."""
        found: list[PlannedCall] = []
        following = [call]
        while following:
            direct = self._dependents.get(following.pop().effect_id, ())
            found += direct
            following += direct
        return tuple(found)

    def know_origin(self, call: PlannedCall) -> None:
        """What an entry takes back was just read, and stands (R-20)."""
        self._origins[call.effect_id] = time.monotonic()

    def origin_is_known(self, call: PlannedCall, fresh_s: float) -> bool:
        """Whether that was read under this lease, no longer ago."""
        read_at = self._origins.get(call.effect_id)
        return read_at is not None and time.monotonic() - read_at <= fresh_s

    def end(self, call: PlannedCall, state: State | None) -> None:
        """An entry that was taken is in `state` now (None: it was not marked, or its result is not stored). Only a
        posted one lets its lane go on."""
        self.in_flight -= 1
        self._busy.discard(call.lane)
        if (patient := self._taken.pop(call.effect_id, None)) is not None:
            self._patients[patient] -= 1
            if not self._patients[patient]:
                del self._patients[patient]
        if state is State.POSTED:
            self._posted.add(call.effect_id)
        else:
            self._drop(call.lane)
        followers = self._followers.get(call.lane)
        if followers:
            self._ready.append(followers.popleft())
        if self._more_waits and self.progressed and not followers:
            # Also while the last of a lane is called: what comes behind it is planned when that has ended.
            self.needs_plan = True

    @property
    def plan_size(self) -> int:
        """How many the next plan may bring; what this lease cannot start any more is left to the next one."""
        return max(1, min(self._plan_size, self.share, CALLS_PER_LEASE - self.started))

    @property
    def planned(self) -> int:
        """Entries that wait for a free call."""
        return len(self._ready) + len(self._read_backs) + len(self.duplicate_checks)

    @property
    def has_calls(self) -> bool:
        """Something planned can still be started."""
        waiting = self._ready or self._read_backs or self.to_read_back_first or self.duplicate_checks
        return bool(waiting) and self.started < CALLS_PER_LEASE

    @property
    def usable(self) -> bool:
        """Something may be started under it."""
        return not (self.lost or self.connection.lost or self.connection.closed or self.started >= CALLS_PER_LEASE)

    @property
    def wants_plan(self) -> bool:
        """A plan that is not used up is fresh enough."""
        return self.needs_plan and self.usable and not self.has_calls

    @property
    def finished(self) -> bool:
        """Nothing in flight and nothing to start: the gate can be released."""
        return not self.in_flight and not (self.usable and (self.has_calls or self.needs_plan))

    def _occupy(self, call: PlannedCall) -> None:
        self._busy.add(call.lane)
        patient = self._taken[call.effect_id] = call.pms_patient_id
        if patient is not None:
            self._patients[patient] += 1
        self._begun(1)

    def _patient_has_a_call(self, call: PlannedCall) -> bool:
        """What one entry reads of a patient's charges, another must not be paying meanwhile (law 18)."""
        return call.pms_patient_id in self._patients and not disabled(Control.ONE_CALL_A_PATIENT)

    def _begun(self, count: int) -> None:
        self.in_flight += count
        self.widest = max(self.widest, self.in_flight)

    def _drop(self, lane: str) -> None:
        self._followers.pop(lane, None)

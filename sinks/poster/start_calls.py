"""Starting calls: checked, marked together, each its own task (laws 16 and 17)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import psycopg

from schemas.vocabulary import ConnectionReason, Stage
from sinks.poster import counters
from sinks.poster.allocate_payment import needs_reading
from sinks.poster.balance_reads import Preparer
from sinks.poster.call import Caller, MarkStamp
from sinks.poster.closed_periods import going_along
from sinks.poster.confirmations import Confirmer
from sinks.poster.duplicate_check import SecondLooks
from sinks.poster.held_before_send import Unsent
from sinks.poster.leases import Holding
from sinks.poster.planned_call import Closing, Outcome, SecondLook, Work
from sinks.poster.practice_lease import Turn
from sinks.poster.pre_send_checks import Ready, Resting, check
from sinks.poster.statements import Ledger, Marking
from sinks.targets.catalogue import shortest_call
from sinks.targets.port import PaymentTarget
from streams.fault_injection import Control, disabled
from streams.runtime import metrics
from streams.runtime.logging import log
from streams.settings import ProgramSettings

SLOW_S: Final = 2.0
"""A call that takes longer (or a quarter of a shorter deadline) gives its place up: a target that hangs for its whole
deadline delays nobody else."""
MARKS_AT_ONCE: Final = 2
"""While one is on its way to the ledger, another gathers what became free: places do not wait for a commit."""
MOST_TIMES: Final = 16
"""Slow calls and quick ones together, in units of the places: memory and sockets have an end."""

_LOG: Final = log(__name__)

_Chosen = tuple[Work, Turn]
_Checked = tuple[Work, Turn, Ready]


class Starter:
    """The calls of one process, and how they begin."""

    def __init__(
        self,
        settings: ProgramSettings,
        ledger: Ledger,
        holding: Holding,
        confirmer: Confirmer,
        unsent: Unsent,
        preparer: Preparer,
        second_looks: SecondLooks,
        wake: Callable[[], None],
    ) -> None:
        self._places = settings.poster_calls
        self._times = settings.times
        self._slow_s = min(SLOW_S, shortest_call(settings).deadline_s / 4)
        self._ledger = ledger
        self._holding = holding
        self._confirmer = confirmer
        self._unsent = unsent
        self._preparer = preparer
        self._second_looks = second_looks
        self._wake = wake
        self._caller = Caller(settings.times)
        self._quick: dict[asyncio.Task[None], tuple[float, Turn]] = {}
        self._slow: dict[asyncio.Task[None], Turn] = {}
        self._marking: dict[asyncio.Task[None], int] = {}
        self._failed: BaseException | None = None

    @property
    def in_flight(self) -> int:
        return len(self._quick) + len(self._slow) + sum(self._marking.values())

    @property
    def stuck(self) -> int:
        """Turns that have a slow call."""
        return len({id(turn) for turn in self._slow.values()})

    async def start(self) -> None:
        """Read-backs first: what is in doubt holds its lane. Then only as many marks as calls start now (law 16).

        Marks run beside the loop, so that places that become free meanwhile do not wait for them. Raises the
        error of an earlier mark; what was not marked for certain is not started.
        """
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        if len(self._marking) >= MARKS_AT_ONCE:
            return
        free = self._free()
        chosen: list[_Chosen] = []
        for turn in list(self._holding.turns.values()):
            if free <= 0:
                break
            door = turn.door
            if turn.lost or door.closed or door.adapter is None or not turn.planned:
                continue
            for work in turn.take_reads(min(free, door.room())):
                free -= 1
                turn.moved = True
                door.reserve()
                self._call(turn, self._caller.read_back(work, door, door.adapter, turn.epoch))
            for look in turn.take_second_looks(min(free, door.room())):
                free -= 1
                turn.moved = True
                door.reserve()
                self._spawn(turn, self._looked_twice(look, turn, door.adapter))
            taken = turn.take(min(free, door.room()))
            for work in taken:
                door.reserve()
                chosen.append((work, turn))
            free -= len(taken)
        if chosen:
            task = asyncio.create_task(self._mark(chosen))
            self._marking[task] = len(chosen)
            task.add_done_callback(self._marked_off)

    def _marked_off(self, task: asyncio.Task[None]) -> None:
        """Runs after the task has started its calls: none of them is counted twice or left out."""
        del self._marking[task]
        self._failed = self._failed or (None if task.cancelled() else task.exception())
        self._wake()

    async def ended(self, within_s: float) -> None:
        """Wait for the calls in flight, those first that are being marked."""
        if self._marking:
            await asyncio.wait([*self._marking], timeout=within_s)
        calls = [*self._quick, *self._slow]
        if calls:
            await asyncio.wait(calls, timeout=within_s)

    def _free(self) -> int:
        now = time.monotonic()
        for task, (began, turn) in list(self._quick.items()):
            if now - began < self._slow_s:
                break
            del self._quick[task]
            self._slow[task] = turn
        free = self._places - len(self._quick) - sum(self._marking.values())
        return min(free, MOST_TIMES * self._places - self.in_flight)

    async def _mark(self, chosen: list[_Chosen]) -> None:
        ready, unsent = self._sorted(chosen)
        try:
            await self._begin(ready)
        finally:
            if unsent:
                await self._keep_back(unsent)

    async def _begin(self, ready: list[_Checked]) -> None:
        # Taken before the statement, so that the age of a mark is never thought too small (law 17).
        stamp = MarkStamp()
        marked = await self._marked(ready) if ready else {}
        for work, turn, request in ready:
            attempt = marked.get(work.key)
            adapter = turn.door.adapter
            if attempt is None or adapter is None:
                self._not_started(work, turn)
                continue
            turn.moved = True
            sent = msgspec.structs.replace(work, attempts=attempt, frozen=request.frozen)
            call = self._caller.post(sent, request, turn.door, adapter, turn.epoch, attempt, stamp)
            self._call(turn, call)

    def _sorted(self, chosen: list[_Chosen]) -> tuple[list[_Checked], list[_Chosen]]:
        """What can be marked, and what the check holds or refuses."""
        ready: list[_Checked] = []
        unsent: list[_Chosen] = []
        now = self._ledger.now()
        for work, turn in chosen:
            adapter: PaymentTarget | None = turn.door.adapter
            if adapter is None:
                self._not_started(work, turn)
                continue
            found = check(work, turn.dependents_of(work), adapter, self._times, now)
            if isinstance(found, Resting):
                turn.rest(found.until)
                self._not_started(work, turn)
            elif isinstance(found, Ready) and needs_reading(work, adapter.capabilities):
                self._spawn(turn, self._prepared(work, turn, adapter))
            elif isinstance(found, Ready):
                ready.append((work, turn, found))
            else:
                self._unsent.add(work, turn.door.key[0], found)
                for other in going_along(work, turn.dependents_of(work), found):
                    self._unsent.add(other, turn.door.key[0], found)
                turn.moved = True
                unsent.append((work, turn))
        return ready, unsent

    async def _keep_back(self, unsent: list[_Chosen]) -> None:
        """Stored before their lanes and gates are let go: whoever plans next finds them as they are now."""
        try:
            await self._unsent.store()
        finally:
            for work, turn in unsent:
                self._not_started(work, turn)

    async def _marked(self, ready: list[_Checked]) -> dict[tuple[str, int], int]:
        if disabled(Control.MARK):
            return {work.key: work.attempts + 1 for work, _, _ in ready}
        markings = [
            Marking(
                work=work,
                frozen=found.frozen,
                generation=found.entry.generation,
                request_id=found.entry.request_id,
                digest=hashlib.sha256(found.frozen.body).digest(),
            )
            for work, _, found in ready
        ]
        turns = list({turn.gate: turn for _, turn, _ in ready}.values())
        began = time.monotonic()
        try:
            marked = await self._mark_apart(markings, turns)
        except psycopg.Error:
            for work, turn, _ in ready:
                self._not_started(work, turn)
            raise
        metrics.MARK_SECONDS.observe(time.monotonic() - began)
        return marked

    async def _mark_apart(self, markings: list[Marking], turns: list[Turn]) -> dict[tuple[str, int], int]:
        """Marks together; where the lane index refuses one (law 23), the others are marked without it."""
        try:
            return await self._ledger.mark(markings, turns)
        except psycopg.errors.UniqueViolation:
            if len(markings) == 1:
                _LOG.warning("a lane had another entry in doubt", practice_id=markings[0].work.practice_id)
                return {}
        half = len(markings) // 2
        return await self._mark_apart(markings[:half], turns) | await self._mark_apart(markings[half:], turns)

    def _not_started(self, work: Work, turn: Turn) -> None:
        turn.ended(work, None)
        turn.door.ended()

    async def _prepared(self, work: Work, turn: Turn, adapter: PaymentTarget) -> None:
        """What an entry needs read before its first mark (law 18); then it is planned again, as it stands then."""
        door = turn.door
        try:
            self._holding.heard(door, await self._preparer.prepare(work, door, adapter, turn.epoch))
        except psycopg.Error as error:
            self._failed = self._failed or error
        except Exception as error:  # noqa: BLE001 - nothing was sent or stored; it is said, and not tried again at once
            _LOG.failure("an entry could not be prepared", error, effect_id=work.effect_id)
            self._holding.close(door, Closing(ConnectionReason.TARGET_DOWN))
        finally:
            counters.ended(door.target_name)
            self._not_started(work, turn)
            turn.moved = turn.needs_plan = True
            self._wake()

    async def _looked_twice(self, look: SecondLook, turn: Turn, adapter: PaymentTarget) -> None:
        """One read; whatever fails leaves it to be made again."""
        door = turn.door
        try:
            self._holding.heard(door, await self._second_looks.look(look, door, adapter, turn.epoch))
        except psycopg.Error as error:
            self._failed = self._failed or error
        finally:
            counters.ended(door.target_name)
            turn.in_flight -= 1
            door.ended()
            self._wake()

    def _call(self, turn: Turn, call: Coroutine[Any, Any, Outcome]) -> None:
        self._spawn(turn, self._watched(turn, call))

    def _spawn(self, turn: Turn, work: Coroutine[Any, Any, None]) -> None:
        turn.door.started()
        counters.started(turn.door.target_name)
        task = asyncio.create_task(work)
        self._quick[task] = (time.monotonic(), turn)
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._quick.pop(task, None)
        self._slow.pop(task, None)

    async def _watched(self, turn: Turn, call: Coroutine[Any, Any, Outcome]) -> None:
        outcome = await call
        door = turn.door
        door.ended()
        counters.ended(door.target_name)
        self._holding.judge(door, outcome)
        settle_s = door.times.settle_s if outcome.phase is Stage.POST else None
        self._confirmer.submit(outcome, settle_s, turn.lost)
        self._wake()

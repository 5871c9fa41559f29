"""The poster's one loop (protocol section 4): claim gates → settle marks → plan → mark and call → release.

Confirmations and lease renewals run beside it as tasks of their own; calls are tasks too. All state of turns and
doors is written in this loop's event loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Coroutine
from typing import Any, Final

import msgspec
import psycopg

from schemas.states import Stage, State
from sinks.poster import counting, limiting
from sinks.poster.adapters import Adapters
from sinks.poster.calling import Caller, MarkStamp
from sinks.poster.checking import Dead, Held, Ready, check
from sinks.poster.confirming import Confirmer
from sinks.poster.doors import Door, decoded_breaker, decoded_limiter
from sinks.poster.ledger import ClaimedGate, Ledger, Marking
from sinks.poster.turns import Turn
from sinks.poster.unsent import Unsent
from sinks.poster.work import Closing, DoorKey, GateKey, Outcome, Work
from sinks.routes import UnusableConnectionError, times_of_route
from streams import metrics
from streams.controls import Control
from streams.errors import Transient, category_of
from streams.logging import log
from streams.settings import ProgramSettings
from streams.telemetry import Health

GATHER_S: Final = 0.002
"""While calls end one after the other, freed slots are gathered this long, so that marks are made together."""
FEW: Final = 8
"""Fewer calls in flight than this are no crowd: nothing is gathered, a new entry starts at once."""
PLANNED_PER_CALL: Final = 8
"""Entries that are planned ahead for each call in flight."""
JUST_NOW_S: Final = 0.05
"""A limiter that opened this recently may have done so after the round looked."""
BARREN_PAUSE_S: Final = 1.0
"""A gate that had something due and let nothing start is not taken again before this (lease too short, settings
changed under the plan): its next owner looks again."""
RELEASE_AFTER_S: Final = 0.02
MANY: Final = 16
"""Gates that are done wait this long for others, or for this many, so that they are released together."""
RETRY_PAUSE_S: Final = 0.5
"""After the ledger could not be used."""

_LOG: Final = log(__name__)
_JITTER: Final = random.SystemRandom()


class Poster:
    """One poster process. `run` until stopped; the other public methods are called by its tasks."""

    def __init__(
        self,
        settings: ProgramSettings,
        ledger: Ledger,
        confirmer: Confirmer,
        adapters: Adapters,
        unsent: Unsent,
        health: Health,
    ) -> None:
        self._settings = settings
        self._times = settings.times
        self._ledger = ledger
        self._confirmer = confirmer
        self._adapters = adapters
        self._unsent = unsent
        self._health = health
        self._caller = Caller(settings.times, settings.controls)
        self._turns: dict[GateKey, Turn] = {}
        self._doors: dict[DoorKey, Door] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._closings: list[tuple[Door, Closing]] = []
        self._reopened: list[Door] = []
        self._releasing: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._claim_wanted = True
        self._claimed_at = 0.0

    # --- told by others -------------------------------------------------------------------------------------------

    def notified(self, practice_id: str) -> None:
        """Something became due; '*' = in several practices."""
        self._claim_wanted = True
        for (practice, _), turn in self._turns.items():
            if practice_id in (practice, "*"):
                turn.needs_plan = True
        self._wake.set()

    def confirmed(self, outcome: Outcome, stored: bool) -> None:
        """An outcome is committed, or was fenced: its lane may go on, or is held by the ledger."""
        turn = self._turns.get(outcome.work.gate)
        if turn is not None and turn.epoch == outcome.epoch:
            turn.ended(outcome.work, outcome.verdict.state if stored else None)
            if not stored:
                turn.lost = turn.lost or not outcome.verdict.positive
            elif outcome.verdict.wait.seconds == 0.0:
                turn.needs_plan = True
        self._wake.set()

    def stopped(self) -> None:
        """Wake the loop so that it sees the stop."""
        self._wake.set()

    # --- the loop -------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then 1. start nothing more, 2. let calls in flight end, 3. confirm, 4. release (section 5)."""
        while not stop.is_set():
            self._wake.clear()
            try:
                await self._round()
                self._health.ready(True)
            except psycopg.Error as error:
                await self._survive(error)
            self._health.beat()
            await self._pause()
        _LOG.info("stopping: calls in flight end first", count=len(self._calls))
        if self._calls:
            await asyncio.wait(self._calls, timeout=self._times.shutdown_grace_s)
        try:
            async with asyncio.timeout(self._times.shutdown_grace_s):
                await self._confirmer.drained()
                if self._releasing is not None:
                    await self._releasing
                await self._released([turn for turn in self._turns.values() if not turn.in_flight])
        except (TimeoutError, psycopg.Error) as error:
            # Nothing is lost: marks become UNCERTAIN with the next owner, leases end by themselves.
            _LOG.warning("stopped without the ledger", error=type(error).__name__, count=len(self._turns))

    async def keep_leases(self) -> None:
        """Renews each third of the shortest lease held, until cancelled."""
        while True:
            await asyncio.sleep(min((d.times.renew_s for d in self._doors.values()), default=1.0))
            turns, doors = list(self._turns.values()), list(self._doors.values())
            if not doors:
                continue
            epochs = [door.epoch for door in doors]
            try:
                mine, open_doors = await self._ledger.renew(turns, doors)
            except psycopg.Error as error:
                # Leases run on; the next try comes in a third. A mark asks the ledger for what is left of them.
                _LOG.warning("leases could not be renewed", error=type(error).__name__)
                continue
            for turn in turns:
                turn.lost = turn.lost or turn.gate not in mine
            for door, epoch in zip(doors, epochs, strict=True):
                door.lost = door.lost or (door.key not in open_doors and door.epoch == epoch)

    async def _round(self) -> None:
        await self._open_and_close()
        await self._claim()
        await self._plan()
        await self._start()
        self._release_over()

    async def _pause(self) -> None:
        """Until something happens; at most until the next look, or until a limiter lets a call start."""
        longest = self._times.claim_idle_s
        waits = [d.wait_s() for d in self._doors.values() if d.turns and d.limiter.next_start]
        soon = [wait_s for wait_s in waits if wait_s > -JUST_NOW_S]
        if soon:
            longest = min(longest, max(0.001, min(soon)))
        try:
            async with asyncio.timeout(longest):
                await self._wake.wait()
        except TimeoutError:
            return
        if len(self._calls) >= FEW:
            await asyncio.sleep(GATHER_S)

    async def _survive(self, error: psycopg.Error) -> None:
        """The ledger could not be used, or what was asked of it has an unknown outcome: what is held is given up.

        Marks of this process that were not answered become UNCERTAIN with the next owner, like those of a dead one.
        """
        if category_of(error) is not Transient:
            raise error
        metrics.DATABASE_RECONNECTS.labels("poster").inc()
        self._health.ready(False, "the ledger cannot be used")
        _LOG.warning("the ledger cannot be used; gates are given up", error=type(error).__name__)
        for turn in self._turns.values():
            turn.lost = True
        for turn in [turn for turn in self._turns.values() if not turn.in_flight]:
            self._forget(turn)
        await asyncio.sleep(RETRY_PAUSE_S)

    # --- claiming and planning ------------------------------------------------------------------------------------

    async def _claim(self) -> None:
        room = self._settings.poster_gates - len(self._turns)
        idle = time.monotonic() - self._claimed_at >= self._times.claim_idle_s
        if room <= 0 or not (self._claim_wanted or idle):
            return
        self._claim_wanted = False
        self._claimed_at = began = time.monotonic()
        claimed = await self._ledger.claim(room)
        metrics.CLAIM_SECONDS.observe(time.monotonic() - began)
        if not claimed:
            return
        self._claim_wanted = len(claimed) >= room
        fresh = [self._turn_of(gate) for gate in claimed]
        for practice_id, effect_id, target in await self._ledger.settle_marks(fresh):
            counting.moved(target, State.SENDING.value, State.UNCERTAIN.value)
            _LOG.info("an earlier owner's mark is in doubt", practice_id=practice_id, effect_id=effect_id)
        for door in {turn.door.key: turn.door for turn in fresh}.values():
            await self._open(door)
        metrics.GATES_OWNED.set(len(self._turns))

    def _turn_of(self, gate: ClaimedGate) -> Turn:
        key = (gate.home_practice_id, gate.connection_id)
        door = self._doors.get(key)
        if door is not None and not door.lost:
            door.epoch = gate.door_epoch
        else:
            door = self._doors[key] = Door(
                key,
                epoch=gate.door_epoch,
                route=gate.route,
                target_name=gate.target,
                changed_at=gate.changed_at,
                times=times_of_route(gate.route, self._settings),
                limiter=decoded_limiter(gate.limiter),
                breaker=decoded_breaker(gate.breaker),
            )
        if door.changed_at != gate.changed_at:
            door.changed_at, door.adapter = gate.changed_at, None
        turn = Turn((gate.practice_id, gate.connection_id), gate.epoch, door)
        self._turns[turn.gate] = turn
        door.turns += 1
        return turn

    async def _open(self, door: Door) -> None:
        if door.adapter is not None:
            return
        try:
            await self._adapters.give(door, set(self._doors))
        except UnusableConnectionError as error:
            _LOG.warning("a connection cannot be used", connection_id=door.key[1], code=error.code)
            self._close(door, Closing(error.reason))

    async def _plan(self) -> None:
        wanting = [t for t in self._turns.values() if t.needs_plan and not (t.over or t.lost or t.door.closed)]
        # A plan that is not worked off is fresh enough; a turn with entries to start is planned when they are started.
        wanting = [t for t in wanting if not t.has_work and not t.door.lost]
        # Oldest first, and no more than calls can soon start for: a plan costs, and it grows old.
        room = PLANNED_PER_CALL * self._settings.poster_calls - sum(t.planned for t in self._turns.values())
        chosen: list[Turn] = []
        for turn in wanting:
            if room <= 0:
                break
            chosen.append(turn)
            room -= turn.plan_size
        wanting = chosen
        if not wanting:
            return
        for turn in wanting:
            turn.needs_plan = False
        for gate, plan in (await self._ledger.plan(wanting)).items():
            self._turns[gate].load(plan)
        looks = [(work, turn) for turn in wanting for work in turn.looks]
        if looks:
            await self._ledger.look_first(looks)
            for _, turn in looks:
                turn.looks, turn.needs_plan, turn.moved = [], True, True
            self._wake.set()

    # --- starting calls -------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        """Read-backs first: what is in doubt holds its lane. Then only as many marks as calls start now (law 16)."""
        free = self._settings.poster_calls - len(self._calls)
        chosen: list[tuple[Work, Turn]] = []
        for turn in list(self._turns.values()):
            if free <= 0:
                break
            if turn.lost or turn.door.closed:
                continue
            for work in turn.take_reads(min(free, turn.door.room())):
                free -= 1
                turn.moved = True
                self._call(turn, self._read(work, turn))
            taken = turn.take(min(free, turn.door.room()))
            for _ in taken:
                turn.door.started()
            free -= len(taken)
            chosen += [(work, turn) for work in taken]
        if chosen:
            await self._mark(chosen)

    async def _mark(self, chosen: list[tuple[Work, Turn]]) -> None:
        ready: dict[tuple[str, int], tuple[Work, Turn, Ready]] = {}
        for work, turn in chosen:
            found = self._check(work, turn)
            if isinstance(found, Ready):
                ready[work.key] = (work, turn, found)
            else:
                self._not_started(work, turn)
                self._unsent.add(work, turn.door.key[0], found)
                turn.moved = True
        marked = await self._marked(ready) if ready else {}
        stamp = marked.pop("stamp", None)
        for key, (work, turn, found) in ready.items():
            attempt = marked.get(key)
            if attempt is None or not isinstance(stamp, MarkStamp):
                self._not_started(work, turn)
                continue
            turn.moved = True
            self._call(turn, self._post(work, turn, found, attempt, stamp), started=True)
        if self._unsent.waiting:
            await self._unsent.store()

    async def _marked(self, ready: dict[tuple[str, int], tuple[Work, Turn, Ready]]) -> dict[Any, Any]:
        markings = [
            Marking(
                work=work,
                frozen=found.frozen,
                generation=found.entry.generation,
                request_id=found.entry.request_id,
                digest=hashlib.sha256(found.frozen.body).digest(),
            )
            for work, _, found in ready.values()
        ]
        turns = list({turn.gate: turn for _, turn, _ in ready.values()}.values())
        # Taken before the statement, so that the age of a mark is never thought too small (law 17).
        stamp = MarkStamp()
        began = time.monotonic()
        if self._settings.controls.off(Control.MARK):
            return {key: work.attempts + 1 for key, (work, _, _) in ready.items()} | {"stamp": stamp}
        try:
            marked: dict[Any, Any] = dict(await self._mark_apart(markings, turns))
        except psycopg.Error:
            for work, turn, _ in ready.values():
                self._not_started(work, turn)
            raise
        metrics.MARK_SECONDS.observe(time.monotonic() - began)
        return marked | {"stamp": stamp}

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

    def _check(self, work: Work, turn: Turn) -> Ready | Held | Dead:
        if turn.door.adapter is None:
            return Held(State.PAUSED)
        return check(work, turn.dependents_of(work), turn.door.adapter, self._times)

    def _not_started(self, work: Work, turn: Turn) -> None:
        turn.ended(work, None)
        turn.door.ended()

    def _call(self, turn: Turn, call: Coroutine[Any, Any, Outcome], started: bool = False) -> None:
        if not started:
            turn.door.started()
        task = asyncio.create_task(self._watched(turn, call))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        metrics.CALLS_IN_FLIGHT.labels(turn.door.target_name).set(len(self._calls))

    async def _watched(self, turn: Turn, call: Coroutine[Any, Any, Outcome]) -> None:
        outcome = await call
        door = turn.door
        door.ended()
        self._judge_connection(door, outcome)
        settle_s = door.times.settle_s if outcome.phase is Stage.POST else None
        self._confirmer.submit(outcome, settle_s, turn.lost)
        self._wake.set()

    async def _post(self, work: Work, turn: Turn, found: Ready, attempt: int, stamp: MarkStamp) -> Outcome:
        marked = msgspec.structs.replace(work, attempts=attempt, frozen=found.frozen)
        return await self._caller.post(marked, found, turn.door, turn.epoch, attempt, stamp)

    async def _read(self, work: Work, turn: Turn) -> Outcome:
        return await self._caller.read_back(work, turn.door, turn.epoch)

    # --- connections ----------------------------------------------------------------------------------------------

    def _judge_connection(self, door: Door, outcome: Outcome) -> None:
        verdict = outcome.verdict
        if verdict.closes is not None:
            self._close(door, verdict.closes)
        elif verdict.suspicious:
            door.breaker, closing = limiting.suspect(door.breaker)
            if closing is not None:
                self._close(door, closing)
        elif not verdict.gives_back and door.answered():
            self._reopened.append(door)

    def _close(self, door: Door, closing: Closing) -> None:
        if not door.closed:
            door.closed = True
            self._closings.append((door, closing))

    async def _open_and_close(self) -> None:
        while self._reopened:
            await self._ledger.open_door(self._reopened.pop())
            metrics.GATES_CLOSED.clear()
        while self._closings:
            door, closing = self._closings[-1]
            breaker, wait_s = limiting.close(door.breaker, closing, self._times, _JITTER.random())
            door.breaker = breaker
            await self._ledger.close_door(door, closing.reason.value, wait_s)
            self._closings.pop()
            metrics.GATES_CLOSED.labels(door.target_name, closing.reason.value).set(1)
            _LOG.warning(
                "a connection is closed for a while",
                connection_id=door.key[1],
                target=door.target_name,
                reason=closing.reason.value,
                seconds=round(wait_s, 1),
            )

    # --- releasing ------------------------------------------------------------------------------------------------

    def _release_over(self) -> None:
        """Gates that are done, several together and beside the loop: a release is the longest of its statements."""
        over = [turn for turn in self._turns.values() if turn.over]
        if not over or self._releasing:
            return
        now = time.monotonic()
        for turn in over:
            turn.over_since = turn.over_since or now
        if len(over) < MANY and now - min(turn.over_since for turn in over) < RELEASE_AFTER_S and self._calls:
            return
        self._releasing = asyncio.create_task(self._released(over))

    async def _released(self, turns: list[Turn]) -> None:
        for turn in turns:
            self._forget(turn)
        try:
            await self._release(turns)
        except psycopg.Error as error:
            # Their leases run out by themselves.
            _LOG.warning("gates could not be released", error=type(error).__name__, count=len(turns))
        finally:
            self._releasing = None
            self._claim_wanted = True
            self._wake.set()

    async def _release(self, turns: list[Turn]) -> None:
        held = [turn for turn in turns if not (turn.lost or turn.door.lost)]
        if held:
            await self._ledger.release(held, BARREN_PAUSE_S)
        idle = [door for door in self._doors.values() if door.turns == 0 and not door.in_flight]
        for door in idle:
            del self._doors[door.key]
        if any(not door.lost for door in idle):
            await self._ledger.release_doors([door for door in idle if not door.lost])
        metrics.GATES_OWNED.set(len(self._turns))

    def _forget(self, turn: Turn) -> None:
        if self._turns.get(turn.gate) is turn:
            del self._turns[turn.gate]
            turn.door.turns -= 1

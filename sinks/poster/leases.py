"""What this process owns: gates and their connections, claimed, renewed, closed, released (laws 20 to 22)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import psycopg

from schemas.vocabulary import State
from sinks.poster import counters, limiter
from sinks.poster.adapters import Adapters
from sinks.poster.connection_leases import Door, decoded_breaker, decoded_limiter
from sinks.poster.planned_call import Closing, DoorKey, GateKey, Outcome
from sinks.poster.practice_lease import Turn
from sinks.poster.statements import ClaimedGate, Ledger
from sinks.targets.catalogue import times_of_route
from sinks.targets.route import UnusableConnectionError
from streams.runtime import metrics
from streams.runtime.logging import log
from streams.settings import ProgramSettings

BARREN_PAUSE_S: Final = 1.0
"""A gate that had something due and let nothing start is not taken again before this (lease too short, settings
changed under the plan): its next owner looks again."""
RELEASE_AFTER_S: Final = 0.02
MANY: Final = 16
"""Gates that are done wait this long for others, or for this many, so that they are released together."""

_LOG: Final = log(__name__)
_JITTER: Final = random.SystemRandom()


class Holding:
    """Turns and doors of one process, written by its event loop only. Methods raise psycopg.Error where they wait."""

    def __init__(self, settings: ProgramSettings, ledger: Ledger, adapters: Adapters, wake: Callable[[], None]) -> None:
        self.turns: dict[GateKey, Turn] = {}
        self.doors: dict[DoorKey, Door] = {}
        self.claim_wanted = True
        self._settings = settings
        self._times = settings.times
        self._ledger = ledger
        self._adapters = adapters
        self._wake = wake
        self._claimed_at = 0.0
        self._closings: list[tuple[Door, Closing]] = []
        self._reopened: list[Door] = []
        self._releasing: asyncio.Task[None] | None = None

    # --- claiming

    async def claim(self, stuck: int) -> None:
        """Take due gates, if somebody said that there are some or the time has come to look.

        `stuck` turns only wait for slow calls: they take no place from others (guarantee 4).
        """
        room = self._settings.poster_gates - len(self.turns) + stuck
        idle = time.monotonic() - self._claimed_at >= self._times.claim_idle_s
        if room <= 0 or not (self.claim_wanted or idle):
            return
        self.claim_wanted = False
        self._claimed_at = began = time.monotonic()
        claimed = await self._ledger.claim(room)
        metrics.CLAIM_SECONDS.observe(time.monotonic() - began)
        if not claimed:
            return
        self.claim_wanted = len(claimed) >= room
        fresh = [self._turn_of(gate) for gate in claimed]
        for practice_id, effect_id, target in await self._ledger.settle_marks(fresh):
            counters.moved(target, State.SENDING.value, State.UNCERTAIN.value)
            _LOG.info("an earlier owner's mark is in doubt", practice_id=practice_id, effect_id=effect_id)
        for door in {turn.door.key: turn.door for turn in fresh}.values():
            await self._open(door)
        metrics.GATES_OWNED.set(len(self.turns))

    def _turn_of(self, gate: ClaimedGate) -> Turn:
        key = (gate.home_practice_id, gate.connection_id)
        before = self.turns.get((gate.practice_id, gate.connection_id))
        if before is not None:
            # Our own earlier ownership, whose lease ran out unnoticed (a freeze): its calls end as those of another.
            before.lost = True
            self._forget(before)
        door = self.doors.get(key)
        if door is not None and not door.lost:
            door.epoch = gate.door_epoch
        else:
            door = self.doors[key] = Door(
                key,
                epoch=gate.door_epoch,
                route=gate.route,
                target_name=gate.target,
                times=times_of_route(gate.route, self._settings),
                limiter=decoded_limiter(gate.limiter),
                breaker=decoded_breaker(gate.breaker),
            )
        if door.changed_at != gate.changed_at:
            door.changed_at, door.stale = gate.changed_at, True
        turn = Turn((gate.practice_id, gate.connection_id), gate.epoch, door)
        turn.second_looks_due = gate.second_looks
        self.turns[turn.gate] = turn
        door.turns += 1
        return turn

    async def _open(self, door: Door) -> None:
        if not door.stale:
            return
        try:
            await self._adapters.give(door)
        except UnusableConnectionError as error:
            _LOG.warning("a connection cannot be used", connection_id=door.key[1], code=error.code)
            self.close(door, Closing(error.reason))

    async def keep_leases(self) -> None:
        """Renews each third of the shortest lease held, until cancelled."""
        while True:
            await asyncio.sleep(min((d.times.renew_s for d in self.doors.values()), default=1.0))
            turns, doors = list(self.turns.values()), list(self.doors.values())
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
                # Another epoch: claimed again meanwhile, by ourselves.
                door.lost = door.lost or (door.key not in open_doors and door.epoch == epoch)

    def give_up(self) -> None:
        """The ledger could not be used: nothing more is started under what is held. Leases end by themselves."""
        for turn in list(self.turns.values()):
            turn.lost = True
            if not turn.in_flight:
                self._forget(turn)

    # --- connections

    def judge(self, door: Door, outcome: Outcome) -> None:
        """What an outcome says of its connection (law 22)."""
        verdict = outcome.verdict
        if verdict.closes is not None:
            self.close(door, verdict.closes)
        elif verdict.suspicious:
            door.breaker, closing = limiter.suspect(door.breaker)
            door.narrow()
            if closing is not None:
                self.close(door, closing)
        elif not verdict.gives_back:
            self.answered(door)

    def answered(self, door: Door) -> None:
        """The target answered: its connection is whole again."""
        if door.answered():
            self._reopened.append(door)

    def heard(self, door: Door, closing: Closing | None) -> None:
        """What a read said of its connection: closed for this reason, or whole."""
        if closing is None:
            self.answered(door)
        else:
            self.close(door, closing)

    def close(self, door: Door, closing: Closing) -> None:
        """Nothing more is started there; written to the ledger in the next round."""
        if not door.closed:
            door.closed = True
            self._closings.append((door, closing))

    async def open_and_close(self) -> None:
        """Write what was judged since the last round."""
        while self._reopened:
            await self._ledger.open_door(self._reopened[-1])
            counters.reopened(self._reopened.pop().target_name)
        while self._closings:
            door, closing = self._closings[-1]
            door.breaker, wait_s = limiter.close(door.breaker, closing, self._times, _JITTER.random())
            await self._ledger.close_door(door, closing.reason.value, wait_s)
            self._closings.pop()
            counters.closed(door.target_name, closing.reason.value)
            _LOG.warning(
                "a connection is closed for a while",
                connection_id=door.key[1],
                target=door.target_name,
                reason=closing.reason.value,
                seconds=round(wait_s, 1),
            )

    # --- releasing

    def release_over(self, busy: bool) -> None:
        """Gates that are done, several together and beside the loop: a release is the longest of its statements."""
        over = [turn for turn in self.turns.values() if turn.over]
        if not over or self._releasing is not None:
            return
        now = time.monotonic()
        for turn in over:
            turn.over_since = turn.over_since or now
        if busy and len(over) < MANY and now - min(turn.over_since for turn in over) < RELEASE_AFTER_S:
            return
        self._releasing = asyncio.create_task(self._released(over))

    async def release_all(self) -> None:
        """At the end: everything that has nothing in flight."""
        if self._releasing is not None:
            await self._releasing
        await self._released([turn for turn in self.turns.values() if not turn.in_flight])

    async def _released(self, turns: list[Turn]) -> None:
        for turn in turns:
            self._forget(turn)
        held = [turn for turn in turns if not (turn.lost or turn.door.lost)]
        try:
            if held:
                await self._ledger.release(held, BARREN_PAUSE_S)
            await self._release_doors()
        except psycopg.Error as error:
            # Their leases run out by themselves.
            _LOG.warning("gates could not be released", error=type(error).__name__, count=len(turns))
        finally:
            self._releasing = None
            self.claim_wanted = True
            self._wake()
        metrics.GATES_OWNED.set(len(self.turns))

    async def _release_doors(self) -> None:
        idle = [door for door in self.doors.values() if door.turns == 0 and not door.in_flight]
        for door in idle:
            del self.doors[door.key]
        held = [door for door in idle if not door.lost]
        if held:
            await self._ledger.release_doors(held)

    def _forget(self, turn: Turn) -> None:
        if self.turns.get(turn.gate) is turn:
            del self.turns[turn.gate]
            turn.door.turns -= 1

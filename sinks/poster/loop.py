"""The poster's one loop (PROTOCOL section 4): claim gates → settle marks → plan → mark and call → release.

Confirmations and lease renewals run beside it as tasks of their own; calls are tasks too. All state of turns and
doors is written in this loop's event loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
from typing import Final

from sinks.poster.adapters import Adapters
from sinks.poster.balance_reads import Preparer
from sinks.poster.confirmations import Confirmer
from sinks.poster.duplicate_check import SecondLooks
from sinks.poster.held_before_send import Unsent
from sinks.poster.leases import Holding
from sinks.poster.planned_call import Outcome
from sinks.poster.practice_lease import Turn
from sinks.poster.start_calls import Starter
from sinks.poster.statements import Connect, Ledger
from streams.runtime.clock import Clock
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.logging import log
from streams.runtime.role_loop import run_loop_async
from streams.settings import ProgramSettings

GATHER_S: Final = 0.002
"""While calls end one after the other, freed places are gathered this long, so that marks are made together."""
FEW: Final = 8
"""Fewer calls in flight than this are no crowd: nothing is gathered, a new entry starts at once."""
PLANNED_PER_CALL: Final = 8
"""Entries that are planned ahead for each call in flight."""
JUST_NOW_S: Final = 0.05
"""A limiter that opened this recently may have done so after the round looked."""

_LOG: Final = log(__name__)


class Poster:
    """One poster process. `run` until stopped, with `confirmer.run` and `holding.keep_leases` beside it."""

    def __init__(
        self,
        settings: ProgramSettings,
        connect: Connect,
        ledger: Ledger,
        adapters: Adapters,
        clock: Clock,
        health: Health,
        group: str,
    ) -> None:
        self._times = settings.times
        self._planned_most = PLANNED_PER_CALL * settings.poster_calls
        self._ledger = ledger
        self._health = health
        self._woken = asyncio.Event()
        self.confirmer = Confirmer(connect, clock, group, ledger.me, self.confirmed)
        self.holding = Holding(settings, ledger, adapters, self.wake)
        unsent = Unsent(connect, clock, group)
        preparer = Preparer(connect, clock, group, ledger.me)
        self._second_looks = SecondLooks(connect, clock, group, ledger.me, settings.times)
        self._starter = Starter(
            settings, ledger, self.holding, self.confirmer, unsent, preparer, self._second_looks, self.wake
        )

    def wake(self) -> None:
        """Have the loop come round."""
        self._woken.set()

    def notified(self, practice_id: str) -> None:
        """Something became due; '*' = in several practices."""
        self.holding.claim_wanted = True
        for (practice, _), turn in self.holding.turns.items():
            if practice_id in (practice, "*"):
                turn.needs_plan = True
        self.wake()

    def confirmed(self, outcome: Outcome, stored: bool) -> None:
        """An outcome is committed, or was fenced: its lane may go on, or is held by the ledger."""
        turn = self.holding.turns.get(outcome.work.gate)
        if turn is not None and turn.epoch == outcome.epoch:
            turn.ended(outcome.work, outcome.verdict.state if stored else None)
            if not stored:
                turn.lost = turn.lost or not outcome.verdict.positive
            elif outcome.verdict.wait.seconds == 0.0:
                turn.needs_plan = True
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then 1. start nothing, 2. let calls end, 3. confirm, 4. release (PROTOCOL section 5)."""
        await run_loop_async(Role.POSTER, self, stop, self._health)
        _LOG.info("stopping: calls in flight end first", count=self._starter.in_flight)
        await self._starter.ended(self._times.shutdown_grace_s)
        try:
            async with asyncio.timeout(self._times.shutdown_grace_s):
                await self.confirmer.drained()
                await self.holding.release_all()
        except TimeoutError as error:
            # Nothing is lost: marks become UNCERTAIN with the next owner, leases end by themselves.
            _LOG.warning("stopped without the ledger", error=type(error).__name__, count=len(self.holding.turns))

    async def iterate(self) -> None:
        """One round, then a wait until something happens."""
        # Cleared before the ledger is asked: whatever comes from now on is seen in the next round.
        self._woken.clear()
        await self._round()
        self._health.ready(True)
        await self._pause()

    async def disconnect(self) -> None:
        """The ledger could not be used, or what was asked of it has an unknown outcome: what is held is given up.

        Marks of this process that were not answered become UNCERTAIN with the next owner, like those of a dead one.
        """
        self.holding.give_up()

    async def _round(self) -> None:
        await self.holding.open_and_close()
        await self.holding.claim(self._starter.stuck)
        if asked := [turn for turn in self.holding.turns.values() if turn.second_looks_due]:
            await self._second_looks.load(asked)
        await self._plan()
        await self._starter.start()
        self.holding.release_over(busy=self._starter.in_flight > 0)

    async def _plan(self) -> None:
        """Oldest first, and no more than calls can soon start for: a plan costs, and it grows old."""
        room = self._planned_most - sum(turn.planned for turn in self.holding.turns.values())
        chosen: list[Turn] = []
        for turn in self.holding.turns.values():
            if room <= 0:
                break
            if turn.wants_plan:
                turn.needs_plan = False
                chosen.append(turn)
                room -= turn.plan_size
        if not chosen:
            return
        plans = await self._ledger.plan(chosen)
        for turn in chosen:
            turn.load(plans[turn.gate])
        looks = [(work, turn) for turn in chosen for work in turn.looks]
        if looks:
            await self._ledger.look_first(looks)
            for _, turn in looks:
                turn.looks, turn.needs_plan, turn.moved = [], True, True
            self.wake()

    async def _pause(self) -> None:
        """Until something happens; at most until the next look, or until a limiter lets a call start."""
        longest = self._times.claim_idle_s
        for door in self.holding.doors.values():
            if door.turns and door.limiter.next_start and (wait_s := door.wait_s()) > -JUST_NOW_S:
                longest = min(longest, max(0.001, wait_s))
        try:
            async with asyncio.timeout(longest):
                await self._woken.wait()
        except TimeoutError:
            return
        if self._starter.in_flight >= FEW:
            await asyncio.sleep(GATHER_S)

"""The poster's one loop (PROTOCOL section 4): claim gates → settle marks → plan → mark and call → release.

Confirmations and lease renewals run beside it as tasks of their own; calls are tasks too. All state of leases is
written in this loop's event loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import msgspec

from schemas.vocabulary import Stage, State
from sinks.ledger.role_slots import RoleSlot
from sinks.poster.adapters import Adapters
from sinks.poster.balance_reads import BalanceReader
from sinks.poster.call_outcome import Outcome
from sinks.poster.call_store import CallStore
from sinks.poster.confirmation_store import ConfirmationStore
from sinks.poster.confirmations import Confirmer
from sinks.poster.connection_health import ConnectionHealth
from sinks.poster.duplicate_check import DuplicateChecker
from sinks.poster.failed_reads import FailedReads
from sinks.poster.heartbeats import Heartbeats
from sinks.poster.held_before_send import HeldBeforeSend
from sinks.poster.lease_store import LeaseStore
from sinks.poster.leases import Leases
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.origin_reads import OriginReader
from sinks.poster.plan_turns import next_plans
from sinks.poster.post_times import PostTimes
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.run_calls import CallRunner
from sinks.poster.start_calls import CallStarter
from sinks.poster.trace_calls import CallTraces
from sinks.poster.wakeup import EVERY_PRACTICE
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.route import AdapterContext
from streams.runtime.endpoints import Health
from streams.runtime.errors import Fenced, Role
from streams.runtime.logging import log
from streams.runtime.role_loop import run_loop_async
from streams.settings import ProgramSettings

GATHER_S: Final = 0.002
"""While calls end one after the other, freed slots are gathered this long, so that marks are made together."""
FEW: Final = 8
"""Fewer calls in flight than this are no crowd: nothing is gathered, a new entry starts at once."""
PLANNED_PER_CALL: Final = 8
"""Entries that are planned ahead for each call in flight."""
JUST_NOW_S: Final = 0.05
"""A limiter that opened this recently may have done so after the iteration asked it."""

_LOG: Final = log(__name__)


class Poster:
    """One poster process. `run` until stopped, with `confirmer.run` and `leases.keep_renewed` beside it."""

    def __init__(
        self,
        settings: ProgramSettings,
        access: LedgerAccess,
        adapter_context: AdapterContext,
        health: Health,
        slot: RoleSlot,
    ) -> None:
        self._access = access
        self._slot = slot
        self._times = settings.times
        self._planned_most = PLANNED_PER_CALL * settings.poster_calls
        self._health = health
        self._woken = asyncio.Event()
        lease_store = LeaseStore(access, settings)
        connections = ConnectionHealth(lease_store, settings.times)
        self._connections = connections
        self.heartbeats = Heartbeats(access.me)
        memory = AnswerMemory(settings.poster_answer_mb * 1024 * 1024)
        self._adapters = Adapters(msgspec.structs.replace(adapter_context, memory=memory), memory)
        self._calls = CallStore(access, settings)
        self._duplicates = DuplicateChecker(access, settings.times)
        self.post_times = PostTimes(access)
        self._traces = CallTraces()
        self.confirmer = Confirmer(ConfirmationStore(access), self.confirmed)
        self.leases = Leases(settings, lease_store, self._calls, self._adapters, connections, self.wake)
        failed = FailedReads(access, settings.times)
        runner = CallRunner(
            access,
            settings.times,
            connections,
            self.confirmer,
            BalanceReader(access, failed),
            OriginReader(access, failed),
            self._duplicates,
            memory,
            self.heartbeats,
            self._traces,
            self.wake,
        )
        held = HeldBeforeSend(access)
        self._starter = CallStarter(settings, self._calls, self.leases, held, runner, memory, self.wake)

    def wake(self) -> None:
        """Have the loop come round."""
        self._woken.set()

    def notified(self, practice_id: str) -> None:
        """Something became due in a practice, or in several."""
        self.leases.claim_wanted = True
        for gate, lease in self.leases.practices.items():
            if practice_id in (gate.practice_id, EVERY_PRACTICE):
                lease.needs_plan = True
        self.wake()

    def confirmed(self, outcome: Outcome, stored: bool) -> None:
        """An outcome is committed, or was fenced: its lane may go on, or is held by the ledger."""
        self._traces.confirmed(outcome, stored)
        was_posted = outcome.phase is Stage.READBACK and outcome.call.state is State.POSTED
        if stored and outcome.verdict.state is State.POSTED and not was_posted:
            self.post_times.posted(outcome.call.key)
        lease = self.leases.practices.get(outcome.call.gate)
        if lease is not None and lease.epoch == outcome.epoch:
            lease.end(outcome.call, outcome.verdict.state if stored else None)
            if not stored:
                lease.lost = lease.lost or not outcome.verdict.positive
            elif outcome.verdict.wait.seconds == 0.0:
                lease.needs_plan = True
            elif (wait_s := outcome.verdict.wait.longest_s(lease.connection.times.settle_s)) is not None:
                lease.put_off(wait_s)
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then 1. start nothing, 2. let calls end, 3. confirm, 4. release (PROTOCOL section 5).

        Raises Fenced, after the same, when a newer process has its slot.
        """
        fenced: Fenced | None = None
        try:
            await run_loop_async(Role.POSTER, self, stop, self._health)
        except Fenced as error:
            fenced = error
        _LOG.info("stopping: calls in flight end first", count=self._starter.in_flight)
        await self._starter.ended(self._times.shutdown_grace_s)
        try:
            async with asyncio.timeout(self._times.shutdown_grace_s):
                await self.confirmer.drained()
                await self.leases.release_all()
        except TimeoutError as error:
            # Nothing is lost: marks become UNCERTAIN with the next owner, leases end by themselves.
            _LOG.warning("stopped without the ledger", error=type(error).__name__, count=len(self.leases.practices))
        if fenced is not None:
            raise fenced

    async def close(self) -> None:
        """Close the adapters, after `run` has ended."""
        await self._adapters.close()

    async def iterate(self) -> None:
        """One iteration, then a wait until something happens. Raises psycopg.Error."""
        # Cleared before the ledger is asked: whatever comes from now on is seen in the next iteration.
        self._woken.clear()
        if self._slot.is_due:
            async with self._access.owning() as connection:
                await self._slot.look_async(connection)
        await self._connections.store()
        await self.leases.take_up()
        await self.leases.claim(self._starter.free)
        if due := [lease for lease in self.leases.practices.values() if lease.duplicate_checks_due]:
            await self._duplicates.load(due)
        await self._plan()
        await self._starter.start()
        self.leases.release_finished(busy=self._starter.in_flight > 0)
        self._health.ready(True)
        await self._pause()

    async def disconnect(self) -> None:
        """The ledger could not be used, or the outcome of a statement is unknown: what is held is given up.

        Marks of this process that were not answered become UNCERTAIN with the next owner, like those of a dead one.
        """
        self.leases.give_up()

    async def _plan(self) -> None:
        chosen = next_plans(self.leases.practices.values(), self._planned_most, time.monotonic())
        if not chosen:
            return
        plans = await self._calls.plan(chosen)
        for lease in chosen:
            lease.load(plans[lease.gate])
        await self._read_back_first(chosen)

    async def _read_back_first(self, planned: list[PracticeLease]) -> None:
        """Heads of lanes that are read back before any send: the next plan shows them UNCERTAIN (law 4)."""
        heads = [(call, lease) for lease in planned for call in lease.to_read_back_first]
        if not heads:
            return
        await self._calls.read_back_first(heads)
        for _, lease in heads:
            lease.to_read_back_first, lease.needs_plan, lease.progressed = [], True, True
        self.wake()

    async def _pause(self) -> None:
        """Until something happens; at most until the next claim, or until a limiter lets a call start."""
        longest = 0.0 if self.leases.claimable(self._starter.free) else self._times.claim_idle_s
        for connection in self.leases.connections.values():
            limited = connection.practices and connection.limiter.next_start
            if limited and (wait_s := connection.wait_s()) > -JUST_NOW_S:
                longest = min(longest, max(0.001, wait_s))
        try:
            async with asyncio.timeout(longest):
                await self._woken.wait()
        except TimeoutError:
            return
        if self._starter.in_flight >= FEW:
            await asyncio.sleep(GATHER_S)

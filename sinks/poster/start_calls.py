"""Starts calls: chosen, checked, marked together, then each its own task (laws 16 and 17)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import psycopg

from sinks.poster.allocate_payment import needs_balance_read
from sinks.poster.call import MarkStamp
from sinks.poster.call_slots import CallSlots
from sinks.poster.call_store import CallStore
from sinks.poster.closed_periods import NotSent, entered_together
from sinks.poster.held_before_send import HeldBeforeSend
from sinks.poster.leases import Leases
from sinks.poster.mark_calls import CheckedCall, mark_calls
from sinks.poster.origin_reads import needs_origin_read
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import BeforeItsDay, Resting, check
from sinks.poster.run_calls import CallRunner
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.catalogue import shortest_call
from sinks.targets.port import PaymentTarget
from streams.settings import ProgramSettings

MARKS_AT_ONCE: Final = 3
"""While two are on their way to the ledger, another gathers what became free: slots do not wait for a commit."""
LARGEST_MARK: Final = 64
"""Entries of one statement: answers that come together are marked again in parts, and the first part does not wait for
the last."""

_Chosen = tuple[PlannedCall, PracticeLease]


class CallStarter:
    """The calls of one process, and how they begin. `wake` has the loop come round."""

    def __init__(
        self,
        settings: ProgramSettings,
        store: CallStore,
        leases: Leases,
        held: HeldBeforeSend,
        runner: CallRunner,
        memory: AnswerMemory,
        wake: Callable[[], None],
    ) -> None:
        self._times = settings.times
        self._store = store
        self._leases = leases
        self._held = held
        self._runner = runner
        self._memory = memory
        self._wake = wake
        self._slots = CallSlots(settings.poster_calls, shortest_call(settings).deadline_s)
        self._marking: dict[asyncio.Task[None], int] = {}
        self._failed: BaseException | None = None

    @property
    def in_flight(self) -> int:
        """Calls that run or are being marked."""
        return self._slots.in_flight + sum(self._marking.values())

    @property
    def free(self) -> int:
        """How many more calls may start."""
        return self._slots.free(sum(self._marking.values()))

    async def start(self) -> None:
        """Read-backs first: what is in doubt holds its lane. Then only as many marks as calls start now (law 16).

        Marks run beside the loop, so that slots that become free meanwhile do not wait for them. Raises the error of an
        earlier mark or read; what was not marked for certain is not started.
        """
        if (failed := self._failed or self._runner.failed) is not None:
            self._failed = self._runner.failed = None
            raise failed
        if len(self._marking) >= MARKS_AT_ONCE:
            return
        free = min(self.free, LARGEST_MARK)
        chosen: list[_Chosen] = []
        for lease in list(self._leases.practices.values()):
            if free <= 0:
                break
            target = lease.connection.adapter
            if lease.lost or lease.connection.closed or target is None or not lease.planned:
                continue
            free -= self._start_reads(lease, target, free)
            taken = lease.take(min(free, lease.connection.free_slots()))
            for call in taken:
                lease.connection.reserve()
                chosen.append((call, lease))
            free -= len(taken)
        if chosen:
            task = asyncio.create_task(self._check_and_mark(chosen))
            self._marking[task] = len(chosen)
            task.add_done_callback(self._marked)

    def _start_reads(self, lease: PracticeLease, target: PaymentTarget, free: int) -> int:
        """Start the read-backs and duplicate checks of a lease; answers how many."""
        started = 0
        for call in lease.take_read_backs(min(free, lease.connection.free_slots())):
            started += 1
            lease.progressed = True
            lease.connection.reserve()
            self._slots.start(lease, self._runner.read_back(call, lease, target))
        for call in lease.take_duplicate_checks(min(free - started, lease.connection.free_slots())):
            started += 1
            lease.progressed = True
            lease.connection.reserve()
            self._slots.start(lease, self._runner.check_duplicate(call, lease, target))
        return started

    def _marked(self, task: asyncio.Task[None]) -> None:
        """Runs after the task has started its calls: none of them is counted twice or left out."""
        del self._marking[task]
        self._failed = self._failed or (None if task.cancelled() else task.exception())
        self._wake()

    async def ended(self, within_s: float) -> None:
        """Wait for the calls in flight, those first that are being marked."""
        if self._marking:
            await asyncio.wait([*self._marking], timeout=within_s)
        await self._slots.ended(within_s)

    async def _check_and_mark(self, chosen: list[_Chosen]) -> None:
        checked, held = self._check(chosen)
        try:
            if checked:
                await self._mark_and_call(checked)
        finally:
            if held:
                await self._store_held(held)

    def _check(self, chosen: list[_Chosen]) -> tuple[list[CheckedCall], list[_Chosen]]:
        """What can be marked, and what the checks keep back. What needs a balance read first is read instead."""
        checked: list[CheckedCall] = []
        held: list[_Chosen] = []
        now = self._store.now()
        for call, lease in chosen:
            target = lease.connection.adapter
            if target is None:
                self._not_started(call, lease)
                continue
            found = check(call, lease.dependents_of(call), target, self._times, now)
            if isinstance(found, Resting):
                lease.rest(found.until)
                self._not_started(call, lease)
            elif isinstance(found, BeforeItsDay):
                lease.progressed = True
                self._held.put_off(call, found.until)
                held.append((call, lease))
            elif isinstance(found, NotSent):
                lease.progressed = True
                for each in (call, *entered_together(call, lease.dependents_of(call), found)):
                    self._held.add(each, lease.connection.key, found)
                held.append((call, lease))
            elif needs_origin_read(call, lease):
                self._slots.start(lease, self._runner.read_origin(call, lease, target))
            elif needs_balance_read(call, target.capabilities):
                self._slots.start(lease, self._runner.read_balance(call, lease, target))
            elif not self._memory.has_room_for_write(found.frozen.body, target):
                self._slots.start(lease, self._runner.wait_for_memory(call, lease))
            else:
                checked.append(CheckedCall(call, lease, found))
        return checked, held

    async def _mark_and_call(self, checked: list[CheckedCall]) -> None:
        # Taken before the statement, so that the age of a mark is never thought too small (law 17).
        stamp = MarkStamp()
        try:
            marked = await mark_calls(self._store, checked)
        except psycopg.Error:
            for each in checked:
                self._not_started(each.call, each.lease)
            raise
        for each in checked:
            attempt = marked.get(each.call.key)
            lease, target = each.lease, each.lease.connection.adapter
            if attempt is None or target is None:
                self._not_started(each.call, lease)
                continue
            lease.progressed = True
            sent = msgspec.structs.replace(each.call, attempts=attempt, frozen=each.ready.frozen)
            self._slots.start(lease, self._runner.post(sent, each.ready, lease, target, stamp))

    async def _store_held(self, held: list[_Chosen]) -> None:
        """Before their lanes and gates are let go: whoever plans next finds them as they are now."""
        try:
            await self._held.store()
        finally:
            for call, lease in held:
                self._not_started(call, lease)

    def _not_started(self, call: PlannedCall, lease: PracticeLease) -> None:
        lease.end(call, None)
        lease.connection.end()

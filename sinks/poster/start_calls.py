"""Starts calls: chosen, checked, marked together, then each its own task (laws 16 and 17)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import psycopg

from schemas.vocabulary import ConnectionReason, Stage
from sinks.poster import counters
from sinks.poster.allocate_payment import needs_balance_read
from sinks.poster.balance_reads import BalanceReader
from sinks.poster.call import Caller, MarkStamp
from sinks.poster.call_outcome import Closing, Outcome
from sinks.poster.call_slots import CallSlots
from sinks.poster.call_store import CallStore
from sinks.poster.closed_periods import NotSent, entered_together
from sinks.poster.confirmation_rows import Confirmation
from sinks.poster.confirmations import Confirmer
from sinks.poster.connection_health import ConnectionHealth
from sinks.poster.duplicate_check import DuplicateChecker
from sinks.poster.held_before_send import HeldBeforeSend
from sinks.poster.leases import Leases
from sinks.poster.mark_calls import CheckedCall, mark_calls
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import InBlackout, check
from sinks.targets.catalogue import shortest_call
from sinks.targets.port import PaymentTarget
from streams.runtime.logging import log
from streams.settings import ProgramSettings

MARKS_AT_ONCE: Final = 2
"""While one is on its way to the ledger, another gathers what became free: slots do not wait for a commit."""

_LOG: Final = log(__name__)
_Chosen = tuple[PlannedCall, PracticeLease]


class Readers(msgspec.Struct, frozen=True):
    """What reads at targets beside the calls themselves."""

    balances: BalanceReader
    duplicates: DuplicateChecker


class CallStarter:
    """The calls of one process, and how they begin. `wake` has the loop come round."""

    def __init__(
        self,
        settings: ProgramSettings,
        store: CallStore,
        leases: Leases,
        health: ConnectionHealth,
        confirmer: Confirmer,
        held: HeldBeforeSend,
        readers: Readers,
        wake: Callable[[], None],
    ) -> None:
        self._times = settings.times
        self._store = store
        self._leases = leases
        self._health = health
        self._confirmer = confirmer
        self._held = held
        self._readers = readers
        self._wake = wake
        self._caller = Caller(settings.times)
        self._slots = CallSlots(settings.poster_calls, shortest_call(settings).deadline_s)
        self._marking: dict[asyncio.Task[None], int] = {}
        self._failed: BaseException | None = None

    @property
    def in_flight(self) -> int:
        """Calls that run or are being marked."""
        return self._slots.in_flight + sum(self._marking.values())

    @property
    def stuck(self) -> int:
        """Leases that have a slow call."""
        return self._slots.stuck

    async def start(self) -> None:
        """Read-backs first: what is in doubt holds its lane. Then only as many marks as calls start now (law 16).

        Marks run beside the loop, so that slots that become free meanwhile do not wait for them. Raises the error of an
        earlier mark; what was not marked for certain is not started.
        """
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        if len(self._marking) >= MARKS_AT_ONCE:
            return
        free = self._slots.free(sum(self._marking.values()))
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
            self._slots.start(lease, self._finish(lease, self._caller.read_back(call, lease, target)))
        for call in lease.take_duplicate_checks(min(free - started, lease.connection.free_slots())):
            started += 1
            lease.progressed = True
            lease.connection.reserve()
            self._slots.start(lease, self._check_duplicate(call, lease, target))
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
            if isinstance(found, InBlackout):
                lease.wait_for_blackout(found.until)
                self._not_started(call, lease)
            elif isinstance(found, NotSent):
                lease.progressed = True
                for each in (call, *entered_together(call, lease.dependents_of(call), found)):
                    self._held.add(each, lease.connection.key, found)
                held.append((call, lease))
            elif needs_balance_read(call, target.capabilities):
                self._slots.start(lease, self._read_balance(call, lease, target))
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
            post = self._caller.post(sent, each.ready, lease, target, stamp)
            self._slots.start(lease, self._finish(lease, post))

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

    async def _finish(self, lease: PracticeLease, call: Awaitable[Outcome]) -> None:
        """A call or a read-back to its end: what it says of the connection, and its confirmation."""
        outcome = await call
        connection = lease.connection
        connection.end()
        counters.ended(connection.target_name)
        self._health.after_call(connection, outcome.verdict)
        settle_s = connection.times.settle_s if outcome.phase is Stage.POST else None
        self._confirmer.submit(Confirmation(outcome, settle_s, lease.lost))
        self._wake()

    async def _read_balance(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> None:
        """What an entry needs read before its first mark (law 18); then it is planned again, as it stands then."""
        connection = lease.connection
        try:
            self._health.after_read(connection, await self._readers.balances.read(call, lease, target))
        except psycopg.Error as error:
            self._failed = self._failed or error
        except Exception as error:  # noqa: BLE001 - nothing was sent or stored; it is said, and not tried again at once
            _LOG.failure("an entry could not be prepared", error, effect_id=call.effect_id)
            self._health.close(connection, Closing(ConnectionReason.TARGET_DOWN))
        finally:
            counters.ended(connection.target_name)
            self._not_started(call, lease)
            lease.progressed = lease.needs_plan = True
            self._wake()

    async def _check_duplicate(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> None:
        """One read; whatever fails leaves it to be made again."""
        connection = lease.connection
        try:
            self._health.after_read(connection, await self._readers.duplicates.check(call, lease, target))
        except psycopg.Error as error:
            self._failed = self._failed or error
        finally:
            counters.ended(connection.target_name)
            lease.end_duplicate_check()
            connection.end()
            self._wake()

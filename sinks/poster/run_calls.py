"""Runs each started call to its end: its answer, what that says of the connection, and what is stored (law 17)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

import psycopg

from schemas.vocabulary import ConnectionReason, Stage
from sinks.poster import counters
from sinks.poster.answer_classes import class_of_read
from sinks.poster.balance_reads import BalanceReader
from sinks.poster.call import Caller, MarkStamp
from sinks.poster.call_outcome import Closing, Outcome
from sinks.poster.confirmation_rows import Confirmation
from sinks.poster.confirmations import Confirmer
from sinks.poster.connection_health import ConnectionHealth
from sinks.poster.duplicate_check import DuplicateChecker
from sinks.poster.heartbeats import Heartbeats
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.origin_reads import OriginReader
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import Ready
from sinks.poster.sightings import seen_before
from sinks.poster.trace_calls import POST, READ_BACK, CallTraces
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.port import PaymentTarget
from streams.runtime.logging import log
from streams.runtime.times import Times

_LOG: Final = log(__name__)
MEMORY_WAIT_S: Final = 1.0
"""Room may also come of what others did not use; so long a lane rests at most without looking again."""


class CallRunner:
    """The calls and reads of one process, each a task of its own. Every method ends by giving the slot at the
    connection back and having the loop come round; none raises."""

    def __init__(
        self,
        access: LedgerAccess,
        times: Times,
        health: ConnectionHealth,
        confirmer: Confirmer,
        balances: BalanceReader,
        origins: OriginReader,
        duplicates: DuplicateChecker,
        memory: AnswerMemory,
        heartbeats: Heartbeats,
        traces: CallTraces,
        wake: Callable[[], None],
    ) -> None:
        self._access = access
        self._caller = Caller(times, heartbeats)
        self._heartbeats = heartbeats
        self._health = health
        self._confirmer = confirmer
        self._balances = balances
        self._origins = origins
        self._duplicates = duplicates
        self._memory = memory
        self._traces = traces
        self._wake = wake
        self.failed: psycopg.Error | None = None
        """The first error of the ledger in a read; raised, and cleared, by the loop."""

    async def post(
        self, call: PlannedCall, ready: Ready, lease: PracticeLease, target: PaymentTarget, stamp: MarkStamp
    ) -> None:
        """The one call of a marked entry."""
        with self._traces.calling(call, POST):
            await self._finish(lease, self._caller.post(call, ready, lease, target, stamp))

    async def read_back(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> None:
        """The read-back of an entry in doubt, which looks first where it was seen before."""
        try:
            seen = await seen_before(self._access, call.key)
        except psycopg.Error as error:
            self.failed = self.failed or error
            self._end_read(call, lease)
            return
        with self._traces.calling(call, READ_BACK):
            await self._finish(lease, self._caller.read_back(call, lease, target, seen))

    async def _finish(self, lease: PracticeLease, call: Awaitable[Outcome]) -> None:
        """Its lane stays taken until the confirmation is stored."""
        outcome = await call
        connection = lease.connection
        connection.end()
        counters.ended(connection.route)
        self._health.after_call(connection, outcome.verdict)
        settle_s = connection.times.settle_s if outcome.phase is Stage.POST else None
        self._confirmer.submit(Confirmation(outcome, settle_s, lease.lost))
        self._wake()

    async def read_balance(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> None:
        """What an entry needs read before its first mark (law 18); then it is planned again, as it stands then."""
        await self._before_mark(call, lease, self._balances.read(call, lease, target))

    async def read_origin(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> None:
        """What an entry takes back (R-20); then it is planned again."""
        await self._before_mark(call, lease, self._origins.read(call, lease, target))

    async def wait_for_memory(self, call: PlannedCall, lease: PracticeLease) -> None:
        """A write whose answer may not fit is not marked; it is planned again when something was given back."""
        await self._memory.freed(MEMORY_WAIT_S)
        self._end_read(call, lease)

    async def _before_mark(self, call: PlannedCall, lease: PracticeLease, read: Awaitable[Closing | None]) -> None:
        connection = lease.connection
        began = time.monotonic()
        try:
            with self._traces.reading(call):
                closing = await read
            self._heartbeats.count(call.practice_id, call.target, class_of_read(closing), time.monotonic() - began)
            self._health.after_read(connection, closing)
        except psycopg.Error as error:
            self.failed = self.failed or error
        except Exception as error:  # noqa: BLE001 - nothing was sent or stored; logged, and not tried again at once
            _LOG.failure("a read before a mark could not be used", error, effect_id=call.effect_id)
            self._health.close(connection, Closing(ConnectionReason.TARGET_DOWN))
        finally:
            self._end_read(call, lease)

    def _end_read(self, call: PlannedCall, lease: PracticeLease) -> None:
        """Nothing was marked: its lane is free, and it is planned anew."""
        counters.ended(lease.connection.route)
        lease.end(call, None)
        lease.connection.end()
        lease.progressed = lease.needs_plan = True
        self._wake()

    async def check_duplicate(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> None:
        """One read of an entry that stands; whatever fails leaves it to be made again."""
        connection = lease.connection
        try:
            self._health.after_read(connection, await self._duplicates.check(call, lease, target))
        except psycopg.Error as error:
            self.failed = self.failed or error
        finally:
            counters.ended(connection.route)
            lease.end_duplicate_check()
            connection.end()
            self._wake()

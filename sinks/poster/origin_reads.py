"""Reads an entry at its target before another one takes it back: nothing is posted against what is gone or changed
(R-20)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Final

from schemas.vocabulary import TAKES_BACK, ConnectionReason, DecisionReason, State
from sinks.ledger.named_queries import named_queries
from sinks.poster.call_outcome import Closing
from sinks.poster.closed_periods import NotSent
from sinks.poster.failed_reads import FailedReads
from sinks.poster.held_before_send import HeldBeforeSend
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import entry_of
from sinks.targets.foreign_values import bounded_origin
from sinks.targets.port import OriginReading, OriginState, PaymentTarget, ReadFailed, Scope
from streams.fault_injection import Control, disabled
from streams.runtime.logging import log

FRESH_S: Final = 60.0
"""How long a read is believed: what is marked later is read again."""

_HELD: Final = {
    OriginState.GONE: NotSent(State.AWAITING_REVIEW, DecisionReason.ORIGINAL_GONE),
    OriginState.CHANGED: NotSent(State.AWAITING_REVIEW, DecisionReason.ORIGINAL_CHANGED),
}
_SQL: Final = named_queries("sinks.poster", "reads_before_send.sql")
_LOG: Final = log(__name__)


def needs_origin_read(call: PlannedCall, lease: PracticeLease) -> bool:
    """Whether what an entry takes back has to be read first. One that was posted in this very lease has just been
    seen."""
    if call.entry_kind not in TAKES_BACK or not call.origin_posted or call.origin_id is None:
        return False
    return not lease.origin_is_known(call, FRESH_S) and not disabled(Control.ORIGIN_READ)


class OriginReader:
    """Of one poster process. Safe to repeat at any instant."""

    def __init__(self, access: LedgerAccess, failed: FailedReads) -> None:
        self._access = access
        self._failed = failed
        self._held = HeldBeforeSend(access)
        self._rows = itertools.count(1)

    async def read(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> Closing | None:
        """1. Read, outside any transaction. 2. It stands: this lease may send what takes it back. Gone or changed: held
        for a person, under the practice's lock. Unreadable: later. Answers what the read said of the connection.

        Raises psycopg.Error; then nothing is stored, and a later plan reads again.
        """
        began_at = datetime.now(UTC)
        reading = await self._read(call, target, lease.connection.times.deadline_s)
        await self._keep_attempt(call, lease.epoch, reading, began_at)
        if isinstance(reading, ReadFailed):
            if reading.scope is not Scope.EFFECT:
                return Closing(reading.reason or ConnectionReason.TARGET_DOWN, reading.retry_after_s)
            await self._failed.put_off(call, lease, reading)
        elif reading.state is OriginState.STANDS:
            lease.know_origin(call)
        else:
            self._held.add(call, lease.connection.key, _HELD[reading.state])
            await self._held.store()
        return None

    async def _read(self, call: PlannedCall, target: PaymentTarget, deadline_s: float) -> OriginReading | ReadFailed:
        try:
            return bounded_origin(await target.read_origin(entry_of(call), deadline_s))
        except Exception as error:  # noqa: BLE001 - says nothing about the entry
            _LOG.failure("an adapter raised instead of reading", error, effect_id=call.effect_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

    async def _keep_attempt(
        self, call: PlannedCall, epoch: int, reading: OriginReading | ReadFailed, began_at: datetime
    ) -> None:
        failed = reading if isinstance(reading, ReadFailed) else None
        attempt = {
            "practice_id": call.practice_id,
            "effect_id": call.effect_id,
            "n": next(self._rows),
            "epoch": epoch,
            "generation": call.generation,
            "request_id": call.request_id,
            "began_at": began_at,
            "ended_at": datetime.now(UTC),
            "answer": type(reading).__name__ if isinstance(reading, ReadFailed) else reading.state.value,
            "scope": None if failed is None else failed.scope.value,
            "code": None if failed is None else failed.code,
        }
        async with self._access.connect() as connection:
            await connection.execute(_SQL["add_attempt"], attempt, prepare=True)

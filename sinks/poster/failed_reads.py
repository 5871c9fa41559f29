"""Puts an entry off whose read before the mark failed for itself alone: others go on, and after a day a person decides
(law 22)."""

from __future__ import annotations

import random
from typing import Final

import msgspec

from schemas.vocabulary import DecisionReason, State
from sinks.ledger.named_queries import named_queries
from sinks.poster.closed_periods import NotSent
from sinks.poster.held_before_send import HeldBeforeSend
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.read_rows import read_rows
from sinks.poster.retry_times import read_again_s
from sinks.targets.port import ReadFailed
from streams.runtime.times import Times

_SQL: Final = named_queries("sinks.poster", "reads_before_send.sql")
_LOCK: Final = named_queries("sinks.poster", "held_before_send.sql")["lock_practices"]
_JITTER: Final = random.SystemRandom()


class _Postponed(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    effect_id: int
    spent: bool
    """It has failed for the whole retry budget."""


class FailedReads:
    """Of one poster process."""

    def __init__(self, access: LedgerAccess, times: Times) -> None:
        self._access = access
        self._times = times
        self._held = HeldBeforeSend(access)

    async def put_off(self, call: PlannedCall, lease: PracticeLease, failed: ReadFailed) -> None:
        """Due again later; held for a person where it has failed for the whole budget. Raises psycopg.Error."""
        again_in_s = read_again_s(self._times, failed.retry_after_s, _JITTER.random())
        parameters = {
            "practice_id": call.practice_id,
            "effect_id": call.effect_id,
            "again_in_s": again_in_s,
            "code": failed.code,
            "budget_s": self._times.retry_budget_s,
            "epoch": lease.epoch,
            "me": self._access.me,
            "now": self._access.clock.for_database(),
        }
        async with self._access.connect() as connection, connection.transaction():
            await connection.execute(_LOCK, {"practice_ids": [call.practice_id]}, prepare=True)
            postponed = await read_rows(connection, _Postponed, _SQL["postpone"], parameters)
        lease.put_off(again_in_s)
        if any(each.spent for each in postponed):
            self._held.add(call, lease.connection.key, NotSent(State.AWAITING_REVIEW, DecisionReason.NOT_READABLE))
            await self._held.store()

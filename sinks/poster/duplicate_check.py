"""Reads the target again for a duplicate after a late confirmation (laws 19 and 20).

A late answer, or an early find, proved one attempt of an entry while another was still in doubt. The other may stand
too, and only a read after its time to settle can say so.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.vocabulary import ConnectionReason, DecisionReason, Stage
from sinks.ledger.named_queries import named_queries
from sinks.poster import counters
from sinks.poster.call_outcome import Closing
from sinks.poster.ledger_access import LedgerAccess
from sinks.poster.planned_call import EffectKey, PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import entry_in_doubt
from sinks.poster.publications import of_duplicate, publish
from sinks.poster.read_rows import read_rows
from sinks.poster.retry_times import read_again_s
from sinks.targets.foreign_values import bounded_reading
from sinks.targets.port import Found, PaymentTarget, ReadFailed, Scope
from streams.runtime.logging import log
from streams.runtime.times import Times

MOST_AT_ONCE: Final = 100
"""Checks of one round; there is hardly ever one."""

TAKEN_BACK: Final = frozenset({DecisionReason.VOIDED, DecisionReason.CORRECTED, DecisionReason.REFUNDED_BEFORE_POST})
"""Why an entry was voided before it was posted; one that stands all the same has no entry that takes it back (R-7)."""

FIRST_ROW: Final = -1_000_000
"""Rows of duplicate checks in `attempts` count down from here: beside what one owner numbers by other reads (1, 2 …)
and by attempts given back (-1, -2 …)."""

_SQL: Final = named_queries("sinks.poster", "duplicate_check.sql")
_JITTER: Final = random.SystemRandom()
_LOG: Final = log(__name__)


class CheckResult(msgspec.Struct, frozen=True):
    """What a check found: a duplicate, or to be read again in so many seconds; neither: the entry stands alone."""

    doubled: bool = False
    again_in_s: float | None = None
    closes: Closing | None = None


def judge(reading: Found | ReadFailed | None, call: PlannedCall, times: Times, chance: float) -> CheckResult:
    """What a reading says of an entry that stands. Pure; `chance` in [0, 1) is the jitter.

    `reading` None: the target cannot be asked. What cannot be ruled out for the whole retry budget counts as doubled.
    """
    if reading is None:
        return CheckResult(doubled=True)
    if isinstance(reading, Found):
        standing = {*reading.external_ids, *reading.differing_ids}
        too_many = bool(standing - {call.external_id}) or (bool(standing) and call.reason in TAKEN_BACK)
        return CheckResult(doubled=too_many, again_in_s=None if too_many or call.settled else 0.0)
    wait_s = read_again_s(times, reading.retry_after_s, chance)
    if reading.scope is not Scope.EFFECT:
        closing = Closing(reading.reason or ConnectionReason.TARGET_DOWN, reading.retry_after_s)
        return CheckResult(again_in_s=wait_s, closes=closing)
    return CheckResult(doubled=True) if call.aged else CheckResult(again_in_s=wait_s)


class DuplicateChecker:
    """Of one poster process. Safe to repeat at any instant: a duplicate is reported once, or read for again."""

    def __init__(self, access: LedgerAccess, times: Times) -> None:
        self._access = access
        self._times = times
        self._rows = itertools.count(1)

    async def load(self, leases: Sequence[PracticeLease]) -> None:
        """Give these leases their checks that are due. Raises psycopg.Error."""
        by_gate = {lease.gate: lease for lease in leases}
        for lease in leases:
            lease.duplicate_checks_due = False
        parameters = {
            "gates": msgspec.json.encode([{"p": p, "c": c} for p, c in by_gate]).decode(),
            "budget_s": self._times.retry_budget_s,
            "most": MOST_AT_ONCE,
            "now": self._access.clock.for_database(),
        }
        async with self._access.connect() as connection:
            due = await read_rows(connection, PlannedCall, _SQL["due_checks"], parameters)
        for call in due:
            by_gate[call.gate].duplicate_checks.append(call)

    async def check(self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget) -> Closing | None:
        """Answers what the read said of the connection.

        1. Read, for the markers of all generations. 2. Store it: alone, later, or DUPLICATE_AT_TARGET, which is
        reported to a person; the entry stays POSTED. Raises psycopg.Error; then it is read again.
        """
        began_at = datetime.now(UTC)
        reading = await self._read(call, target, lease.connection.times.deadline_s)
        result = judge(reading, call, self._times, _JITTER.random())
        attempt = self._attempt(call, lease.epoch, reading, began_at)
        parameters = {
            "practice_id": call.practice_id,
            "effect_id": call.effect_id,
            "again_in_s": result.again_in_s,
            "doubled": result.doubled,
            "epoch": lease.epoch,
            "me": self._access.me,
            "now": self._access.clock.for_database(),
        }
        async with self._access.connect() as connection, connection.transaction():
            open_still = (await connection.execute(_SQL["checked"], parameters)).rowcount
            await connection.execute(_SQL["add_attempt"], attempt)
            if result.doubled and open_still:
                double = of_duplicate(call, Stage.READBACK, call.attempts)
                await publish(connection, [double], self._access.clock.now(), self._access.group)
        if result.doubled and open_still:
            counters.doubled(call.target.value)
            _LOG.warning("an entry may stand twice", practice_id=call.practice_id, effect_id=call.effect_id)
        return result.closes

    async def _read(self, call: PlannedCall, target: PaymentTarget, deadline_s: float) -> Found | ReadFailed | None:
        if not target.capabilities.reads_back:
            return None
        try:
            return bounded_reading(await target.read_back(entry_in_doubt(call), deadline_s))
        except Exception as error:  # noqa: BLE001 - says nothing about the entry
            _LOG.failure("an adapter raised instead of reading back", error, effect_id=call.effect_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

    def _attempt(
        self, call: PlannedCall, epoch: int, reading: Found | ReadFailed | None, began_at: datetime
    ) -> dict[str, Any]:
        failed = reading if isinstance(reading, ReadFailed) else None
        found = (*reading.external_ids, *reading.differing_ids) if isinstance(reading, Found) else ()
        return {
            "practice_id": call.practice_id,
            "effect_id": call.effect_id,
            "n": FIRST_ROW - next(self._rows),
            "epoch": epoch,
            "generation": call.generation,
            "request_id": call.request_id,
            "began_at": began_at,
            "ended_at": datetime.now(UTC),
            "answer": "Unasked" if reading is None else type(reading).__name__,
            "scope": None if failed is None else failed.scope.value,
            "code": None if failed is None else failed.code,
            "external_ids": list(found),
        }


async def wake_for_checks(connection: AsyncConnection[TupleRow], effects: Sequence[EffectKey]) -> None:
    """Have the gates of these effects claimed when a check of theirs is due. After the commit that asked for the check;
    a crash in between is made good by the sweep of sleeping gates."""
    parameters = {
        "practice_ids": [key.practice_id for key in effects],
        "effect_ids": [key.effect_id for key in effects],
    }
    await connection.execute(_SQL["wake"], parameters)

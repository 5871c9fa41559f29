"""The second look at an entry that stands: a late answer, or an early find, proved one attempt of it while another was
still in doubt (laws 19 and 20). The other may stand too, and only a read after its time to settle can say so."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.vocabulary import ConnectionReason, DeadLetterReason, DecisionReason, Stage
from sinks.ledger.named_queries import named_queries
from sinks.poster import counters
from sinks.poster.connection_leases import Door
from sinks.poster.planned_call import Closing, SecondLook
from sinks.poster.practice_lease import Turn
from sinks.poster.pre_send_checks import entry_in_doubt
from sinks.poster.publications import Death, publish
from sinks.poster.retry_times import read_again_s
from sinks.poster.statements import Connect, work_of
from sinks.targets.port import Found, PaymentTarget, ReadFailed, Scope
from streams.runtime.clock import Clock
from streams.runtime.logging import log
from streams.runtime.times import Times

AT_ONCE: Final = 100
"""Entries of one round; there is hardly ever one."""

TAKEN_BACK: Final = frozenset({DecisionReason.VOIDED, DecisionReason.CORRECTED, DecisionReason.REFUNDED_BEFORE_POST})
"""Why an entry was voided before it was posted; one that stands all the same has no entry that takes it back (R-7)."""

FIRST_ROW: Final = -1_000_000
"""Rows of second looks in `attempts` count down from here: beside what one owner numbers by other reads (1, 2 …) and by
attempts given back (-1, -2 …)."""

_SQL: Final = named_queries("sinks.poster", "duplicate_check.sql")
_JITTER: Final = random.SystemRandom()
_LOG: Final = log(__name__)


class Judged(msgspec.Struct, frozen=True):
    """What a second look says: doubled, or again in so many seconds; neither: the entry stands alone."""

    doubled: bool = False
    again_in_s: float | None = None
    closes: Closing | None = None


def judge(reading: Found | ReadFailed | None, look: SecondLook, times: Times, chance: float) -> Judged:
    """Pure. `reading` None: the target cannot be asked. What cannot be ruled out for the whole budget is told too."""
    if reading is None:
        return Judged(doubled=True)
    if isinstance(reading, Found):
        standing = {*reading.external_ids, *reading.differing_ids}
        too_many = bool(standing - {look.external_id}) or (bool(standing) and look.work.reason in TAKEN_BACK)
        return Judged(doubled=too_many, again_in_s=None if too_many or look.work.settled else 0.0)
    wait_s = read_again_s(times, reading.retry_after_s, chance)
    if reading.scope is not Scope.EFFECT:
        closing = Closing(reading.reason or ConnectionReason.TARGET_DOWN, reading.retry_after_s)
        return Judged(again_in_s=wait_s, closes=closing)
    return Judged(doubled=True) if look.work.aged else Judged(again_in_s=wait_s)


class SecondLooks:
    """Of one poster process. Safe to repeat at any instant: an entry is told of once, or looked for again."""

    def __init__(self, connect: Connect, clock: Clock, group: str, me: str, times: Times) -> None:
        self._connect = connect
        self._clock = clock
        self._group = group
        self._me = me
        self._times = times
        self._rows = itertools.count(1)

    async def load(self, turns: Sequence[Turn]) -> None:
        """Give these turns their looks that are due. Raises psycopg.Error."""
        by_gate = {turn.gate: turn for turn in turns}
        for turn in turns:
            turn.second_looks_due = False
        parameters = {
            "gates": msgspec.json.encode([{"p": p, "c": c} for p, c in by_gate]).decode(),
            "budget_s": self._times.retry_budget_s,
            "most": AT_ONCE,
            "now": self._clock.for_database(),
        }
        async with self._connect() as connection:
            rows = await (await connection.execute(_SQL["due"], parameters)).fetchall()
        for row in rows:
            by_gate[row[0], row[1]].second_looks.append(SecondLook(work_of(row[:37]), row[37]))

    async def look(self, look: SecondLook, door: Door, adapter: PaymentTarget, epoch: int) -> Closing | None:
        """1. Read, for the markers of all generations. 2. Store it: alone, later, or DUPLICATE_AT_TARGET, which a
        person is told; the entry stays POSTED. Raises psycopg.Error; then it is looked for again."""
        began_at = datetime.now(UTC)
        reading = await self._read(look, adapter, door.times.deadline_s)
        judged = judge(reading, look, self._times, _JITTER.random())
        attempt = self._attempt(look, epoch, reading, began_at)
        work = look.work
        async with self._connect() as connection, connection.transaction():
            parameters = {
                "practice_id": work.practice_id,
                "effect_id": work.effect_id,
                "again_in_s": judged.again_in_s,
                "doubled": judged.doubled,
                "epoch": epoch,
                "me": self._me,
                "now": self._clock.for_database(),
            }
            open_still = await (await connection.execute(_SQL["looked"], parameters)).fetchall()
            await connection.execute(_SQL["add_attempt"], attempt)
            if judged.doubled and open_still:
                await publish(connection, [], [_death(look)], self._clock.now(), self._group)
        if judged.doubled and open_still:
            counters.doubled(work.target.value)
            _LOG.warning("an entry may stand twice", practice_id=work.practice_id, effect_id=work.effect_id)
        return judged.closes

    async def _read(self, look: SecondLook, adapter: PaymentTarget, deadline_s: float) -> Found | ReadFailed | None:
        if not adapter.capabilities.reads_back:
            return None
        try:
            return await adapter.read_back(entry_in_doubt(look.work), deadline_s)
        except Exception as error:  # noqa: BLE001 - says nothing about the entry
            _LOG.failure("an adapter raised instead of reading back", error, effect_id=look.work.effect_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

    def _attempt(
        self, look: SecondLook, epoch: int, reading: Found | ReadFailed | None, began_at: datetime
    ) -> dict[str, Any]:
        failed = reading if isinstance(reading, ReadFailed) else None
        found = (*reading.external_ids, *reading.differing_ids) if isinstance(reading, Found) else ()
        return {
            "practice_id": look.work.practice_id,
            "effect_id": look.work.effect_id,
            "n": FIRST_ROW - next(self._rows),
            "epoch": epoch,
            "generation": look.work.generation,
            "request_id": look.work.request_id,
            "began_at": began_at,
            "ended_at": datetime.now(UTC),
            "answer": "Unasked" if reading is None else type(reading).__name__,
            "scope": None if failed is None else failed.scope.value,
            "code": None if failed is None else failed.code,
            "external_ids": list(found),
        }


def _death(look: SecondLook) -> Death:
    return Death(
        work=look.work,
        state=look.work.state,
        reason=DeadLetterReason.DUPLICATE_AT_TARGET,
        stage=Stage.READBACK,
        attempt=look.work.attempts,
        generation_sent=True,
    )


async def wake_second_looks(connection: AsyncConnection[TupleRow], effects: Sequence[tuple[str, int]]) -> None:
    """After the commit that asked for them; a death in between is made good by the look for gates that sleep."""
    parameters = {"practice_ids": [p for p, _ in effects], "effect_ids": [n for _, n in effects]}
    await connection.execute(_SQL["wake"], parameters)

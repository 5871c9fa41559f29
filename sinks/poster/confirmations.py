"""Results of calls into the ledger, many at a time (laws 19 and 20). Answers wait here, never calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, Stage, State
from sinks.ledger.named_queries import named_queries
from sinks.poster import counters
from sinks.poster.confirmation_rows import other_row, positive_row
from sinks.poster.duplicate_check import wake_second_looks
from sinks.poster.planned_call import Outcome
from sinks.poster.publications import Death, publish, result_of
from sinks.poster.statements import Connect
from streams.fault_injection import Control, CrashPoint, disabled, reach
from streams.runtime.clock import Clock
from streams.runtime.errors import Consequence, Role, consequence
from streams.runtime.logging import log
from streams.runtime.metrics import CONFIRM_SECONDS

LINGER_S: Final = 0.003
"""Confirmations are gathered this long: a commit for each answer costs more than all calls."""
LARGEST: Final = 500
PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0

_SQL: Final = named_queries("sinks.poster")
_LOG: Final = log(__name__)
_pack = msgspec.json.encode

Done = Callable[[Outcome, bool], None]
"""Told of each outcome when it is committed; False where it was fenced or could not be stored."""


class Confirmer:
    """One task with one connection at a time. An outcome stays here until it is committed: a positive answer is
    worth any wait, and while the database is away nothing new is marked."""

    def __init__(self, connect: Connect, clock: Clock, group: str, me: str, done: Done) -> None:
        self._connect = connect
        self._clock = clock
        self._group = group
        self._me = me
        self._done = done
        self._waiting: list[tuple[Outcome, float | None, bool]] = []
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._to_look_twice: list[tuple[str, int]] = []

    def submit(self, outcome: Outcome, settle_s: float | None, late: bool) -> None:
        """Hand over an outcome. `settle_s`: of its route, for the way into UNCERTAIN. Returns at once."""
        self._waiting.append((outcome, settle_s, late))
        self._idle.clear()
        self._arrived.set()
        if len(self._waiting) >= LARGEST:
            self._full.set()

    async def drained(self) -> None:
        """Wait until everything that was handed over is committed."""
        await self._idle.wait()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._arrived.wait()
            try:
                async with asyncio.timeout(LINGER_S):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._arrived.clear()
            self._full.clear()
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            if self._waiting:
                self._arrived.set()
            if batch:
                await self._store(batch)
            if not self._waiting:
                self._idle.set()

    async def _store(self, batch: Sequence[tuple[Outcome, float | None, bool]]) -> None:
        """Until it is stored. What the ledger refuses as such is cut out of the batch: the effect stays SENDING, its
        next owner takes it as in doubt, and a read-back finds the truth."""
        pause = PAUSE_S
        while True:
            began = time.monotonic()
            try:
                applied = await self._commit(batch)
                break
            except psycopg.Error as error:
                refused = consequence(error, Role.POSTER) is Consequence.DEAD_LETTER
                if refused or isinstance(error, psycopg.errors.RaiseException | psycopg.ProgrammingError):
                    await self._cut(batch, error)
                    return
                _LOG.warning("results wait for the ledger", error=type(error).__name__, count=len(batch))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        CONFIRM_SECONDS.observe(time.monotonic() - began)
        reach(CrashPoint.POSTER_AFTER_CONFIRM)
        for outcome, _, _ in batch:
            stored = outcome.work.key in applied
            self._count(outcome, stored)
            self._done(outcome, stored)

    async def _cut(self, batch: Sequence[tuple[Outcome, float | None, bool]], error: psycopg.Error) -> None:
        if len(batch) > 1:
            half = len(batch) // 2
            await self._store(batch[:half])
            await self._store(batch[half:])
            return
        outcome = batch[0][0]
        _LOG.failure(
            "a result was refused by the ledger; its effect will be read back",
            error,
            practice_id=outcome.work.practice_id,
            effect_id=outcome.work.effect_id,
            to_state=outcome.verdict.state.value,
        )
        self._done(outcome, False)

    async def _commit(self, batch: Sequence[tuple[Outcome, float | None, bool]]) -> set[tuple[str, int]]:
        """One transaction: 1. positive answers with attempts and results; 2. the others, fenced; 3. dead letters."""
        positive, again = _apart([item for item in batch if item[0].verdict.positive])
        others = [item for item in batch if not item[0].verdict.positive]
        now = self._clock.now()
        self._to_look_twice = []
        async with self._connect() as connection:
            if not others:
                applied = await self._positive(connection, positive, now)
            else:
                async with connection.transaction():
                    applied = await self._positive(connection, positive, now) if positive else set()
                    applied |= await self._others(connection, others, now)
            for item in again:
                await self._positive(connection, [item], now)
            if self._to_look_twice:
                await wake_second_looks(connection, self._to_look_twice)
            return applied

    async def _positive(
        self,
        connection: AsyncConnection[TupleRow],
        items: Sequence[tuple[Outcome, float | None, bool]],
        now: datetime,
    ) -> set[tuple[str, int]]:
        rows = [positive_row(outcome, settle_s, late, now) for outcome, settle_s, late in items]
        cursor = await connection.execute(
            _SQL["confirm_posted"],
            {
                "items": _pack(rows).decode(),
                "now": self._clock.for_database(),
                "results_topic": TopicName.RESULTS.value,
                "fenced": disabled(Control.KEEP_POSITIVE),
            },
            prepare=True,
        )
        found = await cursor.fetchall()
        applied = {(str(p), int(n)) for p, n, _ in found}
        if applied:
            await connection.execute(_SQL["tell_relay"], prepare=True)
        self._to_look_twice += [(str(p), int(n)) for p, n, again in found if again]
        left_out = [outcome for outcome, _, _ in items if outcome.work.key not in applied]
        if left_out and not disabled(Control.KEEP_POSITIVE):
            await self._stood_already(connection, left_out, now)
        return applied

    async def _stood_already(
        self, connection: AsyncConnection[TupleRow], outcomes: Sequence[Outcome], now: datetime
    ) -> None:
        """A second proof of the same entry is none; one of another entry, or beside a person's record, is a double."""
        cursor = await connection.execute(
            _SQL["stands_already"],
            {
                "practice_ids": [outcome.work.practice_id for outcome in outcomes],
                "effect_ids": [outcome.work.effect_id for outcome in outcomes],
            },
        )
        known = {(row[0], row[1]): (State(row[2]), row[3]) for row in await cursor.fetchall()}
        deaths = []
        for outcome in outcomes:
            state, external_id = known[outcome.work.key]
            if state is State.POSTED and external_id in outcome.external_ids:
                continue
            counters.doubled(outcome.work.target.value)
            deaths.append(
                Death(
                    work=outcome.work,
                    state=state,
                    reason=DeadLetterReason.DUPLICATE_AT_TARGET,
                    stage=outcome.phase,
                    attempt=outcome.attempt,
                    generation_sent=True,
                )
            )
        await publish(connection, [], deaths, now, self._group)

    async def _others(
        self,
        connection: AsyncConnection[TupleRow],
        items: Sequence[tuple[Outcome, float | None, bool]],
        now: datetime,
    ) -> set[tuple[str, int]]:
        rows = [other_row(outcome, settle_s, late) for outcome, settle_s, late in items]
        cursor = await connection.execute(
            _SQL["confirm_others"],
            {
                "items": _pack(rows).decode(),
                "now": self._clock.for_database(),
                "unfenced": disabled(Control.EPOCH),
                "me": self._me,
            },
            prepare=True,
        )
        applied = {(str(p), int(n)) for p, n in await cursor.fetchall()}
        results, deaths = [], []
        for outcome, _, _ in items:
            verdict = outcome.verdict
            if verdict.reason is None or outcome.work.key not in applied:
                continue
            results.append(result_of(outcome.work, verdict.state, now, reason=verdict.reason, attempt=outcome.attempt))
            deaths.append(
                Death(
                    work=outcome.work,
                    state=verdict.state,
                    reason=verdict.reason,
                    stage=verdict.stage,
                    attempt=outcome.attempt,
                    generation_sent=verdict.stage is Stage.READBACK,
                )
            )
        await publish(connection, results, deaths, now, self._group)
        return applied

    def _count(self, outcome: Outcome, stored: bool) -> None:
        work, verdict = outcome.work, outcome.verdict
        before = State.SENDING if outcome.phase is Stage.POST else work.state
        if stored and verdict.state is not before:
            counters.moved(work.target.value, before.value, verdict.state.value)
        elif not stored and not verdict.positive:
            counters.fenced(work.target.value)
        if stored and verdict.state is State.RETRYING:
            counters.retried(work.target.value, outcome.code or outcome.answer)


def _apart(
    items: Sequence[tuple[Outcome, float | None, bool]],
) -> tuple[list[tuple[Outcome, float | None, bool]], list[tuple[Outcome, float | None, bool]]]:
    """One proof of each entry, and those that came together with it: a statement writes a row once, so that a second
    proof would be taken for the first, and a double not be seen."""
    first: dict[tuple[str, int], tuple[Outcome, float | None, bool]] = {}
    again = [item for item in items if first.setdefault(item[0].work.key, item) is not item]
    return list(first.values()), again

"""One call to a target, from the mark to an outcome; never raises, never repeats (laws 16 to 18)."""

from __future__ import annotations

import itertools
import random
import time
from datetime import UTC, datetime
from typing import Final

from schemas.vocabulary import Stage, State
from sinks.poster import counters, outcomes
from sinks.poster.connection_leases import Door
from sinks.poster.planned_call import AT_ONCE, Outcome, Verdict, Work
from sinks.poster.pre_send_checks import Ready, entry_in_doubt
from sinks.targets.port import (
    Accepted,
    Answer,
    Entry,
    Found,
    NoAnswer,
    NothingSent,
    PaymentTarget,
    Posted,
    ReadFailed,
    Refused,
    Scope,
)
from streams.fault_injection import Control, CrashPoint, disabled, reach
from streams.runtime.logging import log
from streams.runtime.times import Times

_LOG: Final = log(__name__)
_JITTER: Final = random.SystemRandom()
_BOOT_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts while the machine sleeps, where the system has such a clock."""


class MarkStamp:
    """When a mark was asked for, on two clocks: each of them alone can stand still or be set back (law 17)."""

    __slots__ = ("_boot", "_wall")

    def __init__(self) -> None:
        self._boot = time.clock_gettime(_BOOT_CLOCK)
        self._wall = time.time()

    def age_s(self) -> float:
        return max(time.clock_gettime(_BOOT_CLOCK) - self._boot, time.time() - self._wall)


class MarkGuard:
    """The `StartGuard` of one call: says no when the first byte would leave too long after the mark (law 17)."""

    __slots__ = ("_margin_s", "_stamp")

    def __init__(self, stamp: MarkStamp, margin_s: float) -> None:
        self._stamp = stamp
        self._margin_s = margin_s

    def may_start(self) -> bool:
        reach(CrashPoint.POSTER_BEFORE_SEND)
        return disabled(Control.LATE_CHECK) or self._stamp.age_s() <= self._margin_s


class Caller:
    """Makes the calls of one poster process."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._rows = itertools.count(1)

    async def post(
        self,
        work: Work,
        ready: Ready,
        door: Door,
        adapter: PaymentTarget,
        epoch: int,
        attempt: int,
        stamp: MarkStamp,
    ) -> Outcome:
        """The one call of this generation. An error of ours in the adapter is no answer either."""
        reach(CrashPoint.POSTER_AFTER_MARK)
        began_at = datetime.now(UTC)
        guard = MarkGuard(stamp, door.times.start_margin_s)
        answer = await self._posted(ready, adapter, guard, door.times.deadline_s)
        if not isinstance(answer, NothingSent):
            reach(CrashPoint.POSTER_AFTER_ANSWER)  # with what the target said in hand
        verdict = outcomes.after_post(answer, attempts=attempt, times=self._times, chance=_JITTER.random())
        counters.posted(door.target_name, answer, (datetime.now(UTC) - began_at).total_seconds())
        return self._outcome(work, ready.entry, verdict, Stage.POST, epoch, attempt, answer, began_at)

    async def read_back(self, work: Work, door: Door, adapter: PaymentTarget, epoch: int) -> Outcome:
        """Looks for an entry in doubt. The plan was read before this began, so `work.settled` is on the safe side."""
        reach(CrashPoint.POSTER_IN_READ_BACK)
        began_at = datetime.now(UTC)
        capabilities = adapter.capabilities
        entry = entry_in_doubt(work)
        if disabled(Control.READ_BACK):
            reading: Found | ReadFailed = Found(external_ids=(), began_at=began_at)
            verdict = Verdict(state=State.RETRYING, wait=AT_ONCE, proven_absent=True, stage=Stage.READBACK)
        elif not capabilities.reads_back:
            reading = Found(external_ids=(), began_at=began_at)
            verdict = outcomes.without_read_back()
        else:
            reading = await self._read(entry, adapter, door.times.deadline_s)
            verdict = outcomes.after_read(
                reading,
                work,
                capabilities,
                times=self._times,
                chance=_JITTER.random(),
                settle_time=not disabled(Control.SETTLE_TIME),
            )
        counters.read(door.target_name, reading, verdict, (datetime.now(UTC) - began_at).total_seconds())
        return self._outcome(work, entry, verdict, Stage.READBACK, epoch, work.attempts, reading, began_at)

    async def _posted(self, ready: Ready, adapter: PaymentTarget, guard: MarkGuard, deadline_s: float) -> Answer:
        try:
            return await adapter.post(ready.entry, ready.frozen.composed(), guard, deadline_s)
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, the entry may stand: read back
            _LOG.failure("an adapter raised instead of answering", error, effect_id=ready.entry.effect_id)
            return NoAnswer(code="ADAPTER_ERROR")

    async def _read(self, entry: Entry, adapter: PaymentTarget, deadline_s: float) -> Found | ReadFailed:
        try:
            return await adapter.read_back(entry, deadline_s)
        except Exception as error:  # noqa: BLE001 - says nothing about the entry
            _LOG.failure("an adapter raised instead of reading back", error, effect_id=entry.effect_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

    def _outcome(
        self,
        work: Work,
        entry: Entry,
        verdict: Verdict,
        phase: Stage,
        epoch: int,
        attempt: int,
        answer: Answer | Found | ReadFailed,
        began_at: datetime,
    ) -> Outcome:
        n = attempt if phase is Stage.POST else next(self._rows)
        if verdict.gives_back:
            n = -next(self._rows)
        return Outcome(
            work=work,
            verdict=verdict,
            phase=phase,
            epoch=epoch,
            attempt=attempt,
            n=n,
            generation=entry.generation,
            request_id=entry.request_id,
            answer=type(answer).__name__,
            scope=answer.scope.value if isinstance(answer, Refused | NothingSent | ReadFailed) else None,
            code=getattr(answer, "code", None),
            external_ids=_external_ids(answer),
            vendor_request_id=getattr(answer, "vendor_request_id", None),
            began_at=began_at,
            ended_at=datetime.now(UTC),
        )


def _external_ids(answer: Answer | Found | ReadFailed) -> tuple[str, ...]:
    if isinstance(answer, Found):
        return answer.external_ids
    if isinstance(answer, Posted | Accepted) and answer.external_id is not None:
        return (answer.external_id,)
    return ()

"""One call to a target, from its mark to its outcome; never raises, never repeats (laws 16 to 18)."""

from __future__ import annotations

import itertools
import random
import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas.vocabulary import Stage, State
from sinks.poster import counters, verdicts
from sinks.poster.answer_classes import class_of
from sinks.poster.call_outcome import Outcome, Sighting, Verdict
from sinks.poster.heartbeats import Heartbeats
from sinks.poster.planned_call import PlannedCall
from sinks.poster.practice_lease import PracticeLease
from sinks.poster.pre_send_checks import Ready, entry_in_doubt
from sinks.poster.sightings import NOTHING_SEEN, SeenBefore
from sinks.targets.foreign_values import bounded_answer, bounded_reading
from sinks.targets.port import (
    Accepted,
    Answer,
    Found,
    NoAnswer,
    NothingSent,
    PaymentTarget,
    Posted,
    ReadFailed,
    Refused,
    Scope,
    TargetEntry,
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
        """Seconds since then, by the clock that says more."""
        return max(time.clock_gettime(_BOOT_CLOCK) - self._boot, time.time() - self._wall)


class MarkGuard:
    """The `StartGuard` of one call: says no when the first byte would leave too long after the mark (law 17)."""

    __slots__ = ("_margin_s", "_stamp")

    def __init__(self, stamp: MarkStamp, margin_s: float) -> None:
        self._stamp = stamp
        self._margin_s = margin_s

    def may_start(self) -> bool:
        """Asked by the adapter once it is connected, before the first byte."""
        reach(CrashPoint.POSTER_BEFORE_SEND)
        return disabled(Control.LATE_CHECK) or self._stamp.age_s() <= self._margin_s


class Caller:
    """Makes the calls of one poster process."""

    def __init__(self, times: Times, heartbeats: Heartbeats) -> None:
        self._times = times
        self._heartbeats = heartbeats
        self._rows = itertools.count(1)

    async def post(
        self, call: PlannedCall, ready: Ready, lease: PracticeLease, target: PaymentTarget, stamp: MarkStamp
    ) -> Outcome:
        """The one call of this generation; `call` counts this attempt. An error of ours in the adapter is no answer."""
        reach(CrashPoint.POSTER_AFTER_MARK)
        began_at = datetime.now(UTC)
        times = lease.connection.times
        guard = MarkGuard(stamp, times.start_margin_s)
        answer = await self._post(ready, target, guard, times.deadline_s)
        if not isinstance(answer, NothingSent):
            reach(CrashPoint.POSTER_AFTER_ANSWER)
        verdict = verdicts.after_post(answer, attempts=call.attempts, times=self._times, chance=_JITTER.random())
        self._counted(call, answer, verdict, began_at)
        counters.posted(lease.connection.route, answer, (datetime.now(UTC) - began_at).total_seconds())
        return self._outcome(call, ready.entry, verdict, Stage.POST, lease.epoch, answer, began_at)

    async def read_back(
        self, call: PlannedCall, lease: PracticeLease, target: PaymentTarget, seen: SeenBefore = NOTHING_SEEN
    ) -> Outcome:
        """Looks for an entry in doubt, first where it was seen before. The plan was read before this began, so
        `call.settled` is on the safe side."""
        reach(CrashPoint.POSTER_IN_READ_BACK)
        began_at = datetime.now(UTC)
        entry = seen.into(entry_in_doubt(call))
        if target.capabilities.reads_back:
            reading = await self._read(entry, target, lease.connection.times.deadline_s)
            verdict = verdicts.after_read(
                reading,
                msgspec.structs.replace(call, settled=True) if disabled(Control.SETTLE_TIME) else call,
                target.capabilities,
                times=self._times,
                chance=_JITTER.random(),
                sent_ago_s=0.0 if call.sent_at is None else (began_at - call.sent_at).total_seconds(),
            )
            self._counted(call, reading, verdict, began_at)
        else:
            reading, verdict = Found(external_ids=(), began_at=began_at), verdicts.without_read_back()
        counters.read(lease.connection, reading, verdict, (datetime.now(UTC) - began_at).total_seconds())
        return self._outcome(call, entry, verdict, Stage.READBACK, lease.epoch, reading, began_at)

    def _counted(
        self, call: PlannedCall, answer: Answer | Found | ReadFailed, verdict: Verdict, began_at: datetime
    ) -> None:
        seconds = (datetime.now(UTC) - began_at).total_seconds()
        retried = verdict.state is State.RETRYING
        self._heartbeats.count(call.practice_id, call.target, class_of(answer), seconds, retried=retried)

    async def _post(self, ready: Ready, target: PaymentTarget, guard: MarkGuard, deadline_s: float) -> Answer:
        try:
            return bounded_answer(await target.post(ready.entry, ready.frozen.composed(), guard, deadline_s))
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, the entry may stand: read back
            _LOG.failure("an adapter raised instead of answering", error, effect_id=ready.entry.effect_id)
            return NoAnswer(code="ADAPTER_ERROR")

    async def _read(self, entry: TargetEntry, target: PaymentTarget, deadline_s: float) -> Found | ReadFailed:
        if disabled(Control.READ_BACK):
            return Found(external_ids=(), began_at=datetime.now(UTC))
        try:
            return bounded_reading(await target.read_back(entry, deadline_s))
        except Exception as error:  # noqa: BLE001 - says nothing about the entry
            _LOG.failure("an adapter raised instead of reading back", error, effect_id=entry.effect_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

    def _outcome(
        self,
        call: PlannedCall,
        entry: TargetEntry,
        verdict: Verdict,
        phase: Stage,
        epoch: int,
        answer: Answer | Found | ReadFailed,
        began_at: datetime,
    ) -> Outcome:
        n = call.attempts if phase is Stage.POST else next(self._rows)
        if verdict.gives_back:
            n = -next(self._rows)
        return Outcome(
            call=call,
            verdict=verdict,
            phase=phase,
            epoch=epoch,
            attempt=call.attempts,
            n=n,
            generation=entry.generation,
            request_id=entry.request_id,
            answer=type(answer).__name__,
            scope=answer.scope.value if isinstance(answer, Refused | NothingSent | ReadFailed) else None,
            code=getattr(answer, "code", None),
            external_ids=_external_ids(answer),
            sightings=_sightings(answer),
            vendor_request_id=getattr(answer, "vendor_request_id", None),
            began_at=began_at,
            ended_at=datetime.now(UTC),
        )


def _sightings(answer: Answer | Found | ReadFailed) -> tuple[Sighting, ...]:
    if isinstance(answer, NoAnswer) and answer.seen_id is not None:
        return (Sighting(external_id=answer.seen_id),)
    if not isinstance(answer, Found):
        return ()
    ours = answer.differing_ids + (answer.external_ids if len(answer.external_ids) > 1 else ())
    possible = tuple(Sighting(external_id=each, possible=True) for each in answer.possible_ids)
    return tuple(Sighting(external_id=each) for each in ours) + possible


def _external_ids(answer: Answer | Found | ReadFailed) -> tuple[str, ...]:
    if isinstance(answer, Found):
        return answer.external_ids
    if isinstance(answer, Posted | Accepted) and answer.external_id is not None:
        return (answer.external_id,)
    return ()

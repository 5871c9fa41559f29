"""What every answer means: the one place that turns a target's answer into a state, a due time and a fence.

Pure; nothing else in the poster decides a state after a call. PROTOCOL section 3 is the table behind it, laws 17, 19,
20 and 22 are its reasons.
"""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import ConnectionReason, DeadLetterReason, Stage, State
from sinks.poster.planned_call import AT_ONCE, UNCHANGED, WHEN_SETTLED, Closing, Verdict, Wait, Work
from sinks.poster.retry_times import backoff_s, read_again_s
from sinks.targets.port import (
    Accepted,
    Answer,
    Capabilities,
    Found,
    NoAnswer,
    NotComposed,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
)
from streams.runtime.times import Times

_DEAD_STATE: Final = {
    RefusalClass.CONFIG: State.INVALID_CONFIG,
    RefusalClass.PERIOD: State.BLOCKED_PERIOD,
    RefusalClass.BUSINESS: State.REJECTED,
    RefusalClass.MALFORMED: State.REJECTED,
}


def after_post(answer: Answer, *, attempts: int, times: Times, chance: float) -> Verdict:
    """After the one call. `attempts` counts this one; `chance` in [0, 1) is the jitter."""
    match answer:
        case Posted():
            return Verdict(state=State.POSTED, positive=True)
        case Accepted():
            return Verdict(state=State.ACCEPTED, wait=AT_ONCE)
        case NothingSent(scope=Scope.EFFECT):
            # Too late after the mark: our own delay, so it costs the effect nothing (law 17).
            return Verdict(state=State.RETRYING, wait=AT_ONCE, gives_back=True)
        case NothingSent():
            return _connection_failed(answer.reason, None)
        case Refused(scope=Scope.EFFECT, kind=RefusalClass.TEMPORARY):
            wait = Wait(seconds=max(answer.retry_after_s or 0.0, backoff_s(times, attempts, chance)))
            return Verdict(state=State.RETRYING, wait=wait)
        case Refused(scope=Scope.EFFECT):
            return Verdict(state=_DEAD_STATE[answer.kind], reason=_dead_reason(answer))
        case Refused():
            reason = answer.reason if isinstance(answer.reason, ConnectionReason) else None
            return _connection_failed(reason, answer.retry_after_s)
        case NoAnswer():
            return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, suspicious=True)


def after_read(
    reading: Found | ReadFailed,
    work: Work,
    capabilities: Capabilities,
    *,
    times: Times,
    chance: float,
    settle_time: bool = True,
) -> Verdict:
    """After a read-back of an effect in doubt. `settle_time` False is the control that takes law 19 away."""
    if isinstance(reading, ReadFailed):
        return _read_failed(reading, work, times, chance)
    if len(reading.external_ids) == 1 and not reading.differing_ids:
        return Verdict(state=State.POSTED, positive=True, stage=Stage.READBACK)
    if reading.external_ids or reading.differing_ids:
        if work.state is State.ACCEPTED:
            return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, stage=Stage.READBACK)
        # Our marker with another amount is neither absence nor proof.
        alone = len(reading.external_ids) + len(reading.differing_ids) == 1
        return _unsettled(DeadLetterReason.TOTAL_DIFFERS if alone else DeadLetterReason.FOUND_TWICE)
    if settle_time and not work.settled:
        # Presence can be proven early, absence cannot.
        return Verdict(state=work.state, wait=WHEN_SETTLED, stage=Stage.READBACK)
    if work.state is State.ACCEPTED:
        return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, stage=Stage.READBACK)
    if not capabilities.proves_absence:
        return _unsettled(DeadLetterReason.OUTCOME_UNKNOWN)
    wait = Wait(seconds=backoff_s(times, work.attempts, chance)) if work.attempts else AT_ONCE
    return Verdict(state=State.RETRYING, wait=wait, proven_absent=True, stage=Stage.READBACK)


def without_read_back() -> Verdict:
    """In doubt at a target that cannot be asked: a person decides."""
    return _unsettled(DeadLetterReason.OUTCOME_UNKNOWN)


def not_composed(refused: NotComposed) -> Verdict:
    """The mapping of today does not carry it; nothing was sent (N-8)."""
    return Verdict(state=refused.state, reason=refused.reason)


def retries_spent() -> Verdict:
    return Verdict(state=State.DEAD_LETTERED, reason=DeadLetterReason.RETRIES_SPENT)


def period_closed() -> Verdict:
    """T-12: the target would take it, the practice's books are closed."""
    return Verdict(state=State.BLOCKED_PERIOD, reason=DeadLetterReason.PERIOD_CLOSED)


def _read_failed(failed: ReadFailed, work: Work, times: Times, chance: float) -> Verdict:
    if failed.scope is not Scope.EFFECT:
        closing = Closing(failed.reason or ConnectionReason.TARGET_DOWN, failed.retry_after_s)
        return Verdict(state=work.state, wait=UNCHANGED, closes=closing, stage=Stage.READBACK)
    if work.aged and work.state is State.UNCERTAIN:
        return _unsettled(DeadLetterReason.OUTCOME_UNKNOWN)
    wait = Wait(seconds=read_again_s(times, failed.retry_after_s, chance))
    return Verdict(state=work.state, wait=wait, stage=Stage.READBACK)


def _unsettled(reason: DeadLetterReason) -> Verdict:
    return Verdict(state=State.DEAD_LETTERED, reason=reason, stage=Stage.READBACK)


def _connection_failed(reason: ConnectionReason | None, retry_after_s: float | None) -> Verdict:
    """Nobody's fault but the connection's: the effect stays due, the attempt is given back, the gate closes."""
    closing = Closing(reason or ConnectionReason.UNREACHABLE, retry_after_s)
    return Verdict(state=State.RETRYING, wait=UNCHANGED, gives_back=True, closes=closing)


def _dead_reason(answer: Refused) -> DeadLetterReason:
    return answer.reason if isinstance(answer.reason, DeadLetterReason) else DeadLetterReason.REFUSED_BY_TARGET

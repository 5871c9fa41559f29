"""Decides what an answer of a target means: the state, the due time and the fence of its effect. Pure.

The only place that decides a state after a call that ended; a mark whose poster died is settled in `calls.sql`. Behind
it stands the table of transitions in `sinks/ledger/schema/TRANSITIONS.md`; laws 17, 19, 20 and 22 are its reasons.
"""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import ConnectionReason, DeadLetterReason, Stage, State
from sinks.poster.call_outcome import AT_ONCE, UNCHANGED, WHEN_SETTLED, Closing, Verdict, Wait
from sinks.poster.planned_call import PlannedCall
from sinks.poster.retry_times import backoff_s, look_again_s, read_again_s
from sinks.targets.port import (
    Accepted,
    Answer,
    Capabilities,
    Found,
    NoAnswer,
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
    """The verdict after the one call. `attempts` counts this one; `chance` in [0, 1) is the jitter."""
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
            return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, suspicious=not answer.answered)


def after_read(
    reading: Found | ReadFailed,
    call: PlannedCall,
    capabilities: Capabilities,
    *,
    times: Times,
    chance: float,
    sent_ago_s: float = 0.0,
) -> Verdict:
    """The verdict after a read-back of an effect in doubt (law 19): presence is believed at any time, absence only once
    the effect has settled. `chance` in [0, 1) is the jitter; `sent_ago_s` is how long it has been on its way."""
    if isinstance(reading, ReadFailed):
        later_s = look_again_s(times, sent_ago_s) if capabilities.answers_later else 0.0
        return _read_failed(reading, call, times, chance, later_s)
    if len(reading.external_ids) == 1 and not reading.differing_ids:
        return Verdict(state=State.POSTED, positive=True, stage=Stage.READBACK)
    if reading.external_ids or reading.differing_ids:
        if call.state is State.ACCEPTED:
            return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, stage=Stage.READBACK)
        # Our marker with another amount is neither absence nor proof.
        alone = len(reading.external_ids) + len(reading.differing_ids) == 1
        return _unsettled(DeadLetterReason.TOTAL_DIFFERS if alone else DeadLetterReason.FOUND_TWICE)
    if not call.settled:
        wait = Wait(seconds=look_again_s(times, sent_ago_s)) if capabilities.answers_later else WHEN_SETTLED
        return Verdict(state=call.state, wait=wait, stage=Stage.READBACK)
    if call.state is State.ACCEPTED:
        return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, stage=Stage.READBACK)
    if reading.possible_ids or not capabilities.proves_absence:
        # An entry whose marker people may have taken away is neither absence nor proof.
        return _unsettled(DeadLetterReason.OUTCOME_UNKNOWN)
    wait = Wait(seconds=backoff_s(times, call.attempts, chance)) if call.attempts else AT_ONCE
    return Verdict(state=State.RETRYING, wait=wait, proven_absent=True, stage=Stage.READBACK)


def without_read_back() -> Verdict:
    """In doubt at a target that cannot be asked: a person decides."""
    return _unsettled(DeadLetterReason.OUTCOME_UNKNOWN)


def unstorable(call: PlannedCall, phase: Stage, wait_s: float) -> Verdict:
    """The ledger refuses to keep what the target said: the entry is in doubt, or stays so, and is read back after
    `wait_s`; what nobody can settle for the whole retry budget is a person's to decide, as after reads that fail."""
    if phase is Stage.POST:
        return Verdict(state=State.UNCERTAIN, wait=Wait(seconds=wait_s), stage=phase)
    return _given_up(call) or Verdict(state=call.state, wait=Wait(seconds=wait_s), stage=phase)


def _read_failed(failed: ReadFailed, call: PlannedCall, times: Times, chance: float, later_s: float) -> Verdict:
    if failed.scope is not Scope.EFFECT:
        closing = Closing(failed.reason or ConnectionReason.TARGET_DOWN, failed.retry_after_s)
        return Verdict(state=call.state, wait=UNCHANGED, closes=closing, stage=Stage.READBACK)
    wait = Wait(seconds=max(later_s, read_again_s(times, failed.retry_after_s, chance)))
    return _given_up(call) or Verdict(state=call.state, wait=wait, stage=Stage.READBACK)


def _given_up(call: PlannedCall) -> Verdict | None:
    """What nobody could read for the whole retry budget: what was taken is in doubt first, and what is in doubt is a
    person's. Nobody waits for an outcome for ever."""
    if not call.aged:
        return None
    if call.state is State.ACCEPTED:
        return Verdict(state=State.UNCERTAIN, wait=AT_ONCE, stage=Stage.READBACK)
    return _unsettled(DeadLetterReason.OUTCOME_UNKNOWN)


def _unsettled(reason: DeadLetterReason) -> Verdict:
    return Verdict(state=State.DEAD_LETTERED, reason=reason, stage=Stage.READBACK)


def _connection_failed(reason: ConnectionReason | None, retry_after_s: float | None) -> Verdict:
    """The connection's fault alone: the effect stays due, the attempt is given back, the connection is closed."""
    closing = Closing(reason or ConnectionReason.UNREACHABLE, retry_after_s)
    return Verdict(state=State.RETRYING, wait=UNCHANGED, gives_back=True, closes=closing)


def _dead_reason(answer: Refused) -> DeadLetterReason:
    return answer.reason if isinstance(answer.reason, DeadLetterReason) else DeadLetterReason.REFUSED_BY_TARGET

"""The test post of a go-live check: kept apart from the ledger, sent like everything else (SET-17, SET-24, laws 16-19).

1. What is to be written is stored, with the one request id that this step ever has. 2. It is marked, committed, then
sent once. 3. It is looked for at the target; without having been found it is sent again only after the target's own
processing time, when absence is proven. A crash at any point is continued by the same command.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from schemas.vocabulary import DeadLetterReason, Target
from sinks.ledger.rows.fetch import fetch_one
from sinks.ledger.rows.practices import GoliveState
from sinks.operations.actions.golive_plans import QUERIES, Step
from sinks.operations.ledger import Connection
from sinks.operations.words.reasons import words_for
from sinks.operations.words.systems import with_system
from sinks.poster.call import MarkGuard, MarkStamp
from sinks.targets.foreign_values import bounded_answer, bounded_reading
from sinks.targets.port import (
    Composed,
    Found,
    NotComposed,
    NothingSent,
    PaymentTarget,
    ReadFailed,
    Refused,
    StartGuard,
    TargetEntry,
)
from streams.fault_injection import CrashPoint, reach
from streams.runtime.times import CallTimes

SENDS: Final = 2
"""Of one step in one run: the second only after a proven absence."""


class Mark(msgspec.Struct, frozen=True):
    """That an attempt is about to be sent, committed before its first byte."""

    attempts: int
    sent_at: datetime


class StepOutcome(msgspec.Struct, frozen=True):
    """How a step stands. `open`: neither proven nor disproven yet."""

    passed: bool
    text: str
    open: bool = False


async def carry_out(
    connection: Connection,
    practice_id: str,
    step: Step,
    target: PaymentTarget,
    times: CallTimes,
    origin_id: str | None = None,
) -> tuple[Step, StepOutcome]:
    """Send a step if it has to be sent, and look for it. Each statement is a transaction of its own."""
    if not target.capabilities.reads_back:
        return step, StepOutcome(False, "this system cannot be asked whether an entry stands: no check can prove it")
    for _ in range(SENDS):
        entry = step.entry(practice_id, origin_id)
        if step.state is GoliveState.PLANNED:
            marked, refusal = await _send(connection, practice_id, step, entry, target, times)
            if refusal is not None:
                return marked, refusal
            step, entry = marked, marked.entry(practice_id, origin_id)
        if step.state is GoliveState.FOUND:
            break
        step, done = await _look(connection, practice_id, step, entry, target, times)
        if done is not None:
            return step, done
    return step, StepOutcome(step.state is GoliveState.FOUND, f"found at the practice's system ({step.external_id})")


async def _send(
    connection: Connection,
    practice_id: str,
    step: Step,
    entry: TargetEntry,
    target: PaymentTarget,
    times: CallTimes,
) -> tuple[Step, StepOutcome | None]:
    composed = target.compose(entry)
    if isinstance(composed, NotComposed):
        return step, StepOutcome(False, f"{composed.field}: map it first (writeback target add), then repeat the check")
    key = _key(practice_id, step)
    # Taken before the statement, so that the age of a mark is never thought too small (law 17).
    guard = MarkGuard(MarkStamp(), times.start_margin_s)
    mark = fetch_one(connection, Mark, QUERIES["mark"], key | {"settle": timedelta(seconds=times.settle_s)})
    if mark is None:
        return step, StepOutcome(False, "another check of this practice is at work: repeat this one later", open=True)
    step = msgspec.structs.replace(
        step, state=GoliveState.SENT, attempts=mark.attempts, sent_at=mark.sent_at, settled=False, external_id=None
    )
    reach(CrashPoint.GOLIVE_AFTER_MARK)
    refused = await _call(entry, composed, target, guard, times.deadline_s)
    reach(CrashPoint.GOLIVE_AFTER_ANSWER)
    if refused is None:
        return step, None
    connection.execute(QUERIES["not_written"], key | {"attempt": step.attempts, "code": refused.code})
    return msgspec.structs.replace(step, state=GoliveState.PLANNED), StepOutcome(False, _words(refused))


async def _call(
    entry: TargetEntry, request: Composed, target: PaymentTarget, guard: StartGuard, deadline_s: float
) -> Refused | NothingSent | None:
    """The one call. None: it was taken, or nobody knows; the read-back tells."""
    answer = bounded_answer(await target.post(entry, request, guard, deadline_s))
    return answer if isinstance(answer, Refused | NothingSent) else None


async def _look(
    connection: Connection, practice_id: str, step: Step, entry: TargetEntry, target: PaymentTarget, times: CallTimes
) -> tuple[Step, StepOutcome | None]:
    """None: absence is proven, so it may be sent again. Whether it had settled was read before the look began."""
    reading = bounded_reading(await target.read_back(entry, times.deadline_s))
    if isinstance(reading, ReadFailed):
        return step, StepOutcome(
            False, f"the practice's system could not be asked ({reading.code}): repeat later", open=True
        )
    if len(reading.external_ids) == 1:
        external_id = reading.external_ids[0]
        connection.execute(QUERIES["found"], _key(practice_id, step) | {"external_id": external_id})
        found = msgspec.structs.replace(step, state=GoliveState.FOUND, external_id=external_id)
        return found, StepOutcome(True, f"found at the practice's system ({external_id})")
    if reading.external_ids or reading.differing_ids or (reading.possible_ids and step.settled):
        return step, StepOutcome(False, _doubtful(step, reading))
    if step.settled and target.capabilities.proves_absence:
        again = {"attempt": step.attempts, "code": "ABSENT"}
        connection.execute(QUERIES["not_written"], _key(practice_id, step) | again)
        return msgspec.structs.replace(step, state=GoliveState.PLANNED), None
    text = f"sent, and not found yet ({step.marker}): repeat the command in {times.settle_s:.0f} seconds"
    return step, StepOutcome(False, text, open=True)


def _doubtful(step: Step, reading: Found) -> str:
    ids = ", ".join((*reading.external_ids, *reading.differing_ids))
    if not ids:
        ids = ", ".join(reading.possible_ids)
        return f"{step.marker} may stand without its reference ({ids}): a person has to look at it"
    return f"{step.marker} stands more than once, or with another amount ({ids}): a person has to look at it"


def _key(practice_id: str, step: Step) -> dict[str, Any]:
    return {"practice_id": practice_id, "check_no": step.check_no, "step": step.name}


def _words(refused: Refused | NothingSent) -> str:
    if isinstance(refused, NothingSent):
        return f"the practice's system cannot be reached ({refused.code}): check its address, then repeat"
    if refused.reason is DeadLetterReason.PATIENT_NOT_FOUND:
        return f"the practice's system knows no such patient ({refused.code}): name a test patient of it, then repeat"
    remedy = with_system(words_for(refused.reason).remedy, Target.PMS)
    return f"the practice's system refused it ({refused.code}), and nothing was written. {remedy} Then repeat the check"

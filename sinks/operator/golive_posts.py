"""The test post of a go-live check: kept apart from the ledger, sent like everything else (SET-17, SET-24, laws 16-19).

1. What is to be written is stored, with the one request id that this step ever has. 2. It is marked, committed, then
sent once. 3. It is looked for at the target; without having been found it is sent again only after the target's own
processing time, when absence is proven. A crash at any point is continued by the same command.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from schemas.events import PaymentKind, Tender
from schemas.practice_settings import PracticeSettings
from schemas.states import EntryKind
from schemas.writebacks import Instruction
from sinks.ledger.request_ids import marker, request_id
from sinks.named_queries import named_queries
from sinks.operator.reading import Connection
from sinks.port import (
    Composed,
    Entry,
    Found,
    NotComposed,
    NothingSent,
    PaymentTarget,
    Posted,
    ReadFailed,
    Refused,
    StartGuard,
)
from sinks.poster.calling import MarkGuard, MarkStamp
from streams.controls import Controls
from streams.crash_points import CrashPoint, reach
from streams.errors import ConfigurationError
from streams.times import CallTimes

AMOUNT_MINOR: Final = 100
"""Small enough to be harmless, large enough to be seen on a patient's account."""
SOURCE: Final = "writeback"
"""No upstream system has this name: what we cause ourselves (law 6)."""
TAKES_BACK: Final = (EntryKind.REVERSAL, EntryKind.REFUND, EntryKind.FEE_ADJUSTMENT)
"""How the test payment is taken back, the plainest way first: what the route offers and the mapping allows."""
SENDS: Final = 2
"""Of one step in one run: the second only after a proven absence."""
_SQL: Final = named_queries("sinks.operator", "golive.sql")


class StepName(StrEnum):
    PAYMENT = "payment"
    REVERSAL = "reversal"


class StepState(StrEnum):
    PLANNED = "PLANNED"
    SENT = "SENT"
    FOUND = "FOUND"


class Step(msgspec.Struct, frozen=True):
    """A row of `golive_checks`."""

    check_no: int
    name: StepName
    connection_id: str
    pms_patient_id: str
    entry_kind: EntryKind
    request_id: str
    instruction: Instruction
    state: StepState
    attempts: int
    sent_at: datetime | None
    settled: bool | None
    external_id: str | None

    @property
    def marker(self) -> str:
        return marker(self.request_id)

    def entry(self, practice_id: str, origin_id: str | None) -> Entry:
        return Entry(
            practice_id=practice_id,
            connection_id=self.connection_id,
            effect_id=0,
            generation=1,
            request_id=self.request_id,
            marker=self.marker,
            earlier_markers=(),
            instruction=self.instruction,
            pms_patient_id=self.pms_patient_id,
            sent_at=self.sent_at,
            part=f"{EntryKind.PAYMENT.value}/@1" if self.entry_kind is EntryKind.REVERSAL else "",
            origin_id=origin_id,
        )


class Done(msgspec.Struct, frozen=True):
    """How a step stands. `open`: neither proven nor disproven yet."""

    passed: bool
    text: str
    open: bool = False


def latest(connection: Connection, practice_id: str, account: str) -> list[Step]:
    """The steps of the newest check at an account, the payment first; none before the first."""
    rows = connection.execute(_SQL["latest_check"], {"practice_id": practice_id, "account": account}).fetchall()
    return [
        Step(
            row[0],
            StepName(row[1]),
            row[2],
            row[3],
            EntryKind(row[4]),
            row[5],
            msgspec.convert(row[6], Instruction),
            StepState(row[7]),
            *row[8:],
        )
        for row in rows
    ]


def left_elsewhere(connection: Connection, practice_id: str, account: str) -> list[str]:
    """Markers of test entries that an unfinished check left at another account."""
    rows = connection.execute(_SQL["left_elsewhere"], {"practice_id": practice_id, "account": account}).fetchall()
    return [marker(row[2]) for row in rows]


def begin(
    connection: Connection,
    practice_id: str,
    target: PaymentTarget,
    *,
    connection_id: str,
    account: str,
    pms_patient_id: str,
    settings: PracticeSettings,
    at: datetime,
    actor: str,
) -> list[Step]:
    """Plan a new check; the caller holds the practice's lock. ConfigurationError where the route cannot write both."""
    ((number,),) = connection.execute(_SQL["next_check"], {"practice_id": practice_id}).fetchall()
    kinds = [EntryKind.PAYMENT, *(kind for kind in TAKES_BACK if kind in target.capabilities.entry_kinds)]
    payment, *ways = [_planned(practice_id, number, kind, connection_id, pms_patient_id, settings, at) for kind in kinds]
    problem = _missing(payment, practice_id, target)
    missing = [(way, _missing(way, practice_id, target)) for way in ways]
    chosen = next((way for way, why in missing if why is None), None)
    if problem is not None or chosen is None:
        field = problem or next((why for _, why in missing if why is not None), "entry_kind")
        raise ConfigurationError(f"{field}: map it first (writeback target add): the test post needs its type")
    for step in (payment, chosen):
        connection.execute(
            _SQL["add_step"],
            {
                "practice_id": practice_id,
                "check_no": number,
                "step": step.name,
                "connection_id": connection_id,
                "account": account,
                "pms_patient_id": pms_patient_id,
                "entry_kind": step.entry_kind,
                "request_id": step.request_id,
                "instruction": Jsonb(msgspec.to_builtins(step.instruction)),
                "now": at,
                "actor": actor,
            },
        )
    return latest(connection, practice_id, account)


def drop_unsent(connection: Connection, practice_id: str, check_no: int) -> bool:
    """Forget a check of which nothing was ever sent; False where something was."""
    dropped = connection.execute(_SQL["drop_unsent"], {"practice_id": practice_id, "check_no": check_no})
    return dropped.rowcount > 0


async def carry_out(
    connection: Connection,
    practice_id: str,
    step: Step,
    target: PaymentTarget,
    times: CallTimes,
    controls: Controls,
    origin_id: str | None = None,
) -> tuple[Step, Done]:
    """Send a step if it has to be sent, and look for it. Each statement is a transaction of its own."""
    if not target.capabilities.reads_back:
        return step, Done(False, "this system cannot be asked whether an entry stands: no check can prove it")
    for _ in range(SENDS):
        entry = step.entry(practice_id, origin_id)
        if step.state is StepState.PLANNED:
            marked, refusal = await _send(connection, practice_id, step, entry, target, times, controls)
            if refusal is not None:
                return marked, refusal
            step, entry = marked, marked.entry(practice_id, origin_id)
        if step.state is StepState.FOUND:
            break
        step, done = await _look(connection, practice_id, step, entry, target, times)
        if done is not None:
            return step, done
    return step, Done(step.state is StepState.FOUND, f"found at the practice's system ({step.external_id})")


async def _send(
    connection: Connection,
    practice_id: str,
    step: Step,
    entry: Entry,
    target: PaymentTarget,
    times: CallTimes,
    controls: Controls,
) -> tuple[Step, Done | None]:
    composed = target.compose(entry)
    if isinstance(composed, NotComposed):
        return step, Done(False, f"{composed.field}: map it first (writeback target add), then repeat the check")
    key = _key(practice_id, step)
    # Taken before the statement, so that the age of a mark is never thought too small (law 17).
    guard = MarkGuard(MarkStamp(), times.start_margin_s, controls)
    marks = connection.execute(_SQL["mark"], key | {"settle": timedelta(seconds=times.settle_s)}).fetchone()
    if marks is None:
        return step, Done(False, "another check of this practice is at work: repeat this one later", open=True)
    step = msgspec.structs.replace(
        step, state=StepState.SENT, attempts=marks[0], sent_at=marks[1], settled=False, external_id=None
    )
    reach(CrashPoint.GOLIVE_AFTER_MARK)
    refused = await _call(entry, composed, target, guard, times.deadline_s)
    reach(CrashPoint.GOLIVE_AFTER_ANSWER)
    if refused is None:
        return step, None
    connection.execute(_SQL["not_written"], key | {"attempt": step.attempts, "code": refused.code})
    return msgspec.structs.replace(step, state=StepState.PLANNED), Done(False, _words(refused))


async def _call(
    entry: Entry, request: Composed, target: PaymentTarget, guard: StartGuard, deadline_s: float
) -> Refused | NothingSent | None:
    """The one call. None: it was taken, or nobody knows; the read-back tells."""
    answer = await target.post(entry, request, guard, deadline_s)
    return answer if isinstance(answer, Refused | NothingSent) else None


async def _look(
    connection: Connection, practice_id: str, step: Step, entry: Entry, target: PaymentTarget, times: CallTimes
) -> tuple[Step, Done | None]:
    """None: absence is proven, so it may be sent again. Whether it had settled was read before the look began."""
    reading = await target.read_back(entry, times.deadline_s)
    if isinstance(reading, ReadFailed):
        return step, Done(False, f"the practice's system could not be asked ({reading.code}): repeat later", open=True)
    if len(reading.external_ids) == 1:
        external_id = reading.external_ids[0]
        connection.execute(_SQL["found"], _key(practice_id, step) | {"external_id": external_id})
        found = msgspec.structs.replace(step, state=StepState.FOUND, external_id=external_id)
        return found, Done(True, f"found at the practice's system ({external_id})")
    if reading.external_ids or reading.differing_ids:
        return step, Done(False, _doubtful(step, reading))
    if step.settled and target.capabilities.proves_absence:
        again = {"attempt": step.attempts, "code": "ABSENT"}
        connection.execute(_SQL["not_written"], _key(practice_id, step) | again)
        return msgspec.structs.replace(step, state=StepState.PLANNED), None
    text = f"sent, and not found yet ({step.marker}): repeat the command in {times.settle_s:.0f} seconds"
    return step, Done(False, text, open=True)


def _doubtful(step: Step, reading: Found) -> str:
    ids = ", ".join((*reading.external_ids, *reading.differing_ids))
    return f"{step.marker} stands more than once, or with another amount ({ids}): a person has to look at it"


def _planned(
    practice_id: str,
    number: int,
    kind: EntryKind,
    connection_id: str,
    pms_patient_id: str,
    settings: PracticeSettings,
    at: datetime,
) -> Step:
    event_id = f"golive-{number}"
    paid = kind is EntryKind.PAYMENT
    instruction = Instruction(
        entry_kind=kind,
        amount_minor=AMOUNT_MINOR if paid else -AMOUNT_MINOR,
        currency=settings.currency,
        ledger_date=at.astimezone(settings.time_zone()).date(),
        occurred_at=at,
        payment_kind=PaymentKind.TERMINAL,
        tender=Tender.CARD,
        payment_ref=event_id,
        original_ref=None if paid else event_id,
    )
    request = request_id(practice_id, SOURCE, event_id, "PMS", kind.value, "", 1)
    name = StepName.PAYMENT if paid else StepName.REVERSAL
    return Step(
        number, name, connection_id, pms_patient_id, kind, request, instruction, StepState.PLANNED, 0, None, None, None
    )


def _missing(step: Step, practice_id: str, target: PaymentTarget) -> str | None:
    """The mapping that an entry lacks (N-8): asked of both before either is sent."""
    composed = target.compose(step.entry(practice_id, None))
    return composed.field if isinstance(composed, NotComposed) else None


def _key(practice_id: str, step: Step) -> dict[str, Any]:
    return {"practice_id": practice_id, "check_no": step.check_no, "step": step.name}


def _words(refused: Refused | NothingSent) -> str:
    if isinstance(refused, NothingSent):
        return f"the practice's system cannot be reached ({refused.code}): check its address, then repeat"
    reason = refused.reason.value.lower().replace("_", " ")
    return f"the practice's system refused it ({reason}, {refused.code}): nothing was written; repair it, then repeat"


def complete(steps: Sequence[Step]) -> bool:
    """Both entries were found."""
    return bool(steps) and all(step.state is StepState.FOUND for step in steps)

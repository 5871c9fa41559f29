"""Samples of everything that people are sent: each cause and each step of it, as the program writes it. Pure.

Made by the code that writes the real ones, from a practice that does not exist, so that whoever changes words reads
what becomes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from schemas.vocabulary import DIGEST_ORDER, AnswerClass, AttentionReason, ConnectionReason, DeadLetterReason, Target
from sinks.notices.cases import Case, Reader
from sinks.notices.causes import NEWS, OF_ALL_PRACTICES, UNKNOWN_PRACTICE, Cause, CauseKind
from sinks.notices.channels.port import DIGEST, Incident, Message
from sinks.notices.digest import OpenNotice, Waiting, digest_email
from sinks.notices.email_text import Email, correlation_id, notice_email
from sinks.notices.schedule import Problem, Step, StepKind, is_repeated
from sinks.operations.words.health import failures_words
from sinks.operations.words.reasons import CONNECTION_WORDS, EVENT_WORDS
from sinks.operations.words.reasons.health import HEALTH_REASON_WORDS
from sinks.operations.words.reasons.postings import POSTING_WORDS
from sinks.operations.words.reasons.records import RECORD_WORDS

_FAILURES: Final = failures_words(10, 9, AnswerClass.UNREACHABLE, 0)
_WITHOUT_CASES: Final = frozenset({CauseKind.CONNECTION, CauseKind.HEALTH})
OPENED_AT: Final = datetime(2026, 3, 2, 15, 4, tzinfo=UTC)
PRACTICE: Final = "larkspur"
READER: Final = Reader("Larkspur Dental", "America/New_York")
SUPPORT: Final = "help@writeback.example"
ROUTES: Final = {Target.PMS: "open_dental", Target.QUICKBOOKS: "quickbooks"}


ONLY_AT: Final = {
    DeadLetterReason.BANK_NOT_MAPPED: Target.QUICKBOOKS,
    DeadLetterReason.ITEMS_UNKNOWN: Target.QUICKBOOKS,
    DeadLetterReason.TOTAL_DIFFERS: Target.QUICKBOOKS,
    DeadLetterReason.PATIENT_NOT_FOUND: Target.PMS,
}
"""Payouts go to QuickBooks alone, and patients to practice systems."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One message, and what it is a sample of."""

    title: str
    message: Message


def causes() -> Iterator[Cause]:
    """Every cause that has words."""
    records: tuple[DeadLetterReason, ...] = tuple(RECORD_WORDS)
    connections: tuple[ConnectionReason, ...] = tuple(CONNECTION_WORDS)
    events = tuple(reason for reason in EVENT_WORDS if reason not in HEALTH_REASON_WORDS)
    yield from (Cause(CauseKind.RECORD, None, reason) for reason in records)
    for target in Target:
        yield from (
            Cause(CauseKind.POSTING, target, each) for each in POSTING_WORDS if ONLY_AT.get(each, target) is target
        )
        yield from (Cause(CauseKind.CONNECTION, target, reason) for reason in connections)
        yield from (Cause(CauseKind.HEALTH, target, reason) for reason in HEALTH_REASON_WORDS)
    yield from (Cause(CauseKind.EVENT, None, reason) for reason in events)


def samples() -> Iterator[Sample]:
    """The opening of every cause; of those that go on, what follows; the digests."""
    for cause in causes():
        for step in steps(cause):
            yield Sample(title=f"{cause.key}, {step.kind.value}", message=_message(cause, step))
    yield from _digests()


def steps(cause: Cause) -> list[Step]:
    """The messages that a notice of this cause may consist of, in their order."""
    found = [Step(kind=StepKind.OPENED, number=1)]
    if cause.reason in NEWS:
        return found
    if cause.kind is not CauseKind.HEALTH:
        found.append(Step(kind=StepKind.MORE, number=2, more=2, again=1, others_after=timedelta(hours=2)))
    found.append(Step(kind=StepKind.ESCALATED, number=3))
    if is_repeated(cause):
        found.append(Step(kind=StepKind.REMINDER, number=4, acknowledged_by="Ada"))
    return [*found, Step(kind=StepKind.RESOLVED, number=5)]


def _message(cause: Cause, step: Step) -> Message:
    nowhere = cause.reason in OF_ALL_PRACTICES
    practice_id = UNKNOWN_PRACTICE if nowhere else PRACTICE
    problem = Problem(
        practice_id=practice_id,
        cause=cause,
        count=0 if step.kind is StepKind.RESOLVED else 3,
        oldest_at=OPENED_AT,
        dependents=1 if cause.kind is CauseKind.POSTING else 0,
        answer_by=datetime(2026, 3, 16, 22, 0, tzinfo=UTC) if cause.reason is AttentionReason.DISPUTE_OPENED else None,
        cases=() if nowhere or cause.kind in _WITHOUT_CASES else _cases(cause),
        details=(_FAILURES,) if cause.kind is CauseKind.HEALTH else (),
    )
    route = None if cause.target is None else ROUTES[cause.target]
    reader = Reader() if nowhere else READER
    text = notice_email(problem, OPENED_AT, step, route, reader=reader, support=SUPPORT)
    reference = correlation_id(practice_id, cause.key, OPENED_AT)
    return _carried(text, practice_id, cause.key, step.kind.value, reference)


def _cases(cause: Cause) -> tuple[Case, ...]:
    if cause.kind is CauseKind.RECORD:
        return tuple(Case(subject=f"ev-{n}", at=OPENED_AT) for n in (1, 2, 3))
    return tuple(
        Case(subject=f"pay-{n}", entry=100 + n, amount_minor=9_680, currency="USD", at=OPENED_AT) for n in (1, 2, 3)
    )


def _digests() -> Iterator[Sample]:
    sections = [
        Waiting(
            practice_id=PRACTICE,
            opened_at=OPENED_AT,
            zone=READER.zone or "UTC",
            name=READER.name,
            section=section,
            count=2,
            payouts=False,
            amount_minor=19_360,
            currency="USD",
            cases=_cases(Cause(CauseKind.POSTING, Target.PMS, DeadLetterReason.REFUSED_BY_TARGET))[:2],
        )
        for section in (AttentionReason.DISPUTE_OPENED, *DIGEST_ORDER)
    ]
    key = Cause(CauseKind.CONNECTION, Target.QUICKBOOKS, ConnectionReason.NEEDS_RECONNECT).key
    open_notice = OpenNotice(key, 3, OPENED_AT, correlation_id(PRACTICE, key, OPENED_AT))
    for title, waiting, notices in (
        ("digest", sections, ()),
        ("digest of open notices", (), (open_notice,)),
    ):
        text = digest_email(sections[0], waiting, notices)
        yield Sample(title=title, message=_carried(text, PRACTICE, DIGEST, DIGEST, None))


def _carried(text: Email, practice_id: str, cause: str, step: str, reference: str | None) -> Message:
    incident = Incident(practice_id=practice_id, cause=cause, opened_at=OPENED_AT, step=step, reference=reference)
    return Message(
        message_id="<sample@writeback.example>",
        recipient="office@larkspur.example",
        subject=text.subject,
        body=text.body,
        written_at=OPENED_AT,
        incident=incident,
    )


__all__ = ["Sample", "causes", "samples", "steps"]

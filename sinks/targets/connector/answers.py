"""Classifies answers of a connector. What it says in words is read here and goes no further (H-3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec

from schemas.connector.problems import MEDIA_TYPE, proves_refusal
from schemas.connector.records import Entry, EntryOrder, Outcome, Problem, ProblemCode, Status
from schemas.vocabulary import ConnectionReason, DeadLetterReason
from sinks.targets.connector.requests import ENTRY_PREFIX
from sinks.targets.http_call import TOO_LARGE, HttpAnswer, HttpOutcome, Lost, NotSent
from sinks.targets.port import (
    Accepted,
    Answer,
    Composed,
    NoAnswer,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
)

PENDING: Final = "PENDING"
"""Code of a read of what the connector has not decided yet."""
PROBLEM_LIMIT: Final = 16_384
"""Bytes of a problem document that are read."""

T = TypeVar("T")
_Effect = tuple[RefusalClass, DeadLetterReason]

_EFFECT: Final[Mapping[ProblemCode, _Effect]] = MappingProxyType(
    {
        ProblemCode.REQUEST_MALFORMED: (RefusalClass.MALFORMED, DeadLetterReason.OUR_REQUEST_MALFORMED),
        ProblemCode.METHOD_NOT_ALLOWED: (RefusalClass.MALFORMED, DeadLetterReason.OUR_REQUEST_MALFORMED),
        ProblemCode.PATIENT_NOT_FOUND: (RefusalClass.BUSINESS, DeadLetterReason.PATIENT_NOT_FOUND),
        ProblemCode.TYPE_NOT_USABLE: (RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID),
        ProblemCode.KIND_NOT_SUPPORTED: (RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID),
        ProblemCode.CURRENCY_NOT_SUPPORTED: (RefusalClass.CONFIG, DeadLetterReason.MAPPING_INVALID),
        ProblemCode.PERIOD_CLOSED: (RefusalClass.PERIOD, DeadLetterReason.PERIOD_CLOSED),
        ProblemCode.ORIGINAL_NOT_FOUND: (RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET),
        ProblemCode.REFUSED_BY_SYSTEM: (RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET),
    }
)
"""Refusals of one entry."""

_CONNECTION: Final[Mapping[ProblemCode, ConnectionReason]] = MappingProxyType(
    {
        ProblemCode.SIGNATURE_INVALID: ConnectionReason.NEEDS_RECONNECT,
        ProblemCode.REQUEST_TOO_LATE: ConnectionReason.NEEDS_RECONNECT,
        ProblemCode.ACCOUNT_UNKNOWN: ConnectionReason.NEEDS_RECONNECT,
        ProblemCode.RATE_LIMITED: ConnectionReason.THROTTLED,
        ProblemCode.OUTSIDE_WINDOW: ConnectionReason.THROTTLED,
        ProblemCode.SYSTEM_UNAVAILABLE: ConnectionReason.TARGET_DOWN,
    }
)
"""Refusals that concern everybody behind the connection (law 22). Of the rest, NOT_FOUND proves nothing of a post:
whoever is on the way may not know the path."""


def external_id(entry: Entry) -> str:
    return ENTRY_PREFIX + entry.entry_id


def classify_post(outcome: HttpOutcome, request: bytes) -> Answer:
    """The answer to a post. Proof is 201 with this key, this marker, this amount and this patient; a refusal only a
    problem of the contract whose table says so, under its own status."""
    if isinstance(outcome, NotSent):
        return nothing_sent(outcome)
    if isinstance(outcome, Lost):
        return NoAnswer(code=outcome.code)
    if outcome.status in (201, 202):
        return _taken(outcome, msgspec.json.decode(request, type=EntryOrder))
    found = problem_of(outcome)
    if found is not None and proves_refusal(found, outcome.status):
        return _refused(found, outcome) or _doubt(outcome)
    return _doubt(outcome)


def _taken(answer: HttpAnswer, order: EntryOrder) -> Answer:
    said = _decoded(answer.body, Outcome)
    if said is None or said.idempotency_key != order.idempotency_key:
        return NoAnswer(code=f"UNREADABLE_{answer.status}")
    if answer.status == 202:
        return Accepted() if said.status is Status.PENDING else NoAnswer(code="UNREADABLE_202", answered=True)
    entry = said.entry
    if said.status is not Status.POSTED or entry is None or not entry.standing:
        return NoAnswer(code="UNREADABLE_201", answered=True)
    same = (entry.marker, entry.amount, entry.kind) == (order.marker, order.amount, order.kind)
    owner = order.patient_id in (entry.patient_id, *entry.former_patient_ids)
    if not same or not owner or entry.ledger_date != order.ledger_date:
        return NoAnswer(code="OTHER_CONTENT", answered=True, seen_id=external_id(entry))
    return Posted(external_id=external_id(entry))


def _refused(found: Problem, answer: HttpAnswer) -> Refused | None:
    code = found.code.value.upper().replace("-", "_")
    reason = _CONNECTION.get(found.code)
    if reason is not None:
        return Refused(
            kind=RefusalClass.TEMPORARY,
            scope=Scope.CONNECTION,
            reason=reason,
            code=code,
            retry_after_s=answer.retry_after_s,
        )
    if found.code not in _EFFECT:
        return None
    kind, dead = _EFFECT[found.code]
    return Refused(kind=kind, scope=Scope.EFFECT, reason=dead, code=code)


def _doubt(answer: HttpAnswer) -> NoAnswer:
    """An answer that proves nothing. One below 500 was given by somebody who was there: no sign of an outage."""
    return NoAnswer(code=f"HTTP_{answer.status}", answered=answer.status < 500)


def read(outcome: HttpOutcome, kind: type[T]) -> T | Problem | ReadFailed:
    """A record that was read, the problem of the contract that says why there is none, or why it says nothing."""
    if isinstance(outcome, NotSent):
        sent = nothing_sent(outcome)
        return ReadFailed(scope=sent.scope, reason=sent.reason, code=sent.code)
    if isinstance(outcome, Lost):
        alone = outcome.code == TOO_LARGE
        reason = None if alone else ConnectionReason.TARGET_DOWN
        return ReadFailed(scope=Scope.EFFECT if alone else Scope.CONNECTION, reason=reason, code=outcome.code)
    if outcome.status == 200:
        found = _decoded(outcome.body, kind)
        return unreadable() if found is None else found
    problem = problem_of(outcome)
    if problem is None or problem.status != outcome.status:
        code = f"HTTP_{outcome.status}"
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.TARGET_DOWN, code=code)
    if (reason := _CONNECTION.get(problem.code)) is not None:
        code = problem.code.value.upper().replace("-", "_")
        return ReadFailed(scope=Scope.CONNECTION, reason=reason, code=code, retry_after_s=outcome.retry_after_s)
    return problem


def failed(problem: Problem) -> ReadFailed:
    """A problem where a record was wanted: this read's alone."""
    return ReadFailed(scope=Scope.EFFECT, reason=None, code=problem.code.value.upper().replace("-", "_"))


def unreadable() -> ReadFailed:
    """A record that contradicts what was asked: this read's alone."""
    return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")


def problem_of(answer: HttpAnswer) -> Problem | None:
    """The contract's problem document; None for anything that somebody else on the way may have said."""
    if answer.content_type != MEDIA_TYPE or len(answer.body) > PROBLEM_LIMIT:
        return None
    return _decoded(answer.body, Problem)


def order_of(request: Composed | None) -> EntryOrder | None:
    """The order that a stored request carried; None where it is none of this route's."""
    return None if request is None else _decoded(request.body, EntryOrder)


def nothing_sent(outcome: NotSent) -> NothingSent:
    """Too late is this effect's own; no connection is everybody's."""
    if outcome.late:
        return NothingSent(scope=Scope.EFFECT, reason=None, code=outcome.code)
    return NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code=outcome.code)


def _decoded(body: bytes, kind: type[T]) -> T | None:
    """None for what is none: cut off, not UTF-8, nested without end, values that break a bound."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError):
        return None

"""Messages that a transaction publishes (law 25): made by pure functions, inserted with the change of state."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, Protocol

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import EntryState
from processors.rules.lifecycle.waiting_state import said_reason
from schemas.codec import encode_result
from schemas.health_codec import encode_silence
from schemas.silence import UpstreamSilence
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State, Target
from schemas.writebacks import AuditHead, Redecision, Result
from sinks.ledger.named_queries import named_queries
from streams.kafka.dead_letters import DeadLetter, dead_letter_headers
from streams.kafka.header_values import HeaderList
from streams.kafka.redecision_requests import redecision_headers

_SQL: Final = named_queries("sinks.ledger", "outbox.sql")

CHANNEL: Final = "writeback_outbox"
INSERT: Final[LiteralString] = _SQL["insert"]
"""Takes `insert_parameters`; usable from sync and async cursors alike."""
WAKE: Final[LiteralString] = _SQL["wake"]
"""Run once in the transaction that inserted messages: wakes the relay at the commit."""


_NO_ENTRY: Final[dict[str, Any]] = {
    "target": None,
    "entry_kind": None,
    "part": None,
    "settings_version": None,
    "amount_minor": None,
    "currency": None,
    "external_id": None,
    "posted_at": None,
    "attempt": 0,
}


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One record to publish, to the topic's logical name. Header values are text."""

    practice_id: str
    id: uuid.UUID
    topic: TopicName
    key: bytes | None
    value: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    part: int | None = None
    """Fixed for dead letters (the source's partition); None leaves it to the key."""


def insert_parameters(rows: Sequence[OutboxMessage]) -> dict[str, Any]:
    """Parameters of INSERT. Pure."""
    return {
        "practice_ids": [row.practice_id for row in rows],
        "ids": [row.id for row in rows],
        "topics": [row.topic.value for row in rows],
        "keys": [row.key for row in rows],
        "bodies": [row.value for row in rows],
        "headers": [msgspec.json.encode(row.headers).decode() for row in rows],
        "parts": [row.part for row in rows],
    }


def enqueue(cursor: psycopg.Cursor[TupleRow], rows: Sequence[OutboxMessage]) -> None:
    """Insert messages and wake the relay at the commit. Blocks for two statements."""
    if rows:
        cursor.execute(INSERT, insert_parameters(rows))
        cursor.execute(WAKE)


class PublishedEvent(Protocol):
    """What a result says of an event."""

    @property
    def practice_id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def event_id(self) -> str: ...
    @property
    def subject(self) -> str: ...


class PublishedEffect(PublishedEvent, Protocol):
    """What a result says of an effect and its event: records of effects have these fields. Its state is given apart."""

    @property
    def target(self) -> Target: ...
    @property
    def entry_kind(self) -> EntryKind: ...
    @property
    def part(self) -> str: ...
    @property
    def reason(self) -> DecisionReason | DeadLetterReason: ...
    @property
    def settings_version(self) -> int | None: ...
    @property
    def amount_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


def effect_result(
    effect: PublishedEffect,
    state: State,
    *,
    at: datetime,
    reason: DecisionReason | DeadLetterReason | None = None,
    external_id: str | None = None,
    attempt: int = 0,
) -> OutboxMessage:
    """An effect's new state for `writeback-results.v1`. Makes the message's id.

    `reason` None: the effect's own.
    """
    return _result(
        practice_id=effect.practice_id,
        source=effect.source,
        event_id=effect.event_id,
        subject=effect.subject,
        target=effect.target,
        entry_kind=effect.entry_kind,
        part=effect.part,
        state=state,
        reason=published_reason(state, reason or effect.reason),
        settings_version=effect.settings_version,
        amount_minor=effect.amount_minor,
        currency=effect.currency,
        external_id=external_id,
        posted_at=at if state is State.POSTED else None,
        attempt=attempt,
        changed_at=at,
    )


def entry_result(
    entry: EntryState,
    *,
    practice_id: str,
    subject: str,
    at: datetime,
    reason: DecisionReason | None = None,
    settings_version: int | None = None,
) -> OutboxMessage:
    """An entry's state as INTAKE leaves it, for `writeback-results.v1`. `reason` None: the entry's own."""
    return _result(
        practice_id=practice_id,
        source=entry.source,
        event_id=entry.event_id,
        subject=subject,
        target=entry.target,
        entry_kind=entry.entry_kind,
        part=entry.part,
        state=entry.state,
        reason=published_reason(entry.state, reason or entry.reason),
        settings_version=settings_version,
        amount_minor=entry.amount_minor,
        currency=entry.instruction.currency,
        changed_at=at,
    )


def event_result(
    event: PublishedEvent, state: State, *, at: datetime, reason: DecisionReason, settings_version: int | None = None
) -> OutboxMessage:
    """The state of an event that has no effects, or not yet, for `writeback-results.v1`. Makes the message's id."""
    return _result(
        practice_id=event.practice_id,
        source=event.source,
        event_id=event.event_id,
        subject=event.subject,
        state=state,
        reason=reason,
        settings_version=settings_version,
        changed_at=at,
    )


def published_reason(state: State, reason: DecisionReason | DeadLetterReason) -> DecisionReason | DeadLetterReason:
    """The reason in a result: a missing link is published as such, while the decision's stays with the effect. Pure."""
    return said_reason(state, reason) if isinstance(reason, DecisionReason) else reason


def _result(**fields: Any) -> OutboxMessage:
    """A message with these fields of `Result`; those of an entry are None where it is about an event."""
    message_id = uuid.uuid4()
    result = Result(result_id=str(message_id), **(_NO_ENTRY | fields))
    return OutboxMessage(
        practice_id=result.practice_id,
        id=message_id,
        topic=TopicName.RESULTS,
        key=result.practice_id.encode(),
        value=encode_result(result),
    )


def dead_letter_message(letter: DeadLetter, *, key: bytes | None, value: bytes | None) -> OutboxMessage:
    """A dead letter of stage intake, post or readback: original key and bytes, same partition as the source."""
    return OutboxMessage(
        practice_id=letter.practice_id,
        id=uuid.uuid4(),
        topic=TopicName.DEAD_LETTERS,
        key=key,
        value=value,
        headers=_text(dead_letter_headers(letter)),
        part=letter.position.partition,
    )


def settings_message(practice_id: str) -> OutboxMessage:
    """Says that the practice's settings changed; the relay reads the whole history when it sends (law 14)."""
    return OutboxMessage(
        practice_id=practice_id, id=uuid.uuid4(), topic=TopicName.SETTINGS, key=practice_id.encode(), value=None
    )


def redecision_message(request: Redecision) -> OutboxMessage:
    """A request to decide a stored event again (law 15)."""
    return OutboxMessage(
        practice_id=request.practice_id,
        id=uuid.uuid4(),
        topic=TopicName.REDECISIONS,
        key=request.practice_id.encode(),
        value=request.original,
        headers=_text(redecision_headers(request)),
    )


def audit_head_message(head: AuditHead) -> OutboxMessage:
    """The newest entry of an audit trail, for who keeps it outside the database."""
    return OutboxMessage(
        practice_id=head.trail,
        id=uuid.uuid4(),
        topic=TopicName.AUDIT_HEADS,
        key=head.trail.encode(),
        value=msgspec.json.encode(head),
        headers=(("content-type", "application/json"),),
    )


def silence_message(silence: UpstreamSilence) -> OutboxMessage:
    """What HEALTH is told of what is reported at a practice (law 27)."""
    return OutboxMessage(
        practice_id=silence.practice_id,
        id=uuid.uuid4(),
        topic=TopicName.HEARTBEATS,
        key=silence.practice_id.encode(),
        value=encode_silence(silence),
    )


def _text(headers: HeaderList) -> tuple[tuple[str, str], ...]:
    return tuple((name, value.decode()) for name, value in headers)

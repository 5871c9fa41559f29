"""Rows of what leaves the ledger: records to publish, notices and their deliveries, and the server's era."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from schemas.topics import TopicName
from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, DeliveryState, State, Target

NoticeReason = DeadLetterReason | ConnectionReason | AttentionReason


class OutboxRow(msgspec.Struct, frozen=True):
    """Table `outbox`: one record to publish. `headers` are pairs of names and texts."""

    practice_id: str
    id: UUID
    topic: TopicName
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, str], ...]
    part: int | None
    created_at: datetime
    enqueued: int


class RepublishedRow(msgspec.Struct, frozen=True):
    """Table `settings_republished`: a day on which every practice's settings were published again."""

    day: date
    republished_at: datetime


class NoticeRow(msgspec.Struct, frozen=True):
    """Table `notices`: a problem that a practice's staff were notified of, open until it is solved."""

    practice_id: str
    cause: str
    opened_at: datetime
    target: Target | None
    state: State | None
    reason: str
    items: int
    suppressed: int
    reminded_at: datetime | None
    closed_at: datetime | None
    not_before: datetime
    told_at: datetime | None
    shown: int
    steps: int
    reminders: int
    reference: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    escalated: timedelta
    """How far: contacts that are told after longer have not been."""
    in_digest: bool
    """All of its readers have it in their digest alone."""
    acknowledgement_counted: bool
    """Metrics have it."""


class DeliveryRow(msgspec.Struct, frozen=True):
    """Table `deliveries`: one message to one recipient, its text frozen with the mark."""

    practice_id: str
    cause: str
    opened_at: datetime
    step: str
    channel: str
    recipient: str
    message_id: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    marked_at: datetime | None
    sent_at: datetime | None
    code: str | None
    subject: str
    body: str
    written_at: datetime
    repeated: bool
    thread: str | None
    """The id of the first message of the notice to the same recipient."""


class InboxRow(msgspec.Struct, frozen=True):
    """Table `inbox`: a message of a notice or a digest, as its practice reads it in the product itself."""

    practice_id: str
    cause: str
    opened_at: datetime
    step: str
    written_at: datetime
    subject: str
    body: str


class EraRow(msgspec.Struct, frozen=True):
    """Table `ledger_era`: its one row, the server that the ledger was last seen on."""

    only_row: bool
    system_id: int
    timeline: int
    era: int
    raised_at: datetime


class EraRaiseRow(msgspec.Struct, frozen=True):
    """Table `era_raises`: why and when the ledger's era was raised."""

    era: int
    raised_at: datetime
    proofs: tuple[str, ...]
    entries: int


class SchemaVersionRow(msgspec.Struct, frozen=True):
    """Table `schema_versions`: one program's schema that was installed, and whom it serves."""

    n: int
    version: int
    serves_from: int
    digest: str
    migrated_at: datetime

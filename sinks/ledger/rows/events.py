"""Rows of what came in: events with their bytes, receipts, dead letters, and the positions they were read at."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from schemas.events import PayoutCategory
from schemas.events.reversals import DisputeOutcome
from schemas.same_money import Difference
from schemas.vocabulary import DeadLetterReason, DecisionReason, Ruling, Stage, State, Target, Verdict
from schemas.writebacks import MoneyKind


class EventRow(msgspec.Struct, frozen=True):
    """Table `events`: one event, without its bytes. `concerns` names the payment or payout of a follow-up, `ended_as`
    how a person ended it."""

    practice_id: str
    source: str
    event_id: str
    subject: str
    kind: MoneyKind
    version: int
    event_type: str
    digest_v: int
    digest: bytes
    money_digest: bytes
    occurred_at: datetime
    appended_at: datetime
    received_at: datetime
    month: date
    topic_id: str
    part: int
    off: int
    trace_id: str | None
    waiting: State | None
    reason: DecisionReason
    applied: bool
    resolved_at: datetime | None
    settings_version: int | None
    superseded_by: str | None
    redecide_at: datetime | None
    redecisions: int
    concerns: str | None
    waited: tuple[State, ...]
    ended_as: Ruling | None
    traceparent: str | None
    """W3C Trace Context, of an event that is traced."""


class BodyRow(msgspec.Struct, frozen=True):
    """Table `bodies`: the original bytes of an event and the plan that decided it, by month."""

    practice_id: str
    month: date
    source: str
    event_id: str
    original_key: bytes
    original: bytes
    plan: bytes


class ReceiptRow(msgspec.Struct, frozen=True):
    """Table `receipts`: exactly one for each source record."""

    practice_id: str
    topic_id: str
    part: int
    off: int
    verdict: Verdict
    source: str | None
    event_id: str | None


class DeadLetterRow(msgspec.Struct, frozen=True):
    """Table `dead_letters`: a record or an effect that nobody processes until a person settles it."""

    practice_id: str
    topic_id: str
    part: int
    off: int
    effect_id: int
    redrives: int
    topic: str
    stage: Stage
    reason: DeadLetterReason
    field: str | None
    source: str | None
    event_id: str | None
    target: Target | None
    ambiguous: bool
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    headers: dict[str, str]
    key: bytes | None
    value: bytes | None
    dl_topic_id: str
    dl_part: int
    dl_off: int
    stored_at: datetime
    settled_at: datetime | None
    settled_as: str | None
    settled_by: str | None


class PayoutItemRow(msgspec.Struct, frozen=True):
    """Table `payout_items`: an item of a payout by the payment that it carries."""

    practice_id: str
    source: str
    payment_id: str
    payout_id: str
    version: int
    number: int
    category: PayoutCategory
    gross_minor: int
    fee_minor: int


class MisplacedSenderRow(msgspec.Struct, frozen=True):
    """Table `misplaced_senders`: a system whose records stand on other partitions than their keys', reported once."""

    source: str
    topic: str
    practice_id: str
    part: int
    off: int
    """Of the record that showed it."""
    expected_part: int
    noticed_at: datetime


class ToldAgainRow(msgspec.Struct, frozen=True):
    """Table `told_again`: a record that told stored money again under another event, or from another system."""

    practice_id: str
    topic_id: str
    part: int
    off: int
    source: str
    event_id: str
    of_source: str
    of_event_id: str
    """The event that is stored."""
    verdict: Verdict
    differences: tuple[Difference, ...]
    """What the two disagree about: without what names a patient."""
    occurred_at: datetime
    received_at: datetime


class DisputeRow(msgspec.Struct, frozen=True):
    """Table `disputes`: a dispute of a payment, open until it has an outcome."""

    practice_id: str
    source: str
    dispute_id: str
    payment_id: str
    opened_at: datetime
    respond_by: datetime | None
    outcome: DisputeOutcome | None
    closed_at: datetime | None
    taken_at: datetime | None
    """When its last opening happened; None while only its outcome is known."""
    ended_at: datetime | None
    """When the last outcome happened, of this opening or of one before it."""
    outcome_version: int | None


class OffsetRow(msgspec.Struct, frozen=True):
    """Table `intake_offsets`: the next offset to read, committed with the data."""

    topic_id: str
    part: int
    next_offset: int
    changed_at: datetime
    era_raised_to: int | None
    """The offset in Kafka for which the era was raised."""


class TopicRow(msgspec.Struct, frozen=True):
    """Table `topic_partitions`: a topic's id and partition count at the first start."""

    topic: str
    topic_id: str
    partitions: int
    seen_at: datetime

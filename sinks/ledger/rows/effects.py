"""Rows of effects, of the gates that send them, and of every attempt to send one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from schemas.plan import Instruction
from schemas.vocabulary import ConnectionReason, DeadLetterReason, DecisionReason, EntryKind, State, Target

EffectReason = DecisionReason | DeadLetterReason
"""Why an effect was planned, or why it is dead."""


class EffectRecord(msgspec.Struct, frozen=True):
    """What every record of a stored effect has: its identity, its entry and its state. Records of queries extend it."""

    practice_id: str
    effect_id: int
    source: str
    event_id: str
    target: Target
    entry_kind: EntryKind
    part: str
    depends_on: int | None
    state: State
    reason: EffectReason
    look_first: bool
    settings_version: int | None
    amount_minor: int
    currency: str


class EffectRow(EffectRecord, frozen=True):
    """Table `effects`: one entry at one target."""

    connection_id: str | None
    lane: str
    holds: tuple[State, ...]
    due_at: datetime
    late: bool
    ledger_date: date
    patient_ref: str | None
    instruction: Instruction
    generation: int
    request_id: str
    payload: bytes | None
    payload_digest: bytes | None
    epoch: int
    sent_at: datetime | None
    settle_until: datetime | None
    attempts: int
    failing_since: datetime | None
    last_code: str | None
    redrives: int
    external_id: str | None
    posted_at: datetime | None
    changed_at: datetime
    placement: dict[str, Any] | None
    planned_reason: DecisionReason | None
    second_look_at: datetime | None


class EffectView(EffectRecord, frozen=True):
    """What a change of state reads of an effect besides, under its lock.

    `subject` is its event's: the payment or payout that people know it by.
    """

    subject: str
    connection_id: str | None
    planned_reason: DecisionReason | None
    holds: tuple[State, ...]
    due_at: datetime
    generation: int
    sent_at: datetime | None
    attempts: int
    redrives: int
    changed_at: datetime


class GateRow(msgspec.Struct, frozen=True):
    """Table `gates`: when a practice has something to send through a connection, and who holds it."""

    practice_id: str
    connection_id: str
    next_due_at: datetime | None
    not_before: datetime
    epoch: int
    owner: str | None
    lease_until: datetime
    breaker: dict[str, Any] | None
    limiter: dict[str, Any] | None
    closed_reason: ConnectionReason | None
    closed_at: datetime | None
    blackout_until: datetime | None


class AttemptRow(msgspec.Struct, frozen=True):
    """Table `attempts`: one call for an effect, or one read, with its answer. Append-only."""

    practice_id: str
    month: date
    effect_id: int
    n: int
    phase: str
    epoch: int
    generation: int
    request_id: str
    began_at: datetime | None
    ended_at: datetime
    answer: str
    scope: str | None
    reason: str | None
    code: str | None
    external_ids: tuple[str, ...]
    vendor_request_id: str | None
    late: bool
    reading: Any | None

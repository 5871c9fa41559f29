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


class LedgerEntryRow(msgspec.Struct, frozen=True):
    """Table `entries`: one entry at one target, as it was planned. Its state stands elsewhere."""

    practice_id: str
    effect_id: int
    source: str
    event_id: str
    target: Target
    entry_kind: EntryKind
    part: str
    lane: str
    depends_on: int | None
    late: bool
    amount_minor: int
    currency: str
    ledger_date: date
    patient_ref: str | None
    settings_version: int | None
    instruction: Instruction


class WorkRow(msgspec.Struct, frozen=True):
    """Table `work`: where an unfinished entry stands. Deleted when the entry ends."""

    practice_id: str
    effect_id: int
    n: int
    connection_id: str
    lane: str
    depends_on: int | None
    patient_ref: str | None
    state: State
    reopened_from: State | None
    reason: EffectReason
    planned_reason: DecisionReason | None
    holds: tuple[State, ...]
    due_at: datetime
    ledger_date: date
    generation: int
    request_id: str
    payload: bytes | None
    payload_digest: bytes | None
    placement: dict[str, Any] | None
    epoch: int
    sent_at: datetime | None
    settle_until: datetime | None
    look_first: bool
    attempts: int
    failing_since: datetime | None
    last_code: str | None
    redrives: int
    changed_at: datetime


class EntryCareRow(msgspec.Struct, frozen=True):
    """Table `entry_care`: who sees to an entry, and who keeps it from going out by itself."""

    practice_id: str
    effect_id: int
    assigned_to: str | None
    assigned_at: datetime | None
    assigned_by: str | None
    held_at: datetime | None
    held_by: str | None
    held_why: str | None


class RecordedAmountRow(msgspec.Struct, frozen=True):
    """Table `recorded_amounts`: what a person says that they entered, of an entry that is recorded by hand."""

    practice_id: str
    effect_id: int
    amount_minor: int
    recorded_at: datetime
    recorded_by: str
    note: str | None


class OutcomeRow(msgspec.Struct, frozen=True):
    """Table `outcomes`: how an entry ended, the n-th time. Never changed; the highest n stands."""

    practice_id: str
    effect_id: int
    n: int
    was: State | None
    state: State
    reason: EffectReason
    planned_reason: DecisionReason | None
    holds: tuple[State, ...]
    connection_id: str | None
    due_at: datetime
    ledger_date: date
    generation: int
    request_id: str
    payload: bytes | None
    payload_digest: bytes | None
    placement: dict[str, Any] | None
    epoch: int
    sent_at: datetime | None
    settle_until: datetime | None
    look_first: bool
    attempts: int
    failing_since: datetime | None
    last_code: str | None
    redrives: int
    external_id: str | None
    posted_at: datetime | None
    changed_at: datetime


class SecondLookRow(msgspec.Struct, frozen=True):
    """Table `second_looks`: a posted entry of which another attempt may stand too, and when it is read for again."""

    practice_id: str
    effect_id: int
    connection_id: str
    look_at: datetime


class SightingRow(msgspec.Struct, frozen=True):
    """Table `sightings`: what a read saw of an entry at its target, and is read again by id."""

    practice_id: str
    effect_id: int
    external_id: str
    possible: bool
    redrives: int
    seen_at: datetime


class LockedEffect(EffectRecord, frozen=True):
    """An effect as a change of state reads it, under the lock of its practice and of its row of `work`.

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

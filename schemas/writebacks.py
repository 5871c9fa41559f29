"""Records between RULES, INTAKE and readers of the results: write-backs, identities, re-decisions, results."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from schemas.plan import Decision
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State, Target


class SourcePosition(msgspec.Struct, frozen=True, kw_only=True):
    """The position of a source record, with the topic's id: a re-created topic is another one (law 5)."""

    topic: str
    topic_id: str
    partition: int
    offset: int
    appended_at: datetime
    """The broker's append time (LogAppendTime): with `occurred_at` it picks the settings in force (law 15)."""


class MoneyKind(StrEnum):
    """The `kind` column of the money identity (E-1); not the field `kind` of a payment."""

    PAYMENT = "payment"
    FEE = "fee"
    CLEARED = "cleared"
    VOID = "void"
    RETURN = "return"
    REINSTATED = "reinstated"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    INQUIRY = "inquiry"
    DISPUTE = "dispute"
    DISPUTE_CLOSED = "dispute_closed"
    REQUEST = "request"
    CANCEL = "cancel"
    PAYOUT = "payout"
    PAYOUT_FAILED = "payout_failed"
    BANK_FEE = "bank_fee"
    BANK_GROSS = "bank_gross"
    BANK_REFUND = "bank_refund"
    LINK_MOVED = "link_moved"
    """The last four are ours: a person decided that a payout is right (P-23), or that a patient was the wrong one
    (E-12). Upstream's own kinds stay free."""


OUR_KINDS: Final = frozenset({MoneyKind.BANK_FEE, MoneyKind.BANK_GROSS, MoneyKind.BANK_REFUND, MoneyKind.LINK_MOVED})
"""Of internal events (law 6). Their version counts a person's words about one payment."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Event identity, money identity, and digests of both (law 6, E-1)."""

    practice_id: str
    source: str
    event_id: str
    subject: str
    kind: MoneyKind
    version: int
    digest_version: int
    digest: bytes
    """SHA-256 of the canonical business fields of the event: same id, other digest = conflict."""
    money_digest: bytes
    """SHA-256 of the money fields alone: the same money reported by two events is equal here (B-5)."""


class Writeback(msgspec.Struct, frozen=True, kw_only=True):
    """The record on `writebacks.v1`: one per source record, with its decision and its original bytes."""

    position: SourcePosition
    identity: Identity
    event_type: str
    occurred_at: datetime
    produced_at: datetime
    trace_id: str | None
    decision: Decision
    original_key: bytes
    original: bytes
    redecision: bool = False


class Redecision(msgspec.Struct, frozen=True, kw_only=True):
    """A request to decide a stored event again under at least this version (law 15); headers on the wire."""

    position: SourcePosition
    practice_id: str
    least_version: int
    original_key: bytes
    original: bytes


class AuditHead(msgspec.Struct, frozen=True, kw_only=True):
    """The newest entry of an audit trail, on `audit-heads.v1` as JSON; it holds nothing of what the entry says."""

    trail: str
    """The practice's id; `*` for what concerns all of them, and `organisation ` with a group's."""
    n: int
    digest: str
    """SHA-256 over this entry and the hash of the one before, in hexadecimal digits."""
    at: datetime


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One change of state that an upstream or a practice may care about, on `writeback-results.v1`."""

    result_id: str
    """The outbox id: consumers drop repeats by it (law 25)."""
    practice_id: str
    source: str
    event_id: str
    subject: str
    target: Target | None
    entry_kind: EntryKind | None
    part: str | None
    state: State
    reason: DecisionReason | DeadLetterReason | None
    settings_version: int | None
    amount_minor: int | None
    currency: str | None
    external_id: str | None
    posted_at: datetime | None
    attempt: int
    changed_at: datetime

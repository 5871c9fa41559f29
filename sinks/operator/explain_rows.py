"""What the ledger's rows say, in the order of the queries in `explain.sql`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from sinks.operator.explain_records import PayoutTold


class Happened(msgspec.Struct, frozen=True):
    """An event. `original` and `plan` are gone once their month is dropped (law 28)."""

    event_id: str
    event_type: str
    kind: str
    subject: str
    version: int
    occurred_at: datetime
    received_at: datetime
    waiting: str | None
    reason: str
    applied: bool
    resolved_at: datetime | None
    settings_version: int | None
    superseded_by: str | None
    waited: list[str]
    topic: str
    part: int
    off: int
    told_again: list[str]
    original: bytes | None
    plan: bytes | None


class Entry(msgspec.Struct, frozen=True):
    event_id: str
    effect_id: int
    target: str
    entry_kind: str
    part: str
    state: str
    reason: str
    holds: list[str]
    settings_version: int | None
    amount_minor: int
    currency: str
    ledger_date: date
    due_at: datetime
    late: bool
    request_id: str
    generation: int
    attempts: int
    redrives: int
    last_code: str | None
    external_id: str | None
    posted_at: datetime | None
    depends_on: int | None
    connection_id: str | None
    patient_ref: str | None
    surcharge_minor: int | None
    shares_minor: list[int]
    connection_closed: str | None
    happened_on: date
    doubts: list[str]
    remarks: list[str]

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


class Attempt(msgspec.Struct, frozen=True):
    effect_id: int
    n: int
    phase: str
    generation: int
    request_id: str
    began_at: datetime | None
    ended_at: datetime
    answer: str
    reason: str | None
    code: str | None
    external_ids: list[str]
    vendor_request_id: str | None
    late: bool
    charges: int | None


class Letter(msgspec.Struct, frozen=True):
    event_id: str | None
    effect_id: int
    topic: str
    part: int
    off: int
    stage: str
    reason: str
    field: str | None
    redrives: int
    ambiguous: bool
    first_failed_at: datetime
    last_failed_at: datetime
    settled_at: datetime | None
    settled_as: str | None
    settled_by: str | None

    @property
    def id(self) -> str:
        """As `writeback dlq` names it."""
        return f"e:{self.effect_id}" if self.effect_id else f"{self.topic}:{self.part}:{self.off}"


class Notice(msgspec.Struct, frozen=True):
    cause: str
    reason: str
    target: str | None
    opened_at: datetime
    told_at: datetime | None
    closed_at: datetime | None
    letters_sent: int


class PayoutItemOf(msgspec.Struct, frozen=True):
    payout_id: str
    version: int
    number: int
    category: str
    gross_minor: int
    fee_minor: int
    effect_id: int | None
    state: str | None
    external_id: str | None
    ledger_date: date | None
    posted_at: datetime | None
    failed: bool


class Version(msgspec.Struct, frozen=True):
    version: int
    effective_from: datetime
    body: Any
    saved_at: datetime
    saved_by: str
    reason: str


class Deed(msgspec.Struct, frozen=True):
    at: datetime
    actor: str
    action: str
    subject: str | None
    why: str | None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one payment or payout."""

    events: tuple[Happened, ...]
    entries: tuple[Entry, ...]
    attempts: tuple[Attempt, ...]
    letters: tuple[Letter, ...]
    payouts: tuple[PayoutTold, ...]

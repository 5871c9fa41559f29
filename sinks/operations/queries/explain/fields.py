"""What a row of the ledger and its place in a story have in common: each list of fields stands here alone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from schemas.same_money import Difference


class ToldByOther(msgspec.Struct, frozen=True):
    """Another event that told the same money: as it is, or with other facts."""

    source: str
    event_id: str
    verdict: str
    received_at: datetime
    differences: tuple[Difference, ...]


class EventFields(msgspec.Struct, frozen=True):
    source: str
    event_id: str
    event_type: str
    kind: str
    subject: str
    version: int
    occurred_at: datetime
    received_at: datetime
    reason: str
    settings_version: int | None
    resolved_at: datetime | None
    superseded_by: str | None
    told_again: tuple[str, ...]
    told_by_others: tuple[ToldByOther, ...]


class EntryFields(msgspec.Struct, frozen=True):
    target: str
    entry_kind: str
    part: str
    state: str
    reason: str
    amount_minor: int
    entered_minor: int | None
    """What a person says that they entered, where it was recorded by hand (POST-10)."""
    currency: str
    ledger_date: date
    patient_ref: str | None
    settings_version: int | None
    due_at: datetime
    late: bool
    holds: tuple[str, ...]
    connection_id: str | None
    connection_closed: str | None
    external_id: str | None
    posted_at: datetime | None
    request_id: str
    generation: int
    redrives: int
    shares_minor: tuple[int, ...]
    """Of the open charges that it was laid on, oldest first (ALL-1)."""


class AttemptFields(msgspec.Struct, frozen=True):
    n: int
    phase: str
    generation: int
    request_id: str
    began_at: datetime | None
    ended_at: datetime
    answer: str
    reason: str | None
    code: str | None
    external_ids: tuple[str, ...]
    vendor_request_id: str | None
    late: bool


class LetterFields(msgspec.Struct, frozen=True):
    stage: str
    reason: str
    field: str | None
    fault: str | None
    redrives: int
    ambiguous: bool
    first_failed_at: datetime
    last_failed_at: datetime
    settled_at: datetime | None
    settled_as: str | None
    settled_by: str | None


class NoticeFields(msgspec.Struct, frozen=True):
    cause: str
    opened_at: datetime
    told_at: datetime | None
    closed_at: datetime | None
    letters_sent: int


class VersionFields(msgspec.Struct, frozen=True):
    version: int
    effective_from: datetime
    saved_at: datetime
    saved_by: str


class PayoutFields(msgspec.Struct, frozen=True):
    payout_id: str
    version: int
    category: str
    gross_minor: int
    fee_minor: int
    failed: bool
    state: str | None
    external_id: str | None
    ledger_date: date | None


def shared(row: msgspec.Struct, fields: type[msgspec.Struct]) -> dict[str, Any]:
    """The values of a row that its place in the story has too."""
    return {name: getattr(row, name) for name in fields.__struct_fields__}

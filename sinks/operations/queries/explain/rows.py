"""The rows that a story is built from, one record per query of `explain.sql`, read by name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from sinks.operations.queries.explain.fields import (
    AttemptFields,
    EntryFields,
    EventFields,
    LetterFields,
    NoticeFields,
    PayoutFields,
    VersionFields,
)
from sinks.operations.queries.totals import Totals


class EventRow(EventFields, frozen=True):
    """An event. `original` and `plan` are gone once their month is dropped (law 28)."""

    waiting: str | None
    applied: bool
    waited: tuple[str, ...]
    topic: str
    part: int
    off: int
    original: bytes | None
    plan: bytes | None


class EntryRow(EntryFields, frozen=True):
    source: str
    event_id: str
    effect_id: int
    attempts: int
    last_code: str | None
    depends_on: int | None
    gross_minor: int | None
    fee_minor: int | None
    surcharge_minor: int | None
    happened_on: date
    doubts: tuple[str, ...]
    remarks: tuple[str, ...]
    rests_until: datetime | None
    """A blackout's end (T-8)."""
    zone: str | None
    """The practice's, now."""

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


class TypedInRow(msgspec.Struct, frozen=True):
    """A payment in the practice's system that an entry of ours seems to be, and the other entries that it could be."""

    effect_id: int
    external_id: str
    others: tuple[int, ...]


class AttemptRow(AttemptFields, frozen=True):
    effect_id: int
    charges: int | None


class DeadLetterRow(LetterFields, frozen=True):
    source: str | None
    event_id: str | None
    effect_id: int
    topic: str
    part: int
    off: int

    @property
    def id(self) -> str:
        """As `writeback dlq` names it."""
        return f"e:{self.effect_id}" if self.effect_id else f"{self.topic}:{self.part}:{self.off}"


class NoticeRow(NoticeFields, frozen=True):
    reason: str
    target: str | None


class PayoutRow(PayoutFields, frozen=True):
    number: int
    effect_id: int | None


class VersionRow(VersionFields, frozen=True):
    body: Any
    reason: str


class AuditRow(msgspec.Struct, frozen=True):
    at: datetime
    actor: str
    action: str
    subject: str | None
    why: str | None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one payment or payout."""

    events: tuple[EventRow, ...]
    entries: tuple[EntryRow, ...]
    attempts: tuple[AttemptRow, ...]
    letters: tuple[DeadLetterRow, ...]
    payouts: tuple[PayoutRow, ...]
    typed_in: tuple[TypedInRow, ...] = ()
    totals: Totals | None = None
    versions: tuple[VersionRow, ...] = ()
    notices: tuple[NoticeRow, ...] = ()
    people: tuple[AuditRow, ...] = ()

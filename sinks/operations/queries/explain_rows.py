"""What the ledger's rows say, in the order of the queries in `explain.sql`: what the story shows too comes first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from sinks.operations.queries.explain_fields import (
    AttemptFields,
    EntryFields,
    EventFields,
    LetterFields,
    NoticeFields,
    PayoutFields,
    VersionFields,
)
from sinks.operations.queries.explain_records import PayoutTold


class Happened(EventFields, frozen=True):
    """An event. `original` and `plan` are gone once their month is dropped (law 28)."""

    waiting: str | None
    applied: bool
    waited: list[str]
    topic: str
    part: int
    off: int
    original: bytes | None
    plan: bytes | None


class Entry(EntryFields, frozen=True):
    event_id: str
    effect_id: int
    attempts: int
    last_code: str | None
    depends_on: int | None
    surcharge_minor: int | None
    happened_on: date
    doubts: list[str]
    remarks: list[str]
    rests_until: datetime | None
    """A blackout's end (T-8)."""
    zone: str | None
    """The practice's, now."""

    @property
    def id(self) -> str:
        return f"e:{self.effect_id}"


class Attempt(AttemptFields, frozen=True):
    effect_id: int
    charges: int | None


class Letter(LetterFields, frozen=True):
    event_id: str | None
    effect_id: int
    topic: str
    part: int
    off: int

    @property
    def id(self) -> str:
        """As `writeback dlq` names it."""
        return f"e:{self.effect_id}" if self.effect_id else f"{self.topic}:{self.part}:{self.off}"


class Notice(NoticeFields, frozen=True):
    reason: str
    target: str | None


class PayoutItemOf(PayoutFields, frozen=True):
    number: int
    effect_id: int | None


class Version(VersionFields, frozen=True):
    body: Any
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

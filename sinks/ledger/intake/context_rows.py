"""Rows of the reads that a batch is compared with, by name."""

from __future__ import annotations

from datetime import datetime

import msgspec

from processors.rules.lifecycle.payment_state import EntryState, PaidItem
from schemas.vocabulary import DecisionReason, Ruling, Target
from sinks.ledger.intake.duplicates import StoredEvent
from sinks.ledger.intake.payment_key import PaymentKey


class MomentRow(msgspec.Struct, frozen=True):
    """Business time, and the era of the ledger; None before its first start."""

    now: datetime
    era: int | None
    raised_at: datetime | None


class PracticeSequenceRow(msgspec.Struct, frozen=True):
    """A locked practice, and the id of its newest effect."""

    practice_id: str
    seq: int


class LinkKeyRow(msgspec.Struct, frozen=True):
    """A patient who has a link at the PMS."""

    practice_id: str
    patient_ref: str


class WritableConnectionRow(msgspec.Struct, frozen=True):
    """A practice's connection at a target, and what it can do, where it says so: the entry kinds that it writes."""

    practice_id: str
    target: Target
    connection_id: str
    capabilities: tuple[str, ...] | None


class StoredCountRow(msgspec.Struct, frozen=True):
    """How many events and entries are stored about some money, as far as they were counted."""

    practice_id: str
    kind: str
    ref: str
    stored: int

    @property
    def key(self) -> PaymentKey:
        """The money."""
        return PaymentKey(self.practice_id, self.kind, self.ref)


class PlaceRow(msgspec.Struct, frozen=True):
    """A source record that has its receipt."""

    topic_id: str
    part: int
    off: int


class OriginalRow(msgspec.Struct, frozen=True):
    """The bytes of a stored event."""

    practice_id: str
    source: str
    event_id: str
    original: bytes


class EventOfPaymentRow(StoredEvent, frozen=True, kw_only=True):
    """An event of a payment or payout, whole: what RULES wrote, and how it stands."""

    of_kind: str
    ref: str
    occurred_at: datetime
    appended_at: datetime
    topic_id: str
    part: int
    off: int
    trace_id: str | None
    reason: DecisionReason
    settings_version: int | None
    ended_as: Ruling | None
    original_key: bytes
    original: bytes
    plan: bytes


class EntryRow(EntryState, frozen=True, kw_only=True):
    """An effect of a payment, as the engine works on it."""

    practice_id: str


class PaidItemRow(PaidItem, frozen=True, kw_only=True):
    """An item of a payout, by the payment that it names."""

    practice_id: str
    payment_id: str

"""What a batch writes: rows to insert, and changes of rows that are stored; built up record by record."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import DeadLetterReason, State, Target, Verdict
from schemas.writebacks import Writeback
from sinks.ledger.effect_moves import Move
from sinks.ledger.gates import GateKey
from sinks.ledger.intake.new_rows import EventStatus, NewOutcomeRow, NewWorkRow
from sinks.ledger.intake.records import DeadLettered, PatientRecord
from sinks.ledger.outbox import OutboxMessage
from sinks.ledger.payouts.standing import PayoutNews, StandingChange
from sinks.ledger.rows.effects import LedgerEntryRow
from sinks.ledger.rows.events import BodyRow, EventRow, PayoutItemRow, ReceiptRow, ToldAgainRow


class Resolution(msgspec.Struct, frozen=True):
    """An event that waited, and how it stands now."""

    writeback: Writeback
    status: EventStatus
    at: datetime
    concerns: str | None = None


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """What staff have to know of a dispute (R-10). One of opened and closed is reported at a time."""

    practice_id: str
    source: str
    dispute_id: str
    payment_id: str
    occurred_at: datetime
    version: int
    respond_by: datetime | None = None
    outcome: str | None = None


class Writes(msgspec.Struct, kw_only=True):
    """Everything that the transaction inserts and changes."""

    receipts: list[ReceiptRow] = msgspec.field(default_factory=list)
    events: list[EventRow] = msgspec.field(default_factory=list)
    bodies: list[BodyRow] = msgspec.field(default_factory=list)
    entries: list[LedgerEntryRow] = msgspec.field(default_factory=list)
    work: list[NewWorkRow] = msgspec.field(default_factory=list)
    outcomes: list[NewOutcomeRow] = msgspec.field(default_factory=list)
    payout_items: list[PayoutItemRow] = msgspec.field(default_factory=list)
    standing: list[StandingChange] = msgspec.field(default_factory=list)
    """Payouts that stand from now on, or no more, in the order of the records."""
    news: set[PayoutNews] = msgspec.field(default_factory=set)
    compare_again: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """Practice and payment: more was reported of it, and a payout carries it."""
    disputes: list[Dispute] = msgspec.field(default_factory=list)
    told_again: list[ToldAgainRow] = msgspec.field(default_factory=list)
    moves: dict[tuple[str, int], Move] = msgspec.field(default_factory=dict)
    """Of effects that are stored, or inserted by these writes: one for each, with all its changes."""
    touched: set[GateKey] = msgspec.field(default_factory=set)
    """Gates of what was moved: their next due time is computed anew."""
    outbox: list[OutboxMessage] = msgspec.field(default_factory=list)
    resolutions: list[Resolution] = msgspec.field(default_factory=list)
    patients: list[PatientRecord] = msgspec.field(default_factory=list)
    """Records of `patients.v1`, of which only receipts are kept."""
    letters: list[DeadLettered] = msgspec.field(default_factory=list)
    sender_results: list[OutboxMessage] = msgspec.field(default_factory=list)
    """Reports to senders of refused records: filled while the letters are written, which says what is news."""
    seqs: dict[str, int] = msgspec.field(default_factory=dict)
    """By practice, the id of its newest effect, where the batch adds some."""
    due: dict[GateKey, datetime] = msgspec.field(default_factory=dict)
    refusals: list[DeadLetterReason] = msgspec.field(default_factory=list)
    """Of the dead letters among `outbox`."""
    verdicts: list[Verdict] = msgspec.field(default_factory=list)
    started: list[tuple[Target, State]] = msgspec.field(default_factory=list)
    taken: int = 0
    """How many records of the batch these writes cover; the rest begins the next transaction."""

    @property
    def rows(self) -> int:
        """How many entries and items they insert or change."""
        return len(self.entries) + len(self.moves) + len(self.payout_items)

"""What goes into the decision about a batch, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from processors.rules.lifecycle.waiting_state import SwitchVersion
from schemas.practice_settings import SettingsHistory
from schemas.validation.events import CLOCK_SKEW
from schemas.vocabulary import State, Target, Verdict
from schemas.writebacks import Writeback
from sinks.ledger.effect_moves import Move
from sinks.ledger.gates import GateKey
from sinks.ledger.intake.copy_rows import EventStatus, Row
from sinks.ledger.intake.duplicates import Known
from sinks.ledger.intake.records import DeadLettered
from sinks.ledger.intake.working_state import WorkingStates
from sinks.ledger.outbox import OutboxMessage

Place = tuple[str, int, int]
"""Topic id, partition, offset."""


class Era(msgspec.Struct, frozen=True):
    """The ledger's era (law 4). Effects of records older than a failover are read back before any send."""

    number: int
    raised_at: datetime

    def looks_first(self, appended_at: datetime) -> bool:
        """The broker's clock says when a record was appended and the ledger's when it failed over: in between, both
        may be right, and one read too many costs nothing."""
        return self.number > 1 and appended_at < self.raised_at + CLOCK_SKEW


class BatchContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knew when the locks were held. `now` is business time."""

    now: datetime
    era: Era
    seqs: Mapping[str, int]
    known: Known
    truths: Mapping[str, Sequence[SwitchVersion]]
    linked: frozenset[tuple[str, str]]
    connections: Mapping[tuple[str, str], str]
    receipts: frozenset[Place]
    writable: Mapping[tuple[str, str], frozenset[str]] = msgspec.field(default_factory=dict)
    """By practice and target what the connection writes, where it says so."""
    lives: WorkingStates = msgspec.field(default_factory=WorkingStates)
    """Of the payments and payouts that this batch says more of than that they happened."""
    histories: Mapping[str, SettingsHistory] = msgspec.field(default_factory=dict)
    """The settings of the practices in `lives`."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change from batch to batch."""

    group: str
    redecide_after: timedelta
    jitter_s: int


class Resolution(msgspec.Struct, frozen=True):
    """An event that waited, and how it stands now."""

    writeback: Writeback
    standing: EventStatus
    at: datetime
    concerns: str | None = None


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """What staff have to know of a dispute (R-10). One of opened and closed is told at a time."""

    practice_id: str
    source: str
    dispute_id: str
    payment_id: str
    respond_by: datetime | None = None
    outcome: str | None = None


class Writes(msgspec.Struct, kw_only=True):
    """Everything that the transaction inserts and changes; built up record by record."""

    receipts: list[Row] = msgspec.field(default_factory=list)
    events: list[Row] = msgspec.field(default_factory=list)
    bodies: list[Row] = msgspec.field(default_factory=list)
    effects: list[Row] = msgspec.field(default_factory=list)
    payout_items: list[Row] = msgspec.field(default_factory=list)
    disputes: list[Dispute] = msgspec.field(default_factory=list)
    moves: dict[tuple[str, int], Move] = msgspec.field(default_factory=dict)
    """Of effects that are stored, or inserted by these writes; once moved twice, both changes are in one move."""
    touched: set[GateKey] = msgspec.field(default_factory=set)
    """Gates of what was moved: their next due time is computed anew."""
    outbox: list[OutboxMessage] = msgspec.field(default_factory=list)
    resolutions: list[Resolution] = msgspec.field(default_factory=list)
    letters: list[DeadLettered] = msgspec.field(default_factory=list)
    seqs: dict[str, int] = msgspec.field(default_factory=dict)
    due: dict[GateKey, datetime] = msgspec.field(default_factory=dict)
    verdicts: list[Verdict] = msgspec.field(default_factory=list)
    started: list[tuple[Target, str, State]] = msgspec.field(default_factory=list)
    taken: int = 0
    """How many records of the batch these writes cover; the rest begins the next transaction."""

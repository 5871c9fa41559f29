"""What a batch is decided by: everything that was read for it under the practices' locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.waiting_state import SwitchVersion, in_force
from schemas.validation.events import CLOCK_SKEW
from schemas.writebacks import Writeback
from sinks.ledger.intake.batch_payments import BatchPayments
from sinks.ledger.intake.duplicates import KnownEvents
from sinks.ledger.payouts.standing import StandingItems

Place = tuple[str, int, int]
"""Topic id, partition, offset."""


class Era(msgspec.Struct, frozen=True):
    """The ledger's era (law 4): it is raised when the database failed over."""

    number: int
    raised_at: datetime

    @property
    def read_back_before(self) -> datetime | None:
        """Entries of records that were appended before this are read back before any send; None: of no record.

        The broker's clock says when a record was appended and the ledger's when it failed over: in between, both may
        be right, and one read too many costs nothing.
        """
        return self.raised_at + CLOCK_SKEW if self.number > 1 else None


class PracticeContext(msgspec.Struct, frozen=True, kw_only=True):
    """One practice of the batch."""

    last_id: int
    """Of its effects (`practices.seq`)."""
    versions: Sequence[SwitchVersion]
    """Its settings versions, ascending."""
    facts: LedgerFacts

    def in_force_at(self, writeback: Writeback) -> SwitchVersion | None:
        """The version in force when the event happened, as far as anybody can say (law 15)."""
        return in_force(self.versions, min(writeback.occurred_at, writeback.position.appended_at))


class BatchContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knew when the locks were held. `now` is business time."""

    now: datetime
    known: KnownEvents
    receipts: frozenset[Place]
    practices: Mapping[str, PracticeContext]
    payments: BatchPayments
    standing: StandingItems
    covers: int
    """How many of the records it was read for, from the first, it is enough for (law 9)."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change from batch to batch."""

    group: str
    redecide_after: timedelta
    jitter_s: int
    partitions: int
    """Of each source topic: where a key belongs."""

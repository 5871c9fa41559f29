"""The port that every target stands behind: declared capabilities, pure composing, one call per effect, closed answers.

An adapter never raises for what a target does: it answers. What an answer means for the effect is decided in one place
(`sinks.poster`), never here.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from schemas.plan import Instruction
from schemas.vocabulary import ConnectionReason, DeadLetterReason, EntryKind, State


class Scope(StrEnum):
    """Whom an error concerns (law 22)."""

    EFFECT = "effect"
    CONNECTION = "connection"
    VENDOR = "vendor"


GUARANTOR: Final = "guarantor"
"""The word for `books_to_guarantor` among the stored capabilities."""
BATCHES_ONLY: Final = "batches_only"
"""The word for `batches_only`."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    entry_kinds: frozenset[EntryKind]
    """What this connection can write, by its route and its mapping. ALLOCATION in it: open charges can be read, and a
    payment can be told which of them it pays (ALL-1). A kind that is in it and whose type is not mapped is
    INVALID_CONFIG (N-8)."""
    allocates_exactly: bool = True
    """The amount on each charge can be told too; otherwise the target spreads a payment over the named ones (ALL-3)."""
    books_to_guarantor: bool = False
    """Knows who answers for a patient's account (G2)."""
    batches_only: bool = False
    """Takes postings in batches alone: settings may not ask for INSTANT (TIM-2, TIM-3)."""
    reads_back: bool
    """A marker can be searched for: presence can be proven."""
    proves_absence: bool
    """After `processing`, not found means not there (law 19)."""
    idempotency_key: bool
    """The target replays its first answer for the same request id (E-5)."""
    needs_patient: bool
    max_in_flight: int
    """Calls at once per connection."""
    min_interval_s: float
    """Least time between starts of calls on a connection; 0 = none."""

    def words(self) -> list[str]:
        """As `connections.capabilities` keeps them: INTAKE plans only what the connection can write."""
        words = {kind.value for kind in self.entry_kinds}
        words |= {GUARANTOR} if self.books_to_guarantor else set()
        return sorted(words | ({BATCHES_ONLY} if self.batches_only else set()))


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where an entry goes at the target, from one stored read (law 18). Kept with the effect."""

    patient: str
    """For whom it was read; for another patient it means nothing."""
    posts_to: str
    """Whose ledger takes the entry: the patient, or whoever answers for the account (G2)."""
    shares: tuple[tuple[str, int], ...] = ()
    """Open charge and minor units, oldest first; their sum is the entry's amount, or there are none: a prepayment."""


class TargetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An effect as the adapter sees it: what to write, for whom, under which marker."""

    practice_id: str
    connection_id: str
    effect_id: int
    generation: int
    request_id: str
    marker: str
    """`WB` + 16 base32 characters of the request id (law 18)."""
    earlier_markers: tuple[str, ...]
    """Markers of all earlier generations: a read-back searches for these too."""
    instruction: Instruction
    pms_patient_id: str | None
    sent_at: datetime | None
    part: str = ""
    """Of the effect's identity (E-1); a reversal's names what it takes back: `kind/part@version`."""
    linked_patient_id: str | None = None
    """Who is linked now, where the request went to somebody else: a read-back may look there too."""
    placement: Placement | None = None
    origin_id: str | None = None
    """`external_id` of the entry that this one depends on, once that is posted."""
    origin: Composed | None = None
    """The request with which that entry was written, for an entry that takes a payout back (P-7)."""


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor request, ready and frozen: exactly these bytes go out for this generation."""

    method: str
    path: str
    body: bytes
    ledger_date: date


class NotComposed(msgspec.Struct, frozen=True, kw_only=True):
    """Cannot be composed from today's mapping; nothing is sent (N-8)."""

    state: State
    reason: DeadLetterReason
    field: str
    """Name of the mapping or setting that is missing or wrong; never data."""


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """Positive proof that the entry stands at the target."""

    external_id: str
    vendor_request_id: str | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Taken (202); the outcome is still to come."""

    external_id: str | None = None
    vendor_request_id: str | None = None


class RefusalClass(StrEnum):
    """What a definite refusal is; the poster's one decision table turns it into a state."""

    TEMPORARY = "TEMPORARY"
    """Refused without effect, the same request may pass later."""
    CONFIG = "CONFIG"
    PERIOD = "PERIOD"
    BUSINESS = "BUSINESS"
    MALFORMED = "MALFORMED"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The target said no, and it is proven that nothing was written."""

    kind: RefusalClass
    scope: Scope
    reason: DeadLetterReason | ConnectionReason
    code: str
    """The vendor's status or error code, digits and capitals only; never its text (H-3)."""
    retry_after_s: float | None = None
    vendor_request_id: str | None = None


class NothingSent(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that no byte left: no connection, or the start was too late (law 17)."""

    scope: Scope
    reason: ConnectionReason | None
    code: str


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The request left and no trustworthy answer came: only a read-back settles this."""

    code: str
    vendor_request_id: str | None = None


Answer = Posted | Accepted | Refused | NothingSent | NoAnswer


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A completed read-back: every match for any generation's marker, with sign and amount equal."""

    external_ids: tuple[str, ...]
    began_at: datetime
    """Machine time when the read began; absence counts only when this is past `settle_until` (law 19)."""
    differing_ids: tuple[str, ...] = ()
    """Entries with our marker and another sign or amount: never absence, never proof; a person decides
    (TOTAL_DIFFERS)."""


class ReadFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The read-back itself did not complete; says nothing about the entry."""

    scope: Scope
    reason: ConnectionReason | None
    code: str
    retry_after_s: float | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """An open charge as the target tells it."""

    ref: str
    due_minor: int
    """What is still owed on it, > 0."""
    on: date


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What was read just before posting, stored as it is (ALL-1, law 18)."""

    posts_to: str
    charges: tuple[Charge, ...] = ()
    """Oldest first; empty where nothing is open, or where the entry is not to be allocated."""


class ConnectionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `writeback target test` found, in words for people; nothing was posted."""

    ok: bool
    checks: tuple[tuple[str, bool, str], ...]
    """(what, passed, what to do)."""
    notes: tuple[str, ...] = ()
    """What works and should be known all the same (SET-23)."""


class StartGuard(Protocol):
    """Asked once, after the connection stands and before the first byte (law 17)."""

    def may_start(self) -> bool: ...


class PaymentTarget(Protocol):
    """One adapter instance per connection, used by one event loop; holds its HTTP session and its mapping."""

    @property
    def capabilities(self) -> Capabilities: ...

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        """Pure: no I/O. Called before the mark; the result is stored and sent unchanged."""
        ...

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        """Reads what the entry needs before its first mark: open charges (`allocation` ALLOCATE), the guarantor
        (`family` GUARANTOR). Reads only; may be repeated."""
        ...

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """One non-idempotent call under one total deadline; no retry, no redirect. Never raises for the target."""
        ...

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        """Pages to the end from the office-local day before `sent_at`; may retry reads within the deadline."""
        ...

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Proves credentials and mapping without posting."""
        ...

    async def close(self) -> None: ...

"""The port of a target system: what an adapter is given, what it answers, and what it guarantees.

An adapter translates one system's API and decides nothing else. The poster owns the order, the limits and the retries;
one table of the poster turns an answer into a state (`sinks.poster.outcomes`). Four rules hold for every adapter:

1. It answers and never raises, whatever the target or the network does. What it does raise is a fault of the program:
   the poster takes it as `NoAnswer`, because nobody knows what was sent.
2. It claims only what is proven: `Posted` where the entry stands, `Refused` and `NothingSent` where nothing was
   written. Everything else is `NoAnswer`, and a read-back settles it. When in doubt, `NoAnswer`.
3. It carries our marker to the target and finds it again, with sign and amount.
4. The vendor's text stays inside it: it is classified, never logged, stored or shown (H-3).

To add a system: sinks/targets/README.md. The suite that every adapter passes: tests/contract.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from schemas.connector.windows import BatchWindow, closed_until
from schemas.plan import Instruction
from schemas.vocabulary import ConnectionReason, DeadLetterReason, DecisionReason, EntryKind, State


class Scope(StrEnum):
    """Whom an error concerns (law 22). The poster stops exactly these and nobody else."""

    EFFECT = "effect"
    """This entry alone."""
    CONNECTION = "connection"
    """Every entry of the connection: keys, subscription, throttling, an office that is off."""
    VENDOR = "vendor"
    """Every connection of the system: its service is down."""


GUARANTOR: Final = "guarantor"
"""The word for `books_to_guarantor` among the stored capabilities."""
BATCHES_ONLY: Final = "batches_only"
"""The word for `batches_only`."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection can do, by its route and its mapping. Constant for the adapter's life.

    INTAKE plans by the stored words of it, the poster limits and reads back by it, settings warn and refuse by it.
    """

    entry_kinds: frozenset[EntryKind]
    """What this connection can write. ALLOCATION in it: open charges can be read, and a payment can name those that it
    pays (ALL-1). A kind that is in it and whose type is not mapped stops its entry as INVALID_CONFIG (N-8)."""
    allocates_exactly: bool = True
    """The amount on each charge can be given too; else the target spreads a payment over the named ones (ALL-3)."""
    allocates_in_payment: bool = False
    """The exact amounts stand in the payment's own request: no allocation follows it."""
    books_to_guarantor: bool = False
    """Knows who answers for a patient's account (G2)."""
    batches_only: bool = False
    """Takes postings in batches alone: settings may not ask for INSTANT (TIM-2, TIM-3)."""
    reads_back: bool
    """A marker can be searched for: presence can be proven."""
    proves_absence: bool
    """Once the route's `processing_s` is over, not found means not there (law 19). False: a person decides."""
    answers_later: bool = False
    """It takes requests and writes them afterwards: what is not there yet is looked for again, ever more seldom, until
    it has settled."""
    idempotency_key: bool
    """The target replays its first answer for the same request id (E-5)."""
    needs_patient: bool
    """An entry waits for its patient's link before it is posted."""
    max_in_flight: int
    """Calls at once per connection, at least 1."""
    min_interval_s: float
    """Least seconds between starts of calls on a connection; 0 = none."""
    windows: tuple[BatchWindow, ...] = ()
    """Hours in which entries are taken; none: always. Outside them an entry waits, before its mark (law 24)."""
    window_needs: timedelta = timedelta(0)
    """How long before its window closes an entry must begin."""

    def closed_until(self, at: datetime) -> datetime | None:
        """When entries are taken again, where they are not at `at`. Pure."""
        return closed_until(self.windows, at, self.window_needs)

    @property
    def allocation_follows(self) -> bool:
        """Whether a payment that is laid on charges needs a further entry with the amounts."""
        return self.allocates_exactly and not self.allocates_in_payment

    def words(self) -> list[str]:
        """As `connections.capabilities` keeps them. Pure."""
        words = {kind.value for kind in self.entry_kinds}
        words |= {GUARANTOR} if self.books_to_guarantor else set()
        return sorted(words | ({BATCHES_ONLY} if self.batches_only else set()))


class Placement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an entry goes at the target, made of one stored read (law 18). Kept with the effect."""

    patient: str
    """For whom it was read; for another patient it means nothing."""
    posts_to: str
    """Whose account takes the entry: the patient's, or that of whoever answers for it (G2)."""
    shares: tuple[tuple[str, int], ...] = ()
    """Open charge and minor units, oldest first; their sum is the entry's amount, or there are none: a prepayment."""
    apart: bool = False
    """Other money of ours is on its way to the same patient's charges, or a person named these: until the exact
    allocation the entry lies on none, so that it takes nothing of a charge that another one pays (law 18)."""


class TargetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the adapter sees it: what to write, for whom, under which marker.

    Amounts are minor units with the sign of `schemas.plan.Instruction`; the adapter converts once, in `compose`.
    """

    practice_id: str
    connection_id: str
    effect_id: int
    generation: int
    """Counts the requests of this entry: one that is composed anew is the next, with its own request id and marker."""
    request_id: str
    marker: str
    """`WB` + 16 base32 characters of the request id (law 18). Must be findable at the target."""
    earlier_markers: tuple[str, ...]
    """Markers of all earlier generations: a read-back searches for these too."""
    instruction: Instruction
    pms_patient_id: str | None
    """The linked patient at this target; None where the entry needs none."""
    sent_at: datetime | None
    """Machine time of the first mark, None before it: no entry of ours can be older at the target."""
    part: str = ""
    """Of the effect's identity (E-1); a reversal's names what it takes back: `kind/part@version`."""
    linked_patient_id: str | None = None
    """Who is linked now, where the request went to somebody else: a read-back may search there too."""
    placement: Placement | None = None
    """What `prepare` read, as it was stored; None where nothing was to be read."""
    origin_id: str | None = None
    """`external_id` of the entry that this one depends on, once that is posted."""
    origin: Composed | None = None
    """The request with which that entry was written: what is taken back is compared with it (R-20), and a payout's
    document is mirrored from it (P-7)."""
    known_ids: tuple[str, ...] = ()
    """Ids under which earlier reads saw this entry, with whatever content: they are read again by id (law 19)."""
    not_ours: tuple[str, ...] = ()
    """Ids that could have been this entry, and that a person knew of when he had it sent again."""


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the vendor's API, ready and frozen: exactly these bytes go out for this generation."""

    method: str
    path: str
    """Relative to the connection's base URL."""
    body: bytes
    ledger_date: date
    """The date that the entry has at the target."""


class NotComposed(msgspec.Struct, frozen=True, kw_only=True):
    """Cannot be composed from today's mapping; nothing is sent (N-8)."""

    state: State
    """A dead one; SKIPPED_ZERO: by this mapping there is nothing to write (P-26); SKIPPED_DISABLED: it is from before
    the day from which its target is written; AWAITING_MANUAL_POST: the route writes its kind, but has no call for this
    entry of it, so that a person enters it."""
    reason: DeadLetterReason | DecisionReason
    """A DecisionReason exactly where the state is not a dead one."""
    field: str
    """Name of the mapping or setting that is missing or wrong; never data."""


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """Positive proof that the entry stands at the target."""

    external_id: str
    """`kind/number`, as the read-back gives it too; the prefixes are the route's `id_prefixes`."""
    vendor_request_id: str | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Taken (202); the outcome is still to come, and is read back."""

    external_id: str | None = None
    vendor_request_id: str | None = None


class RefusalClass(StrEnum):
    """What a definite refusal is; the poster's one decision table turns it into a state."""

    TEMPORARY = "TEMPORARY"
    """Refused without effect; the same request may pass later."""
    CONFIG = "CONFIG"
    """The mapping names something that is not there or not usable; a person repairs it."""
    PERIOD = "PERIOD"
    """The entry's date is closed at the target."""
    BUSINESS = "BUSINESS"
    """The target's own rules; a person decides."""
    MALFORMED = "MALFORMED"
    """The request could not be read: a fault of this program."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The target said no, and it is proven that nothing was written."""

    kind: RefusalClass
    scope: Scope
    reason: DeadLetterReason | ConnectionReason
    """A ConnectionReason exactly where the scope is CONNECTION or VENDOR."""
    code: str
    """The vendor's status or error code, digits and capitals only; never its text (H-3)."""
    retry_after_s: float | None = None
    """Not before so many seconds; None: the poster's own backoff."""
    vendor_request_id: str | None = None


class NothingSent(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that no byte left: no connection, no credentials, or the start was too late (law 17). Burns no attempt."""

    scope: Scope
    reason: ConnectionReason | None
    code: str


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The request left and no trustworthy answer came: only a read-back settles this."""

    code: str
    vendor_request_id: str | None = None
    answered: bool = False
    """The target did answer, with words that prove nothing: no sign that it is down."""
    seen_id: str | None = None
    """What it is called at the target, where it stands with other content than was sent."""


Answer = Posted | Accepted | Refused | NothingSent | NoAnswer


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A completed read-back. No ids at all: absent, which counts only where `Capabilities.proves_absence`."""

    external_ids: tuple[str, ...]
    """Every entry with a marker of any generation, and sign and amount equal. More than one: a person decides."""
    began_at: datetime
    """Machine time when the read began; absence counts only when this is past `settle_until` (law 19)."""
    differing_ids: tuple[str, ...] = ()
    """Entries with our marker and another sign or amount: never absence, never proof; a person decides
    (TOTAL_DIFFERS)."""
    possible_ids: tuple[str, ...] = ()
    """Entries without any marker of ours that could be this one, its text rewritten by people: neither absence nor
    proof; a person decides (OUTCOME_UNKNOWN)."""


class ReadFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A read did not complete; says nothing about the entry, and is repeated later."""

    scope: Scope
    reason: ConnectionReason | None
    """None with scope EFFECT: the read itself cannot succeed yet (an unknown patient, a list without end)."""
    code: str
    retry_after_s: float | None = None


class OriginState(StrEnum):
    """How an entry that is to be taken back stands at the target (R-20)."""

    STANDS = "STANDS"
    """As it was written: amount, sign, date and patient. Its split, type and text may have changed."""
    GONE = "GONE"
    CHANGED = "CHANGED"


class OriginReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a completed read says of the entry that is to be taken back."""

    state: OriginState


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """An open charge at the target."""

    ref: str
    due_minor: int
    """What is still owed on it, > 0."""
    on: date


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What was read just before posting, stored as it is (ALL-1, law 18)."""

    posts_to: str
    """Whose account takes the entry; empty where the target knows no patients."""
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
    """Says whether it is still early enough after the mark to send (law 17)."""

    def may_start(self) -> bool:
        """To be asked after the connection stands and again before the first byte; `sinks.targets.http_call` does.
        False: send nothing and answer `NothingSent`. Does not block."""
        ...


class PaymentTarget(Protocol):
    """An adapter: one instance per stored connection, opened by its `Route`, used by one event loop.

    Holds an HTTP session and a mapping, no state of entries: it may be closed and opened anew at any time, and several
    processes may hold one each for the same connection. Never sleeps, never retries a write, never limits itself: the
    owner of the connection's lease keeps `max_in_flight` and `min_interval_s` (law 21). `deadline_s` is one wall-clock
    limit for everything that a call does, from the first look-up to the last byte.
    """

    @property
    def capabilities(self) -> Capabilities:
        """Constant. Read by the poster and by commands; does not block."""
        ...

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        """The request that writes the entry, with its marker in it.

        Guarantee: pure. No I/O, no clock; the same entry and mapping give the same bytes. Carries nothing that the
        target need not know (no patient data to a general ledger). Called by the poster before the mark: the result
        is stored and later sent unchanged. Blocks the loop, so it computes only. Failure: NotComposed names the field;
        an amount or kind that the route cannot write is NotComposed too.
        """
        ...

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        """What must be known before the entry is composed: open charges where the instruction says ALLOCATE, the
        guarantor where it says GUARANTOR; otherwise the patient itself, without a call.

        Guarantee: reads only; may be repeated. Called by the poster before the first mark; the result is stored, and
        later generations use it. Failure: ReadFailed. Of a patient whom the target does not know, `Prepared` without
        charges: the posting will be refused, and says so.
        """
        ...

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        """Sends `request` once.

        Guarantee: exactly these bytes, at most once; no retry, no redirect, `guard` asked before the first byte. What
        only states values may go before them, or make up an entry alone (a claim's lines): an end between is no doubt.
        Called by the poster after the mark is committed, never twice at a time for one entry. Waits for the target,
        at most `deadline_s`. Failure: the closed answers; where it is not proven that nothing was written, NoAnswer.
        """
        ...

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        """Searches for every marker of the entry: all pages, from the office's local day before `sent_at`.

        Guarantee: complete or ReadFailed, never a part; compares sign and amount itself, because a vendor's filter may
        be ignored. Called by the poster for what is in doubt, before a redriven entry is sent, and once more after a
        late confirmation; by the go-live check. May repeat reads within `deadline_s`. Where the patient's record may
        have been merged away, absence is not claimed.
        """
        ...

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        """How the entry stands that this one takes back: `origin_id`, as `origin` wrote it (R-20).

        Guarantee: reads only; may be repeated. Called by the poster before the mark of an entry that takes one back.
        A record that was merged into another is the same patient. Failure: ReadFailed; unreadable is not gone.
        """
        ...

    async def test(self, deadline_s: float) -> ConnectionReport:
        """Whether credentials and every field of the mapping work at the target.

        Guarantee: posts nothing. Called by `writeback target test` and the go-live check. Failure: a check that did
        not pass, with what to do; never raises.
        """
        ...

    async def close(self) -> None:
        """Ends the session. Called once, when no call is in flight."""
        ...

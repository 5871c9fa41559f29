"""The records that pass between the poster's parts."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from schemas.bookkeeping.blackouts import Blackouts
from schemas.plan import Instruction
from schemas.practice_settings import ClosedPeriod
from schemas.vocabulary import ConnectionReason, DeadLetterReason, DecisionReason, EntryKind, Stage, State, Target
from sinks.targets.port import Composed, Placement

GateKey = tuple[str, str]
"""(practice_id, connection_id): the unit of claiming (law 21)."""
DoorKey = tuple[str, str]
"""(home_practice_id, connection_id): the connection, whoever shares it (law 22)."""


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """What `effects.payload` holds: the request exactly as it goes out, and for whom it was composed."""

    method: str
    path: str
    body: bytes
    ledger_date: date
    pms_patient_id: str | None
    generation: int = 1
    """A released effect keeps its last request, because a read-back looks where that one went; it is sent no more."""

    def composed(self) -> Composed:
        return Composed(method=self.method, path=self.path, body=self.body, ledger_date=self.ledger_date)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A practice's switches and calendar as they are now (law 24, E-9 b, T-8, T-9, T-12)."""

    settings_version: int | None
    """None: no version is in force."""
    master: bool
    closed_through: date | None
    connected: bool
    """The practice still uses this connection, and it is switched on."""
    zone: str | None = None
    closed_period: ClosedPeriod = ClosedPeriod.HOLD
    blackouts: Blackouts | None = None
    """None: there are none."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One effect as the plan query read it."""

    practice_id: str
    connection_id: str
    effect_id: int
    source: str
    event_id: str
    subject: str
    target: Target
    entry_kind: EntryKind
    part: str
    lane: str
    depends_on: int | None
    origin_posted: bool
    """Its origin is POSTED, or it has none."""
    state: State
    reason: str
    look_first: bool
    generation: int
    request_id: str
    frozen: Frozen | None
    attempts: int
    epoch: int
    """Of its last mark."""
    sent_at: datetime | None
    settled: bool
    """`settle_until` had passed, by the database's clock, when the plan was read; so before any read-back of it."""
    aged: bool
    """In doubt for longer than the retry budget."""
    settings_version: int | None
    instruction: Instruction
    amount_minor: int
    currency: str
    ledger_date: date
    pms_patient_id: str | None
    facts: Facts
    origin_id: str | None = None
    """What its origin is called at the target, once that is posted."""
    origin_elsewhere: bool = False
    """Its origin stands in another account than the one that is connected now (P-15)."""
    placement: Placement | None = None
    """Where it goes, from the read before its posting (law 18)."""
    origin: Frozen | None = None
    """The request that wrote its origin; of a payout's document alone, which is taken back as it was written (P-7)."""

    @property
    def gate(self) -> GateKey:
        return (self.practice_id, self.connection_id)

    @property
    def key(self) -> tuple[str, int]:
        return (self.practice_id, self.effect_id)


class SecondLook(msgspec.Struct, frozen=True):
    """An entry that stands as `external_id`, while another attempt of it may stand too (laws 19 and 20)."""

    work: Work
    external_id: str


class Closing(msgspec.Struct, frozen=True):
    """A gate is to be closed: for this reason, and at least this long if the target named a time."""

    reason: ConnectionReason
    retry_after_s: float | None = None


class Wait(msgspec.Struct, frozen=True):
    """When an effect is due again, counted from the confirmation. Exactly one of them, or none: unchanged."""

    seconds: float | None = None
    until_settled: bool = False


UNCHANGED = Wait()
AT_ONCE = Wait(seconds=0.0)
WHEN_SETTLED = Wait(until_settled=True)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer means for its effect. Made by `deciding` alone."""

    state: State
    """The state it goes to; its present one means that it stays."""
    reason: DeadLetterReason | None = None
    """Set where the effect dies."""
    positive: bool = False
    """Proof that the entry stands: never fenced (law 20)."""
    wait: Wait = UNCHANGED
    gives_back: bool = False
    """The attempt does not count (laws 17 and 22)."""
    proven_absent: bool = False
    """The target proved that nothing stands: `look_first` has been answered (law 4)."""
    stage: Stage = Stage.POST
    closes: Closing | None = None
    suspicious: bool = False
    """No answer at all: several in a row close the gate."""


class Held(msgspec.Struct, frozen=True):
    """Waits for a fact or a person: PAUSED, AWAITING_LINK, AWAITING_MANUAL_POST.

    Written under the practice's lock, after looking again (law 8)."""

    state: State
    reason: DecisionReason | None = None
    """None: the decision's own stays."""


class Dead(msgspec.Struct, frozen=True):
    """Dies before the mark, under the practice's lock."""

    verdict: Verdict
    field: str | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict on its way to the ledger, with what the attempts table keeps of the answer."""

    work: Work
    verdict: Verdict
    phase: Stage
    """POST or READBACK."""
    epoch: int
    """The gate's epoch under which the call was made."""
    attempt: int
    n: int
    """Number of the row in `attempts`: the attempt's own, negative where it was given back (then counted per owner)."""
    generation: int
    request_id: str
    answer: str
    scope: str | None
    code: str | None
    external_ids: tuple[str, ...]
    vendor_request_id: str | None
    began_at: datetime
    ended_at: datetime

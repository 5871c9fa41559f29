"""A planned call: one effect that is due, with all that decides whether and how it is sent or read back."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple, Self

import msgspec

from schemas.bookkeeping.blackouts import blackouts_of
from schemas.events import PaymentKind
from schemas.plan import Instruction
from schemas.practice_settings import Blackout, ClosedPeriod
from schemas.vocabulary import LAID_ON_CHARGES, NAMES_ORIGINAL
from sinks.ledger.rows.effects import EffectRecord
from sinks.targets.port import Composed, Placement

PRACTICES: Final = 4096
"""Practices whose switches are kept decoded: all entries of a plan carry the same text."""


class GateKey(NamedTuple):
    """The unit of claiming (law 21): one practice's entries at one connection; a row of `gates`."""

    practice_id: str
    connection_id: str


class ConnectionKey(NamedTuple):
    """A connection, whichever practices share it (law 22); a row of `connections`."""

    home_practice_id: str
    connection_id: str


class EffectKey(NamedTuple):
    """An entry, with its work or its outcome."""

    practice_id: str
    effect_id: int


class FrozenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `payload` holds in `work` and `outcomes`: the request exactly as it goes out, and for whom it is."""

    method: str
    path: str
    body: bytes
    ledger_date: date
    pms_patient_id: str | None
    generation: int = 1
    """A released effect keeps its last request: a read-back looks where that one went. It is not sent again."""

    @classmethod
    def from_column(cls, payload: bytes) -> Self:
        """The stored form, MessagePack. Raises msgspec.DecodeError for anything else."""
        return msgspec.msgpack.decode(payload, type=cls)

    def composed(self) -> Composed:
        """As an adapter takes it."""
        return Composed(method=self.method, path=self.path, body=self.body, ledger_date=self.ledger_date)


class PracticeSwitches(msgspec.Struct, frozen=True, kw_only=True):
    """A practice's switches and calendar as they are now, whichever settings decided the entry (law 24, E-9 b)."""

    settings_version: int | None = None
    """None: no version is in force."""
    master: bool
    entitled: bool = True
    """The practice may use write-back at all (SET-16)."""
    connected: bool
    """The practice still uses this connection, and it is switched on."""
    zone: str | None = None
    closed_through: date | None = None
    """The last day that is closed in the practice's books (T-12)."""
    closed_period: ClosedPeriod = ClosedPeriod.HOLD
    """What becomes of an entry with a closed date (T-9)."""
    blackouts: tuple[Blackout, ...] = ()

    @classmethod
    def from_column(cls, text: str) -> PracticeSwitches:
        """The JSON that the plan query builds, null where a version does not say; one record per practice."""
        return _switches(text)

    def blackout_until(self, at: datetime) -> datetime | None:
        """The end of the blackout that an aware instant lies in (T-8); None outside."""
        if self.zone is None or not self.blackouts:
            return None
        return blackouts_of(self.zone, self.blackouts).until(at)


@lru_cache(maxsize=PRACTICES)
def _switches(text: str) -> PracticeSwitches:
    return msgspec.json.decode(text, type=PracticeSwitches)


class PlannedCall(EffectRecord, frozen=True):
    """One effect as `plan` and `due_checks` read it, by the names of their columns. An entry in doubt is read back,
    every other one is marked and sent."""

    connection_id: str
    subject: str
    lane: str
    origin_posted: bool
    """Its origin, the entry it depends on, is POSTED; or it has none."""
    generation: int
    request_id: str
    frozen: FrozenRequest | None
    attempts: int
    epoch: int
    """Of its last mark."""
    sent_at: datetime | None
    settled: bool
    """`settle_until` had passed, by the database's clock, when the plan was read; so before any read-back of it."""
    aged: bool
    """In doubt for longer than the retry budget."""
    instruction: Instruction
    ledger_date: date
    linked_patient_id: str | None
    """The patient's number at the target, by today's link."""
    switches: PracticeSwitches
    external_id: str | None = None
    """What it is called at the target, where it stands."""
    origin_id: str | None = None
    """What its origin is called at the target, once that is posted."""
    origin_request: FrozenRequest | None = None
    """The request that wrote its origin."""
    origin_elsewhere: bool = False
    """Its origin stands in another account than the one that is connected now (P-15)."""
    typed_in: bool = False
    """The mirror holds a payment of the same patient, day and amount that nobody of ours made, and nobody was told."""
    record_changed: bool = False
    """The linked record has another name and another birth date than when it was linked or verified (E-13, L-7)."""
    placement: Placement | None = None
    """Where it goes, from the read before its posting (law 18)."""
    correlation_id: str | None = None
    """The trace id that the upstream put into its event."""
    traceparent: str | None = None
    """The trace of its event, where that is traced."""

    @property
    def gate(self) -> GateKey:
        """The lease that it is called under."""
        return GateKey(self.practice_id, self.connection_id)

    @property
    def key(self) -> EffectKey:
        """Its identity among all effects."""
        return EffectKey(self.practice_id, self.effect_id)

    @property
    def pms_patient_id(self) -> str | None:
        """The patient's number to send: what follows an entry that stands goes where that went, whoever is linked now
        (R-13, E-12)."""
        origin = self.origin_request
        if origin is not None and self.origin_posted and origin.pms_patient_id:
            return origin.pms_patient_id
        return self.linked_patient_id


def names_original(call: PlannedCall) -> bool:
    """Whether an entry's request names the one that it depends on: planned again once that has its number.

    A membership's payment and its fee are laid on the charge (B-1).
    """
    if call.entry_kind in NAMES_ORIGINAL:
        return True
    laid = call.entry_kind in LAID_ON_CHARGES and call.depends_on is not None
    return laid and call.instruction.payment_kind is PaymentKind.MEMBERSHIP

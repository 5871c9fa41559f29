"""The plan that RULES makes of one event: its decision, the planned entries, and the instruction for each.

Source: reference events, "What Writeback publishes".
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from schemas.events import PaymentKind, PayoutCategory, Tender
from schemas.practice_settings import Allocation, AmountMode, FamilyBooking, Timing
from schemas.vocabulary import DecisionReason, EntryKind, State, Target


class PartKey(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of its event's money an entry is about: what the text `part` says, on the wire and in `entries` (E-1).

    | text | the entry |
    |---|---|
    | `` | of an event with one part |
    | `2` | of the split, member or claim at this position |
    | `2a1` | of that, the second of the pieces laid on charges |
    | `refund/2` | the companion of a refund that stands on the event of other money |
    | `payment/2@1` | takes back the payment `2` as version 1 of the money reported it |

    `parse` takes any text, and `str` gives the same text back.
    """

    place: str = ""
    """Position of the split, member or claim; '' if there is one."""
    piece: int | None = None
    """Of the pieces that one read of open charges made of it (law 18); the first keeps the part's own name."""
    of_refund: bool = False
    reverses: EntryKind | None = None
    """The kind of the entry that this one takes back."""
    version: int | None = None
    """With `reverses`: the version of the money that the entry booked."""

    @classmethod
    def parse(cls, text: str) -> PartKey:
        """Text of another shape is a place as it stands. Pure."""
        found = _REVERSAL.fullmatch(text)
        kind = _KINDS.get(found["kind"]) if found else None
        rest = found["rest"] if found and kind else text
        of_refund = rest.startswith(_OF_REFUND)
        place, piece, number = rest.removeprefix(_OF_REFUND).rpartition("a")
        if not piece or not _NUMBER.fullmatch(number):
            place, number = rest.removeprefix(_OF_REFUND), ""
        return cls(
            place=place,
            piece=int(number) if number else None,
            of_refund=of_refund,
            reverses=kind,
            version=int(found["version"]) if found and kind else None,
        )

    @classmethod
    def reversal(cls, kind: EntryKind, part: str, version: int) -> PartKey:
        """Of an entry that takes back the entry `kind` of a part, as `version` of the money booked it."""
        key = cls.parse(part)
        plain = key if key.reverses is None else cls(place=part)
        return msgspec.structs.replace(plain, reverses=kind, version=version)

    def piece_of(self, number: int) -> PartKey:
        """Of a further piece of this part; what a piece is divided into again keeps the piece's name before its own."""
        place = msgspec.structs.replace(self, of_refund=False, reverses=None).original
        return msgspec.structs.replace(self, place=place, piece=number)

    @property
    def original(self) -> str:
        """The text of the part without what it reverses."""
        piece = "" if self.piece is None else f"a{self.piece}"
        return f"{_OF_REFUND if self.of_refund else ''}{self.place}{piece}"

    def __str__(self) -> str:
        return self.original if self.reverses is None else f"{self.reverses}/{self.original}@{self.version}"


_NUMBER: Final = re.compile(r"0|[1-9][0-9]*")
_REVERSAL: Final = re.compile(r"(?P<kind>[a-z_]+)/(?P<rest>.*)@(?P<version>0|[1-9][0-9]*)", re.DOTALL)
_OF_REFUND: Final = "refund/"
_KINDS: Final = {kind.value: kind for kind in EntryKind}


class PayoutLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item of a payout, without ids that could be tied to a patient (P-13, P-22)."""

    number: int
    category: PayoutCategory
    kind: PaymentKind | None
    gross_minor: int
    fee_minor: int
    fees: tuple[tuple[str, int], ...] = ()


class ClaimDoubt(StrEnum):
    """What a claim says against itself, whatever its codes (I-3, I-9)."""

    REVERSAL_GIVES = "REVERSAL_GIVES"
    """Status 22 that pays or writes off."""
    ESTIMATE = "ESTIMATE"
    """Status 25: a predetermination; nothing was treated or paid."""
    WHOLE_CHARGE = "WHOLE_CHARGE"
    """CO-45 for all that was charged."""
    ABOVE_CHARGE = "ABOVE_CHARGE"
    """More written off than was charged."""


class ClaimLineOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service line of a claim as it is to be booked (I-11)."""

    procedure_ref: str | None = None
    charged_minor: int
    paid_minor: int
    write_off_minor: int = 0


class ClaimOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claim that an insurance entry belongs to (I-1, I-10)."""

    remittance_ref: str
    insurer_ref: str
    claim_ref: str | None = None
    status: str
    """CLP02; 22 is a reversal (I-9)."""
    service_from: date | None = None
    charged_minor: int
    paid_minor: int
    write_off_minor: int = 0
    lines: tuple[ClaimLineOrder, ...] = ()
    doubts: tuple[str, ...] = ()
    """What a person looks at first: adjustments like CO-97 (I-3, I-5), or a `ClaimDoubt`. For people; codes alone."""
    remarks: tuple[str, ...] = ()
    """RARCs of the claim and its lines, as reported: they explain and decide nothing (I-5)."""


class Instruction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to write at a target, in our terms; an adapter composes the vendor's request from it and today's mapping.

    `amount_minor` has the practice's cash sign (M-3): a payment > 0; a credit fee adjustment or write-off > 0 (it
    counts toward the balance like a payment). A charge line is > 0 and its reversal < 0 (B-1); a note moves nothing
    and is 0, what was asked for is its `gross_minor`. Each adapter converts the sign once (M-4).
    """

    entry_kind: EntryKind
    amount_minor: int
    currency: str
    ledger_date: date
    """Civil local date of `occurred_at` or by setting its window's (T-6), or a payout's arrival date (P-16)."""
    occurred_at: datetime
    patient_ref: str | None = None
    payment_kind: PaymentKind | None = None
    tender: Tender | None = None
    provider_ref: str | None = None
    procedure_ref: str | None = None
    payment_ref: str | None = None
    """The upstream's payment or payout id, for people; never sent to QuickBooks for a payment (P-13)."""
    version: int = 1
    """Of what it books; above 1 a document says so, so that none stands twice under one reference (E-11, P-8)."""
    card_brand: str | None = None
    card_last4: str | None = None
    gross_minor: int | None = None
    fee_minor: int | None = None
    surcharge_minor: int | None = None
    lines: tuple[PayoutLine, ...] = ()
    allocation: Allocation | None = None
    """How a payment is applied to charges (ALL-1, ALL-2); None where allocation has no meaning."""
    family: FamilyBooking | None = None
    plan_ref: str | None = None
    """An instalment goes to its plan alone (PL-1)."""
    plan_in_pms: bool = False
    """`plan_ref` is the PMS' own number of the plan (PL-2); of a plan kept elsewhere it means nothing there."""
    plan_code: str | None = None
    """A membership's plan, for its charge line (B-1)."""
    claim: ClaimOrder | None = None
    original_ref: str | None = None
    """The payment or payout that a reversing entry belongs to (R-1)."""
    original_date: date | None = None
    """The ledger date of the original, or the date that a closed period kept the entry from (T-9)."""
    office_level: bool = False
    """Not on a patient's ledger (R-10 SUSPENSE)."""
    channel: str | None = None
    """How a payment request was sent (NOTE-1)."""
    zone: str | None = None
    """Where a note's date and time are read (NOTE-1)."""
    bank_last4: str | None = None
    """The end of the bank account's number that a payout reaches (P-24)."""
    items_known: bool = True
    """False: nobody can say what a payout is made of, and there are no lines (P-25)."""


class PlannedEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry at one target as decided by RULES; identity is (event, target, entry_kind, part), never the route."""

    target: Target
    entry_kind: EntryKind
    part: str
    """Position of the split, member or claim; '' if there is one (E-1). From the event only (law 6)."""
    depends_on: tuple[EntryKind, str] | None = None
    """The effect of the same event that must be POSTED first."""
    state: State
    """SCHEDULED, SKIPPED_*, or the first condition that the settings put in its way. Links and connections are
    INTAKE's to add."""
    holds: tuple[State, ...] = ()
    """Further conditions that must be met besides `state`, each one of UNMET_ORDER: allocated by hand and cleared."""
    reason: DecisionReason
    due_at: datetime | None = None
    lane: str
    instruction: Instruction


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole plan for one event under one version of the settings (law 2)."""

    settings_version: int | None
    waiting: State | None = None
    """AWAITING_* on the event itself: then `effects` are none, or for AWAITING_FEE the plan as far as it can be known
    (the payment is what counts toward the balance), which INTAKE re-amounts and inserts when the fee is reported."""
    reason: DecisionReason
    amount_mode: AmountMode | None = None
    timing: Timing | None = None
    late: bool = False
    effects: tuple[PlannedEntry, ...] = ()
    applied: bool = False
    """True for an event that posts nothing by nature (APPLIED)."""

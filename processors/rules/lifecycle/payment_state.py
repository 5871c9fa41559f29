"""A life: everything that the ledger holds about one payment or one payout, read under the practice's lock (law 7)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.events import Event, MoneyFields, PayoutCategory, PayoutPaid
from schemas.plan import Instruction, PlannedEntry
from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import DecisionReason, EntryKind, State, Target

MoneyReport = MoneyFields | PayoutPaid
"""The events that tell money itself: PaymentSucceeded, MembershipPaid, PaymentCorrected; PayoutPaid."""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of the money that was told, with what decided about it."""

    event: MoneyReport
    version: int
    """1, or what PaymentCorrected or PayoutPaid say (E-1)."""
    waiting: State | None = None
    """Why it is not resolved: then it has no effects (law 2)."""
    reason: DecisionReason
    """`Decision.reason`."""
    settings: PracticeSettings
    """Of the version that decided; what follows the original takes modes from here, not from today (R-6)."""
    settings_version: int | None
    plan: tuple[PlannedEntry, ...] = ()
    """`Decision.effects` as RULES gave them: the template while it waits for its fee (N-5)."""


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """An event about the money: refund, return, dispute, fee, clearance, void, payout failed."""

    event: Event
    waiting: State | None = None
    """AWAITING_ORIGINAL while parked, AWAITING_REVIEW for a person; None when it is resolved and counts."""


class EntryState(msgspec.Struct, frozen=True, kw_only=True):
    """An effect as it stands."""

    effect_id: int
    source: str
    event_id: str
    target: Target
    entry_kind: EntryKind
    part: str
    state: State
    reason: DecisionReason
    holds: tuple[State, ...] = ()
    """Stored conditions (`effects.holds`); a missing link and the master switch are looked up, not stored."""
    due_at: datetime | None = None
    look_first: bool = False
    amount_minor: int
    depends_on: int | None = None
    lane: str
    connection_id: str | None
    instruction: Instruction


class PaidItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a payout that names the payment; only of payouts that stand (P-21)."""

    payout_id: str
    category: PayoutCategory
    gross_minor: int
    fee_minor: int
    net_minor: int


class PaymentState(msgspec.Struct, frozen=True, kw_only=True):
    """`entries` and `linked` ascend by when they were stored. Superseded versions leave only their entries."""

    told: Reported | None = None
    entries: tuple[EntryState, ...] = ()
    linked: tuple[FollowUp, ...] = ()
    items: tuple[PaidItem, ...] = ()

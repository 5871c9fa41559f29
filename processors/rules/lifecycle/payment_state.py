"""The state of one payment or payout: what was reported, what followed, and its entries as they stand now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from schemas.events import OUR_SOURCE, Event, MoneyFields, PayoutCategory, PayoutPaid
from schemas.plan import Instruction, PlannedEntry
from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import DecisionReason, EntryKind, Ruling, State, Target

MoneyReport = MoneyFields | PayoutPaid
"""The events that report money itself: PaymentSucceeded, MembershipPaid, PaymentCorrected; PayoutPaid."""

EventId = tuple[str, str]
"""Source and event id: an event within its practice."""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of the money that was reported, with what decided about it."""

    event: MoneyReport
    version: int
    """1, or what PaymentCorrected or PayoutPaid say (E-1)."""
    bank: int = 0
    """Counts a person's words about this version (P-23, E-12); 0: as upstream reported it."""
    waiting: State | None = None
    """Why it is not resolved: then it has no entries (law 2)."""
    reason: DecisionReason
    """`Decision.reason`."""
    settings: PracticeSettings
    """Of the version that decided; what follows the original takes modes from here, not from today (R-6)."""
    settings_version: int | None
    plan: tuple[PlannedEntry, ...] = ()
    """`Decision.effects` as RULES gave them: the template while it waits for its fee (N-5)."""
    arrived_at: datetime
    """The broker's append time of its record."""

    @property
    def order(self) -> tuple[int, int]:
        """The higher one stands: upstream's next version supersedes the bank's word about this one."""
        return self.version, self.bank


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """An event about the money: refund, return, dispute, fee, clearance, void, payout failed."""

    event: Event
    waiting: State | None = None
    """AWAITING_ORIGINAL while parked, AWAITING_REVIEW for a person; None when it is resolved and counts."""
    settings_version: int | None
    """Of the version that decided, for its ledger date when it is asked again."""
    arrived_at: datetime
    """The broker's append time of its record."""
    ended_as: Ruling | None = None
    """A person ended it; nothing judges it again by itself."""


class EntryState(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands."""

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
    """An item of a payout that names the payment, as that payout was reported last."""

    payout_id: str
    category: PayoutCategory
    gross_minor: int
    fee_minor: int
    net_minor: int
    stands: bool = True
    """The payout has not failed: its funds are there (T-13). The fee is known all the same (N-5)."""


class PaymentState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the ledger holds about one payment or one payout, read under the practice's lock (law 7).

    `entries` and `follow_ups` ascend by when they were stored. Superseded versions leave only their entries.
    """

    reported: Reported | None = None
    entries: tuple[EntryState, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    items: tuple[PaidItem, ...] = ()


def resolved_events(state: PaymentState) -> Iterator[Event]:
    """The follow-ups that count, in the order in which they were stored: neither waiting nor dismissed by a person."""
    dismissed = Ruling.DISMISS
    return (each.event for each in state.follow_ups if each.waiting is None and each.ended_as is not dismissed)


def is_ours(event: Event) -> bool:
    """Made here, because a person decided that a payout is right (P-23)."""
    return event.source == OUR_SOURCE


def event_id_of(event: Event) -> EventId:
    """The event within its practice."""
    return event.source, event.event_id

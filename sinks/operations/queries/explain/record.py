"""The story of one payment or payout as one record: stable, for screens and machines.

Amounts are minor units with the practice's cash sign (M-3). No patient data beyond the surrogate.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from sinks.operations.queries.explain.fields import (
    AttemptFields,
    EntryFields,
    EventFields,
    LetterFields,
    NoticeFields,
    PayoutFields,
    VersionFields,
)
from sinks.operations.queries.totals import Totals


class About(msgspec.Struct, frozen=True):
    """A payment or payout, and what the sought id is to it: `event`, `refund`, `external id`, …"""

    practice_id: str
    subject: str
    of_payout: bool
    named: tuple[str, ...]


class StoryVersion(VersionFields, frozen=True, kw_only=True):
    """A version of the settings that decided something here, in plain words."""

    why: str
    words: tuple[str, ...]


class StoryAmounts(msgspec.Struct, frozen=True, kw_only=True):
    """How an event's amounts came about. `payment + companion = gross - surcharge`, signed (R-15).

    `fee_minor` and `net_minor` of a payment whose fee came later are those (N-5); an assessment reports them alone.
    """

    gross_minor: int | None
    surcharge_minor: int | None
    fee_minor: int | None
    net_minor: int | None
    currency: str
    mode: str | None
    payment_minor: int | None
    companion_minor: int | None
    adds_up: bool | None
    """None: there is no entry that it could be asked of."""
    words: tuple[str, ...]


class StoryAttempt(AttemptFields, frozen=True, kw_only=True):
    """One call or read, with its answer's class; the vendor's own words are never kept (H-3)."""

    words: str


class StoryDeadLetter(LetterFields, frozen=True, kw_only=True):
    """A dead letter, with what to do about it."""

    id: str
    words: str
    field_words: str
    """The field at fault and what is wrong with it; '' where that is not known."""
    remedy: str


class StoryTypedIn(msgspec.Struct, frozen=True):
    """A payment in the practice's system that an entry seems to be, typed in by somebody there."""

    external_id: str
    could_be: tuple[str, ...]
    """Other entries that wait, and are like it too: it is one of them at most."""


class StoryEntry(EntryFields, frozen=True, kw_only=True):
    """An effect: one entry at one target."""

    id: str
    words: str
    marker: str
    rests_until: datetime | None
    """Due, but in a blackout: nothing is posted before this local time of the practice (T-8)."""
    held_for: tuple[str, ...]
    """What a person has to look at on a claim: its adjustments, or what it says against itself (I-3, I-9)."""
    remarks: tuple[str, ...]
    """The insurer's remark codes, with those that were stopped before the remittance (I-5)."""
    after: str | None
    """The entry that has to stand first."""
    takes_back: str | None
    taken_back_by: tuple[str, ...]
    """Entries that stand in the books."""
    to_be_taken_back_by: tuple[str, ...]
    """Entries that are to do so and are open; one that a person dismissed takes nothing back."""
    typed_in: tuple[StoryTypedIn, ...]
    """While it waits for a person to say whether it is one of these."""
    attempts: tuple[StoryAttempt, ...]
    dead_letters: tuple[StoryDeadLetter, ...]


class StoryEvent(EventFields, frozen=True, kw_only=True):
    """One event with its decision. `waited_as`: what it was parked as, in order, until `resolved_at`, or still is."""

    place: str
    state: str
    words: str
    timing: str | None
    late: bool
    waited_as: tuple[str, ...]
    amounts: StoryAmounts | None
    entries: tuple[StoryEntry, ...]
    dead_letters: tuple[StoryDeadLetter, ...]


class StoryPayout(PayoutFields, frozen=True, kw_only=True):
    """A payout that carries the payment, and its document at QuickBooks."""

    item: int
    entry: str | None


class StoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a payout (P-22): its number is in the document's lines, the payment's id only here (P-13)."""

    number: int
    category: str
    payment_id: str | None
    gross_minor: int
    fee_minor: int
    net_minor: int


class StoryNotice(NoticeFields, frozen=True, kw_only=True):
    """A notice of the same cause that was open meanwhile; it may count other entries too."""


class StoryAction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did."""

    at: datetime
    who: str
    action: str
    subject: str | None
    why: str | None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, in the order in which it happened."""

    sought: str
    about: About
    headline: str
    totals: Totals | None
    events: tuple[StoryEvent, ...]
    settings: tuple[StoryVersion, ...]
    payouts: tuple[StoryPayout, ...]
    items: tuple[StoryItem, ...]
    notices: tuple[StoryNotice, ...]
    people: tuple[StoryAction, ...]
    dead_letters: tuple[StoryDeadLetter, ...]
    """Of records that became no event."""


class Ambiguous(msgspec.Struct, frozen=True, kw_only=True):
    """The id names several: the person chooses, or gives --practice."""

    sought: str
    candidates: tuple[About, ...]


class GolivePost(msgspec.Struct, frozen=True):
    """An entry that a go-live check wrote to prove the connection (SET-17): of no event, so it has no story."""

    practice_id: str
    check_no: int
    step: str
    state: str
    external_id: str | None
    marker: str
    began_at: datetime
    began_by: str
    found_at: datetime | None
    taken_back_as: str | None
    """Of the payment: where its reversal was found."""


class GolivePosts(msgspec.Struct, frozen=True, kw_only=True):
    """The id is that of test posts alone."""

    sought: str
    posts: tuple[GolivePost, ...]


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing has this id; `looked_for` says as what it was sought."""

    sought: str
    looked_for: tuple[str, ...]


Answer = Story | Ambiguous | GolivePosts | Unknown

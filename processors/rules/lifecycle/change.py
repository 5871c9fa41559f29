"""What the rules say one event changes in its payment or payout; the engine carries it out (law 2)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from processors.rules.lifecycle.payment_state import Reported
from schemas.plan import PlannedEntry
from schemas.vocabulary import DecisionReason, EntryKind, State


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry to insert. `effect.depends_on` names one of the same event, `behind` one that is already stored."""

    effect: PlannedEntry
    behind: int | None = None
    connection_id: str | None = None
    """Of the entry that it reverses (E-9 c); None: the practice's connection now (E-9 b)."""


class ReleasedOriginal(msgspec.Struct, frozen=True, kw_only=True):
    """How the original leaves its own waiting, because of another event."""

    effects: tuple[NewEntry, ...] = ()
    """Inserted on the original (N-5); none when it ends without ever being posted."""
    reason: DecisionReason
    voided: bool = False
    """It shows VOIDED_BEFORE_POST: voided or corrected while it still waited (R-7, E-11)."""


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """A stored entry whose origin is voided here depends on its replacement, an entry of this change."""

    effect_id: int
    to: tuple[EntryKind, str]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one event. Entries are in the order of their ids: each origin before what depends on it."""

    waiting: State | None = None
    """AWAITING_ORIGINAL: park it. AWAITING_FEE, AWAITING_REVIEW: stored as such. Then there are no entries."""
    reason: DecisionReason
    applied: bool = False
    """It posts nothing itself: APPLIED (law 2)."""
    old_version: bool = False
    """E-7: a higher version is stored. Receipt OLD_VERSION, nothing else."""
    effects: tuple[NewEntry, ...] = ()
    void: tuple[int, ...] = ()
    """Stored entries that become VOIDED_BEFORE_POST, with `void_reason`. Never in doubt, never `look_first`."""
    void_reason: DecisionReason = DecisionReason.VOIDED
    lift: tuple[int, ...] = ()
    """Stored entries that no longer wait for clearance: drop the hold AWAITING_CLEARANCE, due now (T-13)."""
    redirect: tuple[Redirect, ...] = ()
    original: ReleasedOriginal | None = None
    settings_version: int | None = None
    """To pin on the event: its original's where it follows that one (R-6)."""

    def __post_init__(self) -> None:
        """ValueError for a fault of a rule: an event that waits has no entries (law 2)."""
        if self.waiting is not None and self.effects:
            raise ValueError(f"an event in {self.waiting.value} has no entries")


def for_review(reason: DecisionReason) -> Change:
    """Nothing is posted; a person decides."""
    return Change(waiting=State.AWAITING_REVIEW, reason=reason)


def nothing(reason: DecisionReason = DecisionReason.NO_MONEY) -> Change:
    """The event posts nothing: APPLIED."""
    return Change(applied=True, reason=reason)


def following(original: Reported, entries: Iterable[NewEntry]) -> Change:
    """The entries under the original's settings (R-6); without any, the event posts nothing."""
    effects = tuple(entries)
    if not effects:
        return nothing()
    return Change(reason=DecisionReason.FOLLOWS_ORIGINAL, effects=effects, settings_version=original.settings_version)

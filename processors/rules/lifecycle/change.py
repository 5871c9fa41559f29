"""What an event changes in the life it belongs to: an order to INTAKE, which writes it in one transaction (law 2)."""

from __future__ import annotations

import msgspec

from schemas.plan import PlannedEntry
from schemas.vocabulary import DecisionReason, EntryKind, State


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An effect to insert. `effect.depends_on` names one of the same event, `behind` one that is already stored."""

    effect: PlannedEntry
    behind: int | None = None
    connection_id: str | None = None
    """Of the effect that it reverses (E-9 c); None: the practice's connection now (E-9 b)."""


class ReleasedOriginal(msgspec.Struct, frozen=True, kw_only=True):
    """How the told event leaves its own waiting, because of another event."""

    effects: tuple[NewEntry, ...] = ()
    """Inserted on the told event (N-5); none when it ends without ever being posted."""
    reason: DecisionReason
    voided: bool = False
    """It shows VOIDED_BEFORE_POST: voided or corrected while it still waited (R-7, E-11)."""


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """A stored effect whose origin is voided here depends on its replacement, an effect of this change."""

    effect_id: int
    to: tuple[EntryKind, str]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one event. Effects are in the order of their ids: each origin before what depends on it."""

    waiting: State | None = None
    """AWAITING_ORIGINAL: park it. AWAITING_FEE, AWAITING_REVIEW: as told. Then there are no effects."""
    reason: DecisionReason
    applied: bool = False
    """It posts nothing itself: APPLIED (law 2)."""
    old_version: bool = False
    """E-7: a higher version is stored. Receipt OLD_VERSION, nothing else."""
    effects: tuple[NewEntry, ...] = ()
    void: tuple[int, ...] = ()
    """Stored effects that become VOIDED_BEFORE_POST, with `void_reason`. Never in doubt, never `look_first`."""
    void_reason: DecisionReason = DecisionReason.VOIDED
    lift: tuple[int, ...] = ()
    """Stored effects that no longer wait for clearance: drop the hold AWAITING_CLEARANCE, due now (T-13)."""
    redirect: tuple[Redirect, ...] = ()
    origin: ReleasedOriginal | None = None
    settings_version: int | None = None
    """To pin on the event: its original's where it follows that one (R-6)."""


def parked(reason: DecisionReason = DecisionReason.ORIGINAL_UNKNOWN) -> Change:
    """It waits until what it speaks of is stored and resolved (R-8)."""
    return Change(waiting=State.AWAITING_ORIGINAL, reason=reason)


def for_review(reason: DecisionReason) -> Change:
    """Nothing is posted; a person decides."""
    return Change(waiting=State.AWAITING_REVIEW, reason=reason)


def nothing(reason: DecisionReason = DecisionReason.NO_MONEY) -> Change:
    """The event posts nothing: APPLIED."""
    return Change(applied=True, reason=reason)

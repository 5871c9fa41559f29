"""What the engine changed, in the order in which it holds: the ledger writes each as rows, a comparison records it."""

from __future__ import annotations

import msgspec

from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.payment_state import EntryState, EventId
from schemas.plan import PlannedEntry
from schemas.vocabulary import DecisionReason, Ruling, State


class EventResolved(msgspec.Struct, frozen=True, kw_only=True):
    """How an event stands from now on: the one that came, one that was parked, or the original that they resolve."""

    event: EventId
    waiting: State | None
    reason: DecisionReason
    applied: bool
    """It posts nothing itself."""
    settings_version: int | None
    """The version that decides about it: its original's where it follows that one (R-6)."""
    plan: tuple[PlannedEntry, ...]
    """The plan that holds in the end, for whoever asks why."""
    voided: bool = False
    """It shows VOIDED_BEFORE_POST instead of APPLIED (R-7, E-11)."""
    ended_as: Ruling | None = None
    """A person ended it."""


class EntryAdded(msgspec.Struct, frozen=True):
    """An entry of the event that was resolved last, and what it was planned as."""

    entry: EntryState
    planned: NewEntry


class EntryMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A stored entry, or one of this batch, is in another state."""

    before: State
    entry: EntryState
    cleared: bool = False
    """Its hold AWAITING_CLEARANCE falls, and it is due now (T-13)."""
    reason: DecisionReason | None = None
    """Why it was voided."""


class EntryRedirected(msgspec.Struct, frozen=True):
    """An entry depends on another one from now on: its origin was voided and replaced."""

    entry: EntryState


StateChange = EventResolved | EntryAdded | EntryMoved | EntryRedirected

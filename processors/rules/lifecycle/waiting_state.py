"""The state that an entry waits in, by the practice's links, connections and master switch (E-9 b).

The plan says what the settings want; links, connections and the master switch as it is now are facts of the ledger
(law 7). What stands in the way first is the state. INTAKE calls it, and whatever changes one of these facts later.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from schemas.plan import PlannedEntry
from schemas.vocabulary import (
    HELD,
    HELPFUL_KINDS,
    NOT_WRITTEN,
    UNMET_ORDER,
    WRITTEN_BY_ALL,
    DecisionReason,
    EntryKind,
    State,
    Target,
)

_NONE: Final[frozenset[State]] = frozenset()


class SwitchVersion(msgspec.Struct, frozen=True):
    """What the ledger needs of one saved version of the settings."""

    version: int
    effective_from: datetime
    master: bool


class InitialState(msgspec.Struct, frozen=True):
    """The state that an effect starts or goes on in. `connection_id` is None only where it is skipped."""

    state: State
    reason: DecisionReason
    holds: tuple[State, ...]
    connection_id: str | None


def in_force(versions: Collection[SwitchVersion], at: datetime) -> SwitchVersion | None:
    """The version in force at an instant; `versions` ascend. None before the first (E-8). Pure."""
    found = None
    for version in versions:
        if version.effective_from > at:
            break
        found = version
    return found


def first_unmet(holds: Collection[State], *, needs_link: bool, linked: bool, paused: bool) -> State:
    """What stands in the way first, else SCHEDULED. Pure."""
    for state in UNMET_ORDER:
        if state in holds:
            return state
        if state is State.AWAITING_LINK and needs_link and not linked:
            return state
        if state is State.PAUSED and paused:
            return state
    return State.SCHEDULED


def initial_state(
    planned: PlannedEntry,
    *,
    connection_id: str | None,
    linked: bool,
    paused: bool,
    writes: frozenset[str] | None = None,
) -> InitialState:
    """The first state of a planned effect. Pure.

    A skipped one stays skipped, and what a person ended ended. Without a connection it is SKIPPED_DISABLED (P-17). What
    the connection does not write (`writes`: `connections.capabilities`) a person does. The master switch is the PMS
    ledger's alone: it holds neither a payout (P-17) nor a note (NOTE-1).
    """
    if planned.state in NOT_WRITTEN:
        return InitialState(planned.state, planned.reason, (), connection_id)
    if connection_id is None:
        return InitialState(State.SKIPPED_DISABLED, DecisionReason.NO_CONNECTION, (), None)
    reason = planned.reason
    holds = {planned.state, *planned.holds} & HELD if planned.holds or planned.state in HELD else _NONE
    written = planned.entry_kind.value in (WRITTEN_BY_ALL if writes is None else writes)
    if not written:
        if planned.entry_kind in HELPFUL_KINDS:
            return InitialState(State.SKIPPED_DISABLED, DecisionReason.NOT_BY_THIS_ROUTE, (), connection_id)
        reason = reason if holds else DecisionReason.NOT_BY_THIS_ROUTE
        holds = holds | {State.AWAITING_MANUAL_POST}
    state = first_unmet(
        holds,
        # A person who enters it by hand needs no link (POST-10).
        needs_link=written and needs_link(planned.target, office_level=planned.instruction.office_level),
        linked=linked,
        paused=paused and stops_for_master(planned.target, planned.entry_kind),
    )
    ordered = tuple(each for each in UNMET_ORDER if each in holds) if holds else ()
    return InitialState(state, reason, ordered, connection_id)


def needs_link(target: Target, *, office_level: bool) -> bool:
    """Whether an entry stands on a patient's ledger (LINK-1). Pure."""
    return target is Target.PMS and not office_level


def stops_for_master(target: Target, entry_kind: EntryKind) -> bool:
    """Whether the master switch holds an entry: "Write Payment to Ledger" (SET-10), not notes, not payouts. Pure."""
    return target is Target.PMS and entry_kind is not EntryKind.NOTE


def said_reason(state: State, reason: DecisionReason) -> DecisionReason:
    """What people are told: the decision's reason stays with the effect, but a missing link is news. Pure."""
    return DecisionReason.PATIENT_NOT_LINKED if state is State.AWAITING_LINK else reason

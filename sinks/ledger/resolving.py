"""What INTAKE and every later change of facts make of a planned effect: pure functions of facts (protocol section 3).

The plan says what the settings want; links, connections and the master switch as it is now are facts of the ledger
(law 7, E-9 b). What stands in the way first is the state.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from schemas.reasons import DecisionReason
from schemas.states import SKIPPED, UNMET_ORDER, State, Target
from schemas.writebacks import PlannedEffect

HOLDS: Final = frozenset(UNMET_ORDER) - {State.AWAITING_LINK, State.PAUSED}
"""Conditions that are stored with the effect until they are met; the link and the switch are looked up."""


class Truth(msgspec.Struct, frozen=True):
    """What the ledger needs of one saved version of the settings."""

    version: int
    effective_from: datetime
    master: bool


class Resolved(msgspec.Struct, frozen=True):
    """The state that an effect starts or goes on in. `connection_id` is None only where it is skipped."""

    state: State
    reason: DecisionReason
    holds: tuple[State, ...]
    connection_id: str | None


def in_force(versions: Collection[Truth], at: datetime) -> Truth | None:
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


def resolve(planned: PlannedEffect, *, connection_id: str | None, linked: bool, paused: bool) -> Resolved:
    """The first state of a planned effect. Pure.

    A skipped one stays skipped. Without a connection it is SKIPPED_DISABLED (P-17). The master switch is the PMS
    ledger's alone: it never holds a payout (P-17).
    """
    if planned.state in SKIPPED:
        return Resolved(planned.state, planned.reason, (), connection_id)
    if connection_id is None:
        return Resolved(State.SKIPPED_DISABLED, DecisionReason.NO_CONNECTION, (), None)
    holds = ((planned.state,) if planned.state in HOLDS else ()) + planned.holds
    at_pms = planned.target is Target.PMS
    state = first_unmet(holds, needs_link=at_pms, linked=linked, paused=paused and at_pms)
    return Resolved(state, planned.reason, holds, connection_id)


def said_reason(state: State, reason: DecisionReason) -> DecisionReason:
    """What people are told: the decision's reason stays with the effect, but a missing link is news. Pure."""
    return DecisionReason.PATIENT_NOT_LINKED if state is State.AWAITING_LINK else reason

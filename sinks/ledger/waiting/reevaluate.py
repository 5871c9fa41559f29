"""Re-evaluates waiting effects after a link, switch or connection changed (PROTOCOL section 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import first_unmet, needs_link, stops_for_master
from schemas.vocabulary import LOOKED_UP, DecisionReason
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.unit_of_work import UnitOfWork

_SQL: Final = named_queries("sinks.ledger.waiting")


class _Held(msgspec.Struct, frozen=True):
    """What is looked up for an effect and not stored with it."""

    effect_id: int
    linked: bool
    office_level: bool
    connected: bool
    """The practice has its connection, and that reaches the account in which its original stands."""


def reevaluate(unit: UnitOfWork, *, patient_ref: str | None = None) -> int:
    """Give what waits for a link, a switch or its connection its first unmet condition; returns how many.

    The caller made its change in an earlier statement of the unit. `patient_ref`: only this patient's effects. Blocks.
    """
    parameters = {"practice_id": unit.practice_id, "patient_ref": patient_ref}
    held = {each.effect_id: each for each in fetch_all(unit.cursor, _Held, _SQL["held_effects"], parameters)}
    if not held:
        return 0
    effects = [effect for effect in unit.lock_effects(held) if effect.state in LOOKED_UP]
    paused = not master_on(unit.cursor, unit.practice_id, unit.at)
    entitled = bool(fetch_value(unit.cursor, _SQL["entitled"], {"practice_id": unit.practice_id}))
    moves = [
        move for effect in effects if (move := _move(effect, held[effect.effect_id], paused, entitled)) is not None
    ]
    unit.move(moves)
    return len(moves)


def master_on(cursor: psycopg.Cursor[TupleRow], practice_id: str, at: datetime | None) -> bool:
    """The master switch as it is at an instant, None = now (law 24). Without settings nothing was decided or paused."""
    found = fetch_value(cursor, _SQL["master_now"], {"practice_id": practice_id, "now": at})
    return found is not False


def _move(effect: LockedEffect, held: _Held, paused: bool, entitled: bool) -> Move | None:
    """The next state; None = it stays. What waited for its connection has its plan's reason again when that is back:
    no other connection may take what follows an entry (R-6)."""
    without_connection = effect.reason is DecisionReason.CONNECTION_REPLACED
    state = first_unmet(
        effect.holds,
        needs_link=needs_link(effect.target, office_level=held.office_level),
        linked=held.linked,
        paused=not entitled
        or (without_connection and not held.connected)
        or (paused and stops_for_master(effect.target, effect.entry_kind)),
    )
    if without_connection and held.connected:
        return move_of(effect, state, reason=effect.planned_reason, clears=(Clears.PLANNED_REASON,))
    return None if state is effect.state else move_of(effect, state)

"""Schedules dead effects again, because a setting was repaired or a named person says so (PROTOCOL section 3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from schemas.vocabulary import DEAD, READY, DeadLetterReason, DecisionReason, State
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.request_ids import request_id
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_values
from sinks.ledger.unit_of_work import UnitOfWork

_SQL: Final = named_queries("sinks.ledger.waiting")


def release(
    unit: UnitOfWork,
    states: Collection[State],
    *,
    actor: str,
    connection_id: str | None = None,
    effect_ids: Sequence[int] | None = None,
) -> int:
    """Schedule dead effects again, due at once, settle their dead letters, and return how many. Blocks.

    Each gets the next generation: a new request id and a request composed from today's mapping, so that a target that
    remembers its first answer does not repeat a refusal. What ever left this machine is read back first, for all its
    generations, where its last request went. Raises ValueError for a state that is not dead.
    """
    if not frozenset(states) <= DEAD:
        raise ValueError("only dead effects can be released")
    found = fetch_values(
        unit.cursor,
        _SQL["dead_effects"],
        {
            "practice_id": unit.practice_id,
            "states": [state.value for state in states],
            "connection_id": connection_id,
            "effect_ids": None if effect_ids is None else list(effect_ids),
        },
    )
    if not found:
        return 0
    debits = fetch_values(unit.cursor, _SQL["debits_before"], {"practice_id": unit.practice_id, "effect_ids": found})
    locked = unit.lock_effects([*found, *debits])
    effects = [effect for effect in locked if effect.state in states and effect.effect_id not in debits]
    unit.move([_release(effect, unit) for effect in effects])
    unit.move([_go_before(effect, unit) for effect in locked if effect.effect_id in debits])
    unit.cursor.execute(
        _SQL["settle_dead_letters"],
        {
            "practice_id": unit.practice_id,
            "effect_ids": [effect.effect_id for effect in effects],
            "at": unit.at,
            "actor": actor,
        },
    )
    return len(effects)


def compose_anew(unit: UnitOfWork, connection_id: str) -> int:
    """Drop the composed requests of effects that wait to be sent, and return how many: their account is another now.

    Nothing of the gate is in doubt, and what waits stands nowhere, so there is nothing to read back first. Blocks.
    """
    parameters = {"practice_id": unit.practice_id, "connection_id": connection_id}
    found = fetch_values(unit.cursor, _SQL["composed_effects"], parameters)
    if not found:
        return 0
    effects = [effect for effect in unit.lock_effects(found) if effect.state in READY]
    unit.move(
        [move_of(effect, effect.state, clears=(Clears.PAYLOAD,), **_next_generation(effect)) for effect in effects]
    )
    return len(effects)


def _release(effect: LockedEffect, unit: UnitOfWork) -> Move:
    """The budget of tries begins anew only where it was spent, so that the rows of `attempts` keep their numbers.

    The last request stays until the next mark: it says at which patient the read-back has to look, wherever the link
    points now; but not one for a patient whom the target does not have, where every read would be refused.
    """
    clears = [Clears.PLANNED_REASON, Clears.FAILING_SINCE]
    if effect.reason == DeadLetterReason.PATIENT_NOT_FOUND:
        clears.append(Clears.PAYLOAD)
    return move_of(
        effect,
        State.SCHEDULED,
        reason=effect.planned_reason,
        due_at=unit.at,
        look_first=effect.look_first or effect.sent_at is not None,
        attempts=0 if effect.state is State.DEAD_LETTERED else None,
        redrives=effect.redrives + 1,
        clears=tuple(clears),
        **_next_generation(effect),
    )


def _go_before(debit: LockedEffect, unit: UnitOfWork) -> Move:
    """A debit that was taken back with its payment goes before that again (N-10)."""
    holds = tuple(each for each in debit.holds if each is not State.AWAITING_MANUAL_POST)
    reason = DecisionReason.FOLLOWS_ORIGINAL
    return move_of(debit, State.SCHEDULED, reason=reason, holds=holds, due_at=max(debit.due_at, unit.at))


def _next_generation(effect: LockedEffect) -> dict[str, Any]:
    generation = effect.generation + 1
    identity = (effect.practice_id, effect.source, effect.event_id, effect.target, effect.entry_kind, effect.part)
    return {"generation": generation, "request_id": request_id(*identity, generation)}

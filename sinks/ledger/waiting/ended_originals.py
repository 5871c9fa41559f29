"""What depends on an original that ended without our post: it ends alike or becomes a person's (R-14)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from schemas.vocabulary import ENDED_UNPOSTED, PENDING, SKIPPED, DecisionReason, State
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.unit_of_work import UnitOfWork

_SQL: Final = named_queries("sinks.ledger.waiting")


class _Dependent(msgspec.Struct, frozen=True):
    effect_id: int
    same_plan: bool
    original: State
    """The state of what it depends on."""


def follow_originals(unit: UnitOfWork, effect_ids: Iterable[int]) -> int:
    """Move what depends on effects that this unit just ended (`ENDED_UNPOSTED`); returns how many moved. Blocks.

    Level by level: parts of the original's own plan take its state; reversals, open still, become AWAITING_MANUAL_POST
    and depend on nobody (R-14). What is in doubt, or to be looked up, stays. Raises ValueError for an original that has
    not ended.
    """
    count = 0
    level = sorted(set(effect_ids))
    while level:
        parameters = {"practice_id": unit.practice_id, "effect_ids": level}
        found = {each.effect_id: each for each in fetch_all(unit.cursor, _Dependent, _SQL["dependents"], parameters)}
        effects = unit.lock_effects(found) if found else []
        moves = [move for effect in effects if (move := _follow(effect, found[effect.effect_id])) is not None]
        unit.move(moves)
        count += len(moves)
        level = [move.effect_id for move in moves if move.state in ENDED_UNPOSTED]
    return count


def _follow(effect: LockedEffect, dependent: _Dependent) -> Move | None:
    """None: it stays."""
    original = dependent.original
    if original not in ENDED_UNPOSTED:
        raise ValueError(f"an original that is {original} has not ended")
    if effect.state not in PENDING:
        return None
    if dependent.same_plan and original not in SKIPPED:
        kept = original is State.VOIDED_BEFORE_POST and effect.look_first
        return None if kept else move_of(effect, original)
    manual = State.AWAITING_MANUAL_POST
    holds = effect.holds if manual in effect.holds else (*effect.holds, manual)
    return move_of(
        effect,
        manual,
        reason=DecisionReason.ORIGINAL_NOT_POSTED,
        holds=holds,
        clears=(Clears.DEPENDS_ON,),
    )

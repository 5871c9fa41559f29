"""Moves effects to their next state: the one statement that changes an effect outside the poster.

All writers of a state stand in a table in this folder's README.md, what may follow what in `schema/transitions.py`.

Whoever moves effects holds the locks of their practices, then of their gates, then of the effects themselves, and read
them after that. `UnitOfWork` does so for one practice; INTAKE's batch does so for several.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import EffectReason, LockedEffect
from sinks.ledger.rows.fetch import fetch_all
from sinks.ledger.schema.transitions import allowed
from streams.runtime.errors import Permanent

_SQL: Final = named_queries("sinks.ledger", "effects.sql")
_encode: Final = msgspec.json.Encoder().encode


class Clears(StrEnum):
    """Columns that a move can empty."""

    PLANNED_REASON = "planned_reason"
    """The reason of the plan is the effect's reason again."""
    DEPENDS_ON = "depends_on"
    PAYLOAD = "payload"
    """The frozen request, with its digest: the next mark composes it anew."""
    PLACEMENT = "placement"
    """What was read at the target: means nothing at another one."""
    FAILING_SINCE = "failing_since"


class Move(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The next state of one effect, and what else changes with it. None: that column stays as it is."""

    practice_id: str
    effect_id: int
    was: State
    state: State
    reason: EffectReason | None = None
    holds: tuple[State, ...] | None = None
    due_at: datetime | None = None
    connection_id: str | None = None
    depends_on: int | None = None
    look_first: bool | None = None
    generation: int | None = None
    request_id: str | None = None
    attempts: int | None = None
    redrives: int | None = None
    clears: tuple[Clears, ...] = ()


def move_of(effect: LockedEffect, state: State, **changed: Any) -> Move:
    """The move of an effect that was read under its lock; `changed` are fields of `Move`. Pure."""
    return Move(practice_id=effect.practice_id, effect_id=effect.effect_id, was=effect.state, state=state, **changed)


def lock_effects(cursor: psycopg.Cursor[TupleRow], practice_id: str, effect_ids: Collection[int]) -> list[LockedEffect]:
    """The effects of these ids that exist, locked and read in the order of their ids. Blocks for their other holders.

    The caller holds the practice's lock, and those of the gates, under which posters mark.
    """
    parameters = {"practice_id": practice_id, "effect_ids": sorted(effect_ids)}
    cursor.execute(_SQL["lock_work"], parameters)
    return fetch_all(cursor, LockedEffect, _SQL["read_effects"], parameters)


def move_effects(cursor: psycopg.Cursor[TupleRow], moves: Sequence[Move], *, at: datetime) -> None:
    """Write moves of any number of practices in one statement. The caller holds all locks. Blocks.

    `at` was taken after the locks. Raises Permanent for a pair of states that the table of transitions does not have,
    and when an effect is not in the state in which it was found: better stop than post what was voided.
    """
    if not moves:
        return
    wrong = sorted({f"{move.was} > {move.state}" for move in moves if not _may(move)})
    if wrong:
        raise Permanent(f"the table of transitions does not have {', '.join(wrong)}")
    moved = cursor.execute(_SQL["move_effects"], {"moves": _encode(moves).decode(), "at": at}).fetchall()
    if len(moved) != len(moves):
        raise Permanent(f"{len(moves) - len(moved)} effects changed behind the practice's lock")


def _may(move: Move) -> bool:
    return move.was is move.state or allowed(move.was, move.state)

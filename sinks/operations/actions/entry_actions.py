"""A named person posts, records or dismisses entries (PROTOCOL section 3, POST-2, POST-3): shown first, then done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import RELEASED_BY_PERSON, DecisionReason, State
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.rows.effects import EffectView
from sinks.ledger.unit_of_work import UnitOfWork, unit_of_work
from sinks.ledger.waiting.ended_originals import follow_originals
from sinks.ledger.waiting.reevaluate import master_on
from sinks.operations.actions.entry_action_rules import ENDS, Action, Item, judge
from sinks.operations.queries.read_rows import Connection
from sinks.operations.queries.waiting_entries import FILE, units
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

Cursor = psycopg.Cursor[TupleRow]
_SQL: Final = named_queries("sinks.operations.queries", FILE)


class Done(msgspec.Struct, frozen=True):
    items: tuple[Item, ...]
    """As they were judged under the lock: what was refused was not touched."""
    followed: int = 0
    """Entries of other events that are a person's now (R-14)."""

    @property
    def refused(self) -> int:
        return sum(1 for each in self.items if each.refusal is not None)


def plan(
    connection: Connection, action: Action, practice_id: str, effect_ids: Sequence[int], *, clock: Clock
) -> tuple[Item, ...]:
    """What would happen with each named entry; changes nothing. Blocks for a few statements."""
    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        return _judged(connection, cursor, action, practice_id, effect_ids, clock.for_database())


def apply(
    connection: Connection,
    action: Action,
    practice_id: str,
    effect_ids: Sequence[int],
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int,
) -> Done:
    """Do what can be done, in one transaction; what cannot is refused and stays as it is. Blocks.

    1. lock the practice (law 8). 2. the gates, so that no poster marks meanwhile. 3. the entries; one that was marked
    before is SENDING by now, and refused. 4. judge again. 5. states, dead letters, results. 6. what hangs on them
    (R-14). 7. gates. 8. audit, with who, why and the amounts. Raises ConfigurationError without who and why, and for an
    unknown practice.
    """
    if not saving.actor.strip() or not saving.reason.strip():
        raise ConfigurationError(f"--yes needs --why: the reason to {action} stands in the audit trail")
    followed = 0
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        unit.lock_gates()
        touched = [each.effect_id for each in units(connection, practice_id, effect_ids, unit.at)]
        effects = {effect.effect_id: effect for effect in unit.lock_effects(touched)}
        items = _judged(connection, unit.cursor, action, practice_id, effect_ids, unit.at)
        going = [each for each in items if each.refusal is None]
        if going:
            moves = [
                _move(action, effects[entry.effect_id], state, unit.at)
                for item in going
                for entry, state in zip(item.entries, item.states, strict=True)
            ]
            unit.move(moves)
            if action is not Action.POST:
                ended = [move.effect_id for move in moves]
                settling = {"practice_id": practice_id, "effect_ids": ended, "now": unit.at, "actor": saving.actor}
                unit.cursor.execute(_SQL["settle_letters"], settling | {"settled_as": ENDS[action].value})
                followed = follow_originals(unit, ended)
            for item in going:
                _audit(unit, action, item, saving)
    return Done(items, followed)


def _move(action: Action, effect: EffectView, state: State, at: datetime) -> Move:
    """Posted: to its first unmet condition, for the reason that it was planned for where a closed period took it (T-9).
    Ended otherwise: what kept it open is over."""
    if action is not Action.POST:
        return move_of(effect, state, clears=(Clears.FAILING_SINCE,))
    return move_of(
        effect,
        state,
        reason=effect.planned_reason or DecisionReason.BACKFILLED,
        holds=tuple(hold for hold in effect.holds if hold not in RELEASED_BY_PERSON),
        due_at=max(effect.due_at, at),
        clears=(Clears.PLANNED_REASON, Clears.FAILING_SINCE),
    )


def _judged(
    connection: Connection,
    cursor: Cursor,
    action: Action,
    practice_id: str,
    effect_ids: Sequence[int],
    now: datetime | None,
) -> tuple[Item, ...]:
    wanted = list(dict.fromkeys(effect_ids))
    found = units(connection, practice_id, wanted, now)
    paused = not master_on(cursor, practice_id, now)
    judged: dict[int, Item] = {}
    for head, unit in groupby(found, key=lambda each: each.head):
        entries = sorted(unit, key=lambda each: (each.effect_id != head, each.effect_id))
        judged[head] = judge(action, practice_id, entries, paused=paused)
    along = {each.effect_id: each.head for each in found}
    missing = f"there is no such entry at {practice_id}: see `writeback entries list {practice_id}`"
    return tuple(
        judged.get(number) or Item(id=f"e:{number}", head=None, refusal=missing)
        for number in wanted
        if along.get(number, number) == number
    )


def _audit(unit: UnitOfWork, action: Action, item: Item, saving: Saving) -> None:
    unit.audit(
        f"entry.{action}",
        actor=saving.actor,
        why=saving.reason,
        subject=item.id,
        before={"states": {each.id: each.state for each in item.entries}},
        after={
            "ids": [each.id for each in item.entries],
            "states": {each.id: state.value for each, state in zip(item.entries, item.states, strict=True)},
            "amounts": {each.id: [each.amount_minor, each.currency] for each in item.entries},
        },
    )

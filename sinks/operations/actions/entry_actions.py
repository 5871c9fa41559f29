"""A named person posts, records or dismisses entries (PROTOCOL section 3, POST-2, POST-3): shown first, then done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import said_reason
from schemas.vocabulary import DeadLetterReason, DecisionReason, EntryKind, State, Target
from sinks.ledger import gates, outbox
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.waiting.ended_originals import follow_originals
from sinks.ledger.waiting.reevaluate import master_on, moment
from sinks.operations.actions.entry_action_rules import ENDS, Action, Item, judge
from sinks.operations.queries.read_rows import Connection
from sinks.operations.queries.waiting_entries import FILE, Entry, units
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError, Transient

_GATES: Final = named_queries("sinks.ledger", "gates.sql")

Cursor = psycopg.Cursor[TupleRow]
_SQL = named_queries("sinks.operations.queries", FILE)


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
    now, followed = clock.for_database(), 0
    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        held = cursor.execute(_GATES["gates_of"], {"practice_id": practice_id}).fetchall()
        gates.lock(cursor, [(practice_id, row[0]) for row in held])
        touched = [each.effect_id for each in units(connection, practice_id, effect_ids, now)]
        cursor.execute(_SQL["lock_units"], {"practice_id": practice_id, "effect_ids": touched})
        items = _judged(connection, cursor, action, practice_id, effect_ids, now)
        going = [each for each in items if each.refusal is None]
        if going:
            at = moment(cursor, now)
            _move(cursor, action, practice_id, going, saving, at)
            if action is not Action.POST:
                ended = [entry.effect_id for item in going for entry in item.entries]
                followed = follow_originals(cursor, practice_id, ended, now=at, jitter_s=jitter_s)
            gates.refresh(cursor, _gates(practice_id, going), now=now, jitter_s=jitter_s)
            for item in going:
                _audit(cursor, action, practice_id, item, saving, at)
    return Done(items, followed)


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


def _move(
    cursor: Cursor, action: Action, practice_id: str, items: Sequence[Item], saving: Saving, at: datetime
) -> None:
    moves = [(entry, state) for item in items for entry, state in zip(item.entries, item.states, strict=True)]
    parameters: dict[str, Any] = {
        "practice_id": practice_id,
        "effect_ids": [entry.effect_id for entry, _ in moves],
        "was": [entry.state for entry, _ in moves],
        "states": [state.value for _, state in moves],
        "to_state": None if action is Action.POST else ENDS[action].value,
        "now": at,
    }
    moved = cursor.execute(_SQL["free" if action is Action.POST else "end"], parameters).fetchall()
    if len(moved) != len(moves):
        raise Transient("an entry changed meanwhile, and nothing was done: look again")
    if action is not Action.POST:
        settling = parameters | {"settled_as": ENDS[action].value, "actor": saving.actor}
        cursor.execute(_SQL["settle_letters"], settling)
    told = [(entry, state) for entry, state in moves if state not in (State.SCHEDULED, entry.state)]
    outbox.enqueue(cursor, [_result(practice_id, entry, state, at) for entry, state in told])


def _gates(practice_id: str, items: Iterable[Item]) -> set[gates.GateKey]:
    return {
        (practice_id, entry.connection_id)
        for item in items
        for entry in item.entries
        if entry.connection_id is not None
    }


def _audit(cursor: Cursor, action: Action, practice_id: str, item: Item, saving: Saving, at: datetime) -> None:
    append(
        cursor,
        practice_id,
        at=at,
        actor=saving.actor,
        action=f"entry.{action}",
        subject=item.id,
        before={"states": {each.id: each.state for each in item.entries}},
        after={
            "ids": [each.id for each in item.entries],
            "states": {each.id: state.value for each, state in zip(item.entries, item.states, strict=True)},
            "amounts": {each.id: [each.amount_minor, each.currency] for each in item.entries},
        },
        why=saving.reason,
    )


def _result(practice_id: str, entry: Entry, state: State, at: datetime) -> outbox.OutboxMessage:
    reason = _reason(entry.reason)
    return outbox.result_message(
        practice_id=practice_id,
        source=entry.source,
        event_id=entry.event_id,
        subject=entry.subject,
        state=state,
        target=Target(entry.target),
        entry_kind=EntryKind(entry.entry_kind),
        part=entry.part,
        reason=said_reason(state, reason) if isinstance(reason, DecisionReason) else reason,
        settings_version=entry.settings_version,
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        changed_at=at,
    )


def _reason(name: str) -> DecisionReason | DeadLetterReason:
    return DecisionReason(name) if name in DecisionReason.__members__ else DeadLetterReason(name)

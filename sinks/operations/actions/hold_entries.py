"""Holds entries that go out by themselves, lets them go again, hurries a retry, and says who sees to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from schemas.vocabulary import State
from sinks.ledger.effect_moves import Move, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.staff_text import checked_text
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.waiting.reevaluate import master_on
from sinks.operations.acting import Act, Action, Order, acting
from sinks.operations.actions.entry_action_rules import EntryItem, changed_since, refused_if_changed
from sinks.operations.actions.entry_actions import NOTHING_SEEN, EntriesDone, with_debits
from sinks.operations.actions.hold_rules import HoldAction, holds_of, judge_hold
from sinks.operations.ledger import Ledger
from sinks.operations.queries.waiting_entries import units

_SQL: Final = named_queries("sinks.operations.actions", "hold_entries.sql")
_NAMED: Final = {
    HoldAction.HOLD: Action.ENTRY_HOLD,
    HoldAction.RELEASE: Action.ENTRY_RELEASE,
    HoldAction.RETRY: Action.ENTRY_RETRY,
}


def hold_entries(
    ledger: Ledger,
    action: HoldAction,
    practice_id: str,
    effect_ids: Sequence[int],
    order: Order,
    seen: Mapping[int, str] = NOTHING_SEEN,
) -> EntriesDone:
    """Do what can be done, in one transaction; what cannot is refused and stays as it is. Blocks.

    Under the practice's lock and those of its gates, so that no poster marks meanwhile: what was marked before is
    SENDING by now, and refused. `seen`: the versions that the person saw (E-15). Raises as `acting`.
    """
    with acting(ledger, order, _NAMED[action], practice_id) as act:
        wanted = with_debits(act, effect_ids)
        touched = {each.effect_id for each in units(ledger.connection, practice_id, wanted, act.at)}
        locked = {each.effect_id: each for each in act.unit.lock_effects(touched)}
        items = _judged(ledger, act, action, wanted, effect_ids, seen)
        going = [each for each in items if each.refusal is None]
        act.unit.move([move for item in going for move in _moves(action, item, locked, act)])
        if going and action is not HoldAction.RETRY:
            _keep(act, action, [entry.effect_id for item in going for entry in item.entries])
        for item in going:
            states = {each.id: state.value for each, state in zip(item.entries, item.states, strict=True)}
            before = {"states": {each.id: each.state for each in item.entries}}
            act.audit(subject=item.id, before=before, after={"ids": [*states], "states": states})
    return EntriesDone(items)


def assign_entries(
    ledger: Ledger,
    practice_id: str,
    effect_ids: Sequence[int],
    assignee: str,
    order: Order,
    seen: Mapping[int, str] = NOTHING_SEEN,
) -> EntriesDone:
    """Say who sees to these entries; an empty name: nobody. It changes nothing of them. `seen`: the versions that the
    person saw (E-15). Blocks; raises as `acting`."""
    checked_text("--to", assignee)
    with acting(ledger, order, Action.ENTRY_ASSIGN, practice_id) as act:
        found = {each.effect_id: each for each in units(ledger.connection, practice_id, effect_ids, act.at)}
        changed = changed_since(found.values(), seen)
        items = tuple(
            refused_if_changed(
                EntryItem(
                    id=f"e:{number}", head=found.get(number), refusal=None if number in found else _missing(practice_id)
                ),
                changed,
            )
            for number in dict.fromkeys(effect_ids)
        )
        numbers = [each.head.effect_id for each in items if each.head is not None and each.refusal is None]
        parameters = {"practice_id": practice_id, "effect_ids": numbers, "assigned_to": assignee or None}
        act.cursor.execute(_SQL["assign"], parameters | {"at": act.at, "actor": order.actor.name})
        for number in numbers:
            act.audit(subject=f"e:{number}", after={"ids": [f"e:{number}"], "assigned_to": assignee or None})
    return EntriesDone(items)


def _missing(practice_id: str) -> str:
    return f"there is no such entry at {practice_id}: see `writeback entries list {practice_id}`"


def _judged(
    ledger: Ledger,
    act: Act,
    action: HoldAction,
    wanted: Sequence[int],
    named: Sequence[int],
    seen: Mapping[int, str],
) -> tuple[EntryItem, ...]:
    found = units(ledger.connection, act.practice_id, wanted, act.at)
    paused = not master_on(act.cursor, act.practice_id, act.at)
    changed = changed_since(units(ledger.connection, act.practice_id, named, act.at), seen)
    judged: dict[int, EntryItem] = {}
    for head, unit in groupby(found, key=lambda each: each.head):
        entries = sorted(unit, key=lambda each: (each.effect_id != head, each.effect_id))
        judged[head] = refused_if_changed(judge_hold(action, entries, paused=paused), changed)
    along = {each.effect_id: each.head for each in found}
    missing = _missing(act.practice_id)
    return tuple(
        judged.get(number) or EntryItem(id=f"e:{number}", head=None, refusal=missing)
        for number in dict.fromkeys(wanted)
        if along.get(number, number) == number
    )


def _moves(action: HoldAction, item: EntryItem, locked: Mapping[int, LockedEffect], act: Act) -> list[Move]:
    moves = []
    for entry, state in zip(item.entries, item.states, strict=True):
        effect = locked[entry.effect_id]
        due = act.at if action is HoldAction.RETRY else max(effect.due_at, act.at) if state is State.SCHEDULED else None
        moves.append(move_of(effect, state, holds=holds_of(action, effect.holds), due_at=due))
    return moves


def _keep(act: Act, action: HoldAction, effect_ids: Sequence[int]) -> None:
    held = action is HoldAction.HOLD
    who = {"held_at": act.at, "held_by": act.order.actor.name, "why": act.order.reason} if held else _NOBODY
    act.cursor.execute(_SQL["keep_held"], {"practice_id": act.practice_id, "effect_ids": list(effect_ids)} | who)


_NOBODY: Final = {"held_at": None, "held_by": None, "why": None}

"""Posts entries that a closed period keeps with the first open date, one by one, as a person chooses (T-9).

The first open date is the day after `ledger_closed_through`; where only the target knows what it has closed, today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from schemas.bookkeeping.cut_offs import local_date
from schemas.vocabulary import DecisionReason, State, Target
from sinks.ledger.effect_moves import Clears, move_of
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.history import history_of
from sinks.ledger.waiting.release import release
from sinks.operations.acting import Act, Action, Order, acting
from sinks.operations.actions.entry_action_rules import EntryItem, changed_since, refused_if_changed
from sinks.operations.actions.entry_actions import NOTHING_SEEN
from sinks.operations.ledger import Ledger
from sinks.operations.queries.waiting_entries import Entry, units

_SQL: Final = named_queries("sinks.operations.actions", "open_date.sql")
_NOT_CLOSED: Final = "is not kept by a closed period: leave --first-open-date out"


def post_with_open_date(
    ledger: Ledger,
    practice_id: str,
    effect_ids: Sequence[int],
    order: Order,
    seen: Mapping[int, str] = NOTHING_SEEN,
) -> tuple[EntryItem, ...]:
    """Give each entry, with its parts, the first open date, and let it go; one that is not as it was `seen` is refused.
    Blocks. Raises as `acting`.

    Under the practice's lock: 1. judge. 2. the new date; the entry's own stays for its note. 3. what stood dead is due
    again under a new request, read back first if it was ever sent; what waited for a person is due. 4. audit.
    """
    with acting(ledger, order, Action.ENTRY_POST, practice_id) as act:
        act.unit.lock_effects({each.effect_id for each in units(ledger.connection, practice_id, effect_ids, act.at)})
        found = units(ledger.connection, practice_id, list(dict.fromkeys(effect_ids)), act.at)
        today = _today(act)
        changed = changed_since(found, seen)
        items = []
        for head, unit in groupby(found, key=lambda each: each.head):
            entries = sorted(unit, key=lambda each: (each.effect_id != head, each.effect_id))
            refused = refused_if_changed(
                EntryItem(id=entries[0].id, head=entries[0], parts=tuple(entries[1:])), changed
            )
            items.append(refused if refused.refusal is not None else _post(act, entries, today))
        known = {each.effect_id for each in found}
        missing = f"there is no such entry at {practice_id}: see `writeback entries list {practice_id}`"
        items += [EntryItem(id=f"e:{n}", head=None, refusal=missing) for n in effect_ids if n not in known]
    return tuple(items)


def _post(act: Act, entries: Sequence[Entry], today: date | None) -> EntryItem:
    head, *others = entries
    if not _is_kept(head):
        return EntryItem(id=head.id, head=head, refusal=_NOT_CLOSED)
    parts = [each for each in others if _is_kept(each) or (each.state == State.SCHEDULED and _is_closed(each))]
    days = [_first_open(each, today) for each in (head, *parts)]
    if today is None or any(day is None or day > today for day in days):
        through = f"its books are closed through {head.closed_through}, and no later day has begun"
        return EntryItem(id=head.id, head=head, refusal=f"{through}: change `ledger_closed_through` first")
    going = (head, *parts)
    key = {"practice_id": act.practice_id, "effect_ids": [each.effect_id for each in going], "days": days}
    act.cursor.execute(_SQL["give_open_date"], key)
    _let_go(act, going)
    act.audit(
        subject=head.id,
        before={"dates": {each.id: each.ledger_date.isoformat() for each in going}},
        after={
            "ids": [each.id for each in going],
            "dates": {each.id: str(day) for each, day in zip(going, days, strict=True)},
        },
    )
    note = f"with the date {days[0]} instead of {head.ledger_date}"
    states = (State.SCHEDULED,) * len(going)
    return EntryItem(id=head.id, head=head, parts=tuple(parts), states=states, notes=(note,))


def _let_go(act: Act, going: Sequence[Entry]) -> None:
    dead = [each.effect_id for each in going if each.state == State.BLOCKED_PERIOD]
    if dead:
        release(act.unit, {State.BLOCKED_PERIOD}, actor=act.order.actor.name, effect_ids=dead)
    waiting = [each.effect_id for each in going if each.state == State.AWAITING_MANUAL_POST]
    act.unit.move(
        [
            move_of(
                effect,
                State.SCHEDULED,
                reason=effect.planned_reason,
                holds=tuple(each for each in effect.holds if each is not State.AWAITING_MANUAL_POST),
                due_at=max(effect.due_at, act.at),
                clears=(Clears.PLANNED_REASON, Clears.FAILING_SINCE),
            )
            for effect in (act.unit.lock_effects(waiting) if waiting else ())
        ]
    )


def _is_kept(entry: Entry) -> bool:
    for_it = entry.reason == DecisionReason.LEDGER_CLOSED or _is_closed(entry)
    return entry.state == State.BLOCKED_PERIOD or (entry.state == State.AWAITING_MANUAL_POST and for_it)


def _is_closed(entry: Entry) -> bool:
    booked = entry.target == Target.PMS and entry.closed_through is not None
    return booked and entry.closed_through is not None and entry.ledger_date <= entry.closed_through


def _first_open(entry: Entry, today: date | None) -> date | None:
    if _is_closed(entry) and entry.closed_through is not None:
        return entry.closed_through + timedelta(days=1)
    return today


def _today(act: Act) -> date | None:
    """The practice's civil day; None without settings."""
    version = history_of(act.cursor, act.practice_id).in_force(act.at)
    return None if version is None else local_date(act.at, version.settings.zone)

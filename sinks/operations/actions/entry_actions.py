"""Posts, records or dismisses entries that wait for a person (POST-2, POST-3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from types import MappingProxyType
from typing import Final

import msgspec

from schemas.vocabulary import AMOUNT_KINDS, RELEASED_BY_PERSON, DecisionReason, State
from sinks.ledger.effect_moves import Clears, Move, move_of
from sinks.ledger.intake.payment_key import PAYMENT, PaymentKey
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all, fetch_values
from sinks.ledger.waiting.ended_originals import follow_originals
from sinks.ledger.waiting.reevaluate import master_on
from sinks.ledger.waiting.resume_sweep import reconsider
from sinks.operations.acting import Act, Action, Order, acting
from sinks.operations.actions.entry_action_rules import (
    ENDS,
    EntryAction,
    EntryItem,
    changed_since,
    judge,
    refused_if_changed,
    with_entered,
)
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.queries.waiting_entries import units

_SQL: Final = named_queries("sinks.operations.actions", "entry_actions.sql")
_NAMED: Final = {
    EntryAction.POST: Action.ENTRY_POST,
    EntryAction.RECORD: Action.ENTRY_RECORD,
    EntryAction.DISMISS: Action.ENTRY_DISMISS,
}


class _Pair(msgspec.Struct, frozen=True):
    payment: int
    debit: int


class _OpenMirror(msgspec.Struct, frozen=True):
    document: int
    mirror: int
    state: State


class Entered(msgspec.Struct, frozen=True):
    """What a person says that they entered for one entry."""

    amount_minor: int | None = None
    """With the entry's own sign; None: its amount."""
    note: str | None = None


NOTHING_SEEN: Final[Mapping[int, str]] = MappingProxyType({})
NOTHING_SAID: Final[Mapping[int, Entered]] = MappingProxyType({})


class EntriesDone(msgspec.Struct, frozen=True):
    """What was done, or in a preview would be, with each named entry."""

    items: tuple[EntryItem, ...]
    """As they were judged under the lock: what was refused was not touched."""
    followed: int = 0
    """Entries of other events that have to be posted manually from now on (R-14)."""

    @property
    def refused(self) -> int:
        return sum(1 for each in self.items if each.refusal is not None)


def act_on_entries(
    ledger: Ledger,
    action: EntryAction,
    practice_id: str,
    effect_ids: Sequence[int],
    order: Order,
    entered: Mapping[int, Entered] = NOTHING_SAID,
    seen: Mapping[int, str] = NOTHING_SEEN,
) -> EntriesDone:
    """Do what can be done, in one transaction; what cannot is refused and stays as it is. Blocks.

    Under the practice's lock: 1. the gates, so that no poster marks meanwhile, and the entries with their parts; one
    that was marked before is SENDING by now, and refused. 2. judge. 3. states, dead letters, results. 4. what hangs on
    them (R-14). 5. audit, one entry an item, with the amounts. `entered`: what a person says of some of them or of
    their parts, by their numbers (POST-10). `seen`: the versions that the person saw; an entry that changed since is
    refused (E-15). Raises as `acting`.
    """
    with acting(ledger, order, _NAMED[action], practice_id) as act:
        named = effect_ids
        effect_ids = with_debits(act, effect_ids)
        touched = {each.effect_id for each in units(ledger.connection, practice_id, effect_ids, act.at)}
        locked = {each.effect_id: each for each in act.unit.lock_effects(touched)}
        items = _judged(ledger.connection, act, action, effect_ids, act.at)
        changed = changed_since(units(ledger.connection, practice_id, named, act.at), seen)
        items = tuple(refused_if_changed(each, changed) for each in items)
        if entered:
            entered = _of_payments(items, entered)
            said = {number: each.amount_minor for number, each in entered.items() if each.amount_minor is not None}
            items = tuple(with_entered(each, said) for each in items)
        going = [each for each in items if each.refusal is None]
        followed = _carry_out(act, action, going, locked, entered, ledger.jitter_s) if going else 0
    return EntriesDone(items, followed)


def _carry_out(
    act: Act,
    action: EntryAction,
    items: Sequence[EntryItem],
    locked: Mapping[int, LockedEffect],
    entered: Mapping[int, Entered],
    jitter_s: int,
) -> int:
    """Move the entries and what hangs on them; answers how many of other events followed."""
    followed = 0
    act.unit.move([move for item in items for move in _moves(item, action, locked, act.at)])
    if action is not EntryAction.POST:
        ended = [entry.effect_id for item in items for entry in item.entries]
        settled = {"practice_id": act.practice_id, "effect_ids": ended, "now": act.at, "actor": act.order.actor.name}
        act.cursor.execute(_SQL["settle_letters"], settled | {"settled_as": ENDS[action].value})
        followed = follow_originals(act.unit, ended)
    if action is EntryAction.RECORD:
        keep_recorded(act, {each.effect_id: each.amount_minor for item in items for each in item.entries}, entered)
    if action is EntryAction.DISMISS:
        _take_back(act, items, jitter_s)
    for item in items:
        act.audit(
            subject=item.id,
            before={"states": {each.id: each.state for each in item.entries}},
            after={
                "ids": [each.id for each in item.entries],
                "states": {each.id: state.value for each, state in zip(item.entries, item.states, strict=True)},
                "amounts": {each.id: [each.amount_minor, each.currency] for each in item.entries},
                **_said(item, entered),
            },
        )
    return followed


def _of_payments(items: Sequence[EntryItem], entered: Mapping[int, Entered]) -> dict[int, Entered]:
    """What was typed for a debit that stands before its payment, and for nothing else of the two, is what was paid."""
    said = dict(entered)
    for item in items:
        paid = [each.effect_id for each in item.entries if each.entry_kind in AMOUNT_KINDS]
        head = item.head
        if head is None or head.effect_id not in said or head.effect_id in paid or len(paid) != 1 or paid[0] in said:
            continue
        said[paid[0]] = said.pop(head.effect_id)
    return said


def with_debits(act: Act, effect_ids: Sequence[int]) -> list[int]:
    """A payment that waits for a debit is named with it: the two go one way (N-10)."""
    parameters = {"practice_id": act.practice_id, "effect_ids": list(effect_ids)}
    before = {each.payment: each.debit for each in fetch_all(act.cursor, _Pair, _SQL["debits_before"], parameters)}
    return list(dict.fromkeys(before.get(each, each) for each in effect_ids))


def _take_back(act: Act, items: Sequence[EntryItem], jitter_s: int) -> None:
    """A debit that went out before a payment which is dismissed does not stand alone (N-10)."""
    named = [each.effect_id for item in items for each in item.entries]
    parameters = {"practice_id": act.practice_id, "effect_ids": named}
    payments = fetch_values(act.cursor, _SQL["debits_alone"], parameters)
    if payments:
        keys = {PaymentKey(act.practice_id, PAYMENT, each) for each in payments}
        reconsider(act.cursor, act.practice_id, keys, act.at, jitter_s)


def _said(item: EntryItem, entered: Mapping[int, Entered]) -> dict[str, object]:
    """For the trail: other amounts than the entries' own, and notes, where a person gave any."""
    said = {each.id: entered[each.effect_id] for each in item.entries if each.effect_id in entered}
    amounts = {key: each.amount_minor for key, each in said.items() if each.amount_minor is not None}
    notes = {key: each.note for key, each in said.items() if each.note}
    return ({"recorded_minor": amounts} if amounts else {}) | ({"notes": notes} if notes else {})


def keep_recorded(act: Act, amounts: Mapping[int, int], entered: Mapping[int, Entered] = NOTHING_SAID) -> None:
    """Keep what a person entered: the entries' own amounts, and what was said of some of them (POST-10). Blocks."""
    said = [entered.get(each, Entered()) for each in amounts]
    kept = [
        own if each.amount_minor is None else each.amount_minor
        for own, each in zip(amounts.values(), said, strict=True)
    ]
    who = {"practice_id": act.practice_id, "at": act.at, "actor": act.order.actor.name}
    rows = {"effect_ids": list(amounts), "amounts": kept, "notes": [each.note for each in said]}
    act.cursor.execute(_SQL["keep_recorded"], who | rows)


def _moves(item: EntryItem, action: EntryAction, locked: Mapping[int, LockedEffect], at: datetime) -> list[Move]:
    """Of the entry and its parts. One that ends keeps its reason; what kept one open that is posted is over."""
    moves = []
    for entry, state in zip(item.entries, item.states, strict=True):
        effect = locked[entry.effect_id]
        if action is EntryAction.POST:
            moves.append(_released(effect, state, at))
        else:
            moves.append(move_of(effect, state, clears=(Clears.FAILING_SINCE,)))
    return moves


def _released(effect: LockedEffect, state: State, at: datetime) -> Move:
    """To its first unmet condition. What it was planned for is its reason again where a closed period took it (T-9)."""
    return move_of(
        effect,
        state,
        reason=effect.planned_reason or DecisionReason.BACKFILLED,
        holds=tuple(each for each in effect.holds if each not in RELEASED_BY_PERSON),
        due_at=max(effect.due_at, at),
        clears=(Clears.PLANNED_REASON, Clears.FAILING_SINCE),
    )


def _judged(
    connection: Connection, act: Act, action: EntryAction, effect_ids: Sequence[int], now: datetime | None
) -> tuple[EntryItem, ...]:
    practice_id = act.practice_id
    wanted = list(dict.fromkeys(effect_ids))
    found = units(connection, practice_id, wanted, now)
    paused = not master_on(act.cursor, practice_id, now)
    judged: dict[int, EntryItem] = {}
    for head, unit in groupby(found, key=lambda each: each.head):
        entries = sorted(unit, key=lambda each: (each.effect_id != head, each.effect_id))
        judged[head] = judge(action, practice_id, entries, paused=paused)
    if action is EntryAction.POST:
        judged |= _behind_mirrors(connection, practice_id, judged)
    along = {each.effect_id: each.head for each in found}
    missing = f"there is no such entry at {practice_id}: see `writeback entries list {practice_id}`"
    return tuple(
        judged.get(number) or EntryItem(id=f"e:{number}", head=None, refusal=missing)
        for number in wanted
        if along.get(number, number) == number
    )


def _behind_mirrors(
    connection: Connection, practice_id: str, judged: Mapping[int, EntryItem]
) -> Mapping[int, EntryItem]:
    """Payouts' documents that were taken back, and whose mirror does not stand yet: refused (P-8)."""
    going = [number for number, each in judged.items() if each.refusal is None]
    parameters = {"practice_id": practice_id, "effect_ids": going}
    return {
        each.document: EntryItem(
            id=f"e:{each.document}",
            head=judged[each.document].head,
            refusal=f"what takes the document before it back, e:{each.mirror}, is {each.state}: once that stands, or a "
            "person has recorded or dismissed it, this can be posted",
        )
        for each in fetch_all(connection, _OpenMirror, _SQL["mirrors_open"], parameters)
    }

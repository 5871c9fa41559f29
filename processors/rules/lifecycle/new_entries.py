"""Inserts planned entries: each gets its id, the state that the ledger's facts give it, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.ledger_facts import LedgerFacts
from processors.rules.lifecycle.payment_state import EntryState, EventId
from processors.rules.lifecycle.state_changes import EntryAdded
from schemas.vocabulary import SKIPPED, DecisionReason, EntryKind, State

_replace: Final = msgspec.structs.replace
_FEE: Final = EntryKind.FEE_ADJUSTMENT
Part = tuple[EntryKind, str]
"""Kind and part of an entry within its event (E-1)."""


def insert_entries(
    event: EventId,
    planned: Iterable[NewEntry],
    facts: LedgerFacts,
    arrived_at: datetime,
    last_id: int,
    *,
    due_at: datetime | None = None,
) -> tuple[Sequence[EntryAdded], dict[Part, int]]:
    """The entries of one event, with ids that ascend from `last_id` + 1 (law 8), and the ids that others can wait for.

    An entry that the connection does not write and nobody has to post by hand is skipped, and nothing waits for it
    (B-1). `due_at`: of those whose plan does not say when; else they are due on arrival; never before their ledger
    date (T-6). Pure.
    """
    added: list[EntryAdded] = []
    ids: dict[Part, int] = {}
    source, event_id = event
    for effect_id, each in enumerate(_as_written(tuple(planned), facts), start=last_id + 1):
        effect = each.effect
        initial = facts.initial_state(effect, each.connection_id)
        entry = EntryState(
            effect_id=effect_id,
            source=source,
            event_id=event_id,
            target=effect.target,
            entry_kind=effect.entry_kind,
            part=effect.part,
            state=initial.state,
            reason=initial.reason,
            holds=initial.holds,
            due_at=facts.due_on_its_day(
                effect.target, effect.instruction.ledger_date, effect.due_at or due_at or arrived_at
            ),
            look_first=facts.reads_back(initial.state, arrived_at),
            amount_minor=effect.instruction.amount_minor,
            depends_on=each.behind if effect.depends_on is None else ids.get(effect.depends_on),
            lane=effect.lane,
            connection_id=initial.connection_id,
            instruction=effect.instruction,
        )
        added.append(EntryAdded(entry, each))
        if initial.reason is not DecisionReason.NOT_BY_THIS_ROUTE or initial.state not in SKIPPED:
            ids[effect.entry_kind, effect.part] = effect_id
    return added, ids


def _as_written(planned: tuple[NewEntry, ...], facts: LedgerFacts) -> Sequence[NewEntry]:
    """The entries in the order in which they can be written: a payment does not wait for a debit that a person enters
    (N-10), which then follows it."""
    before = {x.effect.depends_on for x in planned if x.effect.depends_on and x.effect.depends_on[0] is _FEE}
    if not before:
        return planned
    found = list(planned)
    for place, debit in enumerate(planned[:-1]):
        payment = planned[place + 1]
        named = (debit.effect.entry_kind, debit.effect.part)
        if named in before and payment.effect.depends_on == named and _by_hand_alone(debit, payment, facts):
            paid, fee = payment.effect, debit.effect
            found[place] = _replace(payment, effect=_replace(paid, depends_on=fee.depends_on))
            found[place + 1] = _replace(debit, effect=_replace(fee, depends_on=(paid.entry_kind, paid.part)))
    return found


def _by_hand_alone(debit: NewEntry, payment: NewEntry, facts: LedgerFacts) -> bool:
    manual = State.AWAITING_MANUAL_POST
    by_hand, paid = (facts.initial_state(each.effect, each.connection_id) for each in (debit, payment))
    return manual in by_hand.holds and manual not in paid.holds

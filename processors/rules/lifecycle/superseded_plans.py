"""Replaces a payment's entries by a corrected plan: unsent entries are voided, sent ones reversed (E-11, law 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from processors.rules.lifecycle import follower_state, moved_refunds
from processors.rules.lifecycle.allocate_refund import balance_of
from processors.rules.lifecycle.amounts import with_state
from processors.rules.lifecycle.booking_terms import kind_of, money_of
from processors.rules.lifecycle.change import Change, NewEntry, Redirect, for_review, nothing
from processors.rules.lifecycle.entries import Family, Line, classify_entries, own_payments
from processors.rules.lifecycle.follower_state import inherited_state, planned_state, voidable
from processors.rules.lifecycle.payment_state import EntryState, PaymentState, Reported
from processors.rules.lifecycle.plan_comparison import PlanComparison
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.reversals import reverse_entries
from schemas.events import Event
from schemas.plan import PlannedEntry
from schemas.vocabulary import OWN_CASH, SET_BY_CONTENT, SKIPPED, UNMET_ORDER, DecisionReason, State


def replaced(
    plan: Sequence[PlannedEntry],
    reported: Reported,
    state: PaymentState,
    on: date,
    *,
    by: Event | None = None,
    moved: frozenset[int] = frozenset(),
) -> Change:
    """1. the same money: nothing. 2. unsent entries are voided, what is left is reversed. 3. the plan follows.

    Refunds stay with the money that they gave back: while it goes to the same parts, and these hold and post it, they
    only follow its new entries, else they move with it. `by`: the event that changes it, where that is not the teller.

    `moved`: entries that stand at the wrong patient. Their parts go whole, with their refunds, and others stay (E-12).
    """
    lines = classify_entries(state)
    if moved:
        parts = _standing_parts(lines, moved)
        lines = tuple(line for line in lines if line.root in parts)
        plan = tuple(effect for effect in plan if effect.part in parts)
        if not parts:
            return nothing(DecisionReason.CORRECTED)
    own = [line for line in lines if not line.is_refund]
    booked_first = own_payments(x.entry for x in own)
    paid = max(booked_first, key=lambda entry: entry.effect_id, default=None)
    if paid is None:
        return for_review(DecisionReason.CORRECTED)
    current = PlanComparison(own, paid)
    balance = balance_of(state, reported)
    same_places = (
        not moved
        and current.goes_where(plan)
        and all(not balance.refunded(x) or balance.refundable(x) >= 0 for x in balance.shares)
    )
    if moved_refunds.is_netted(lines):
        if not same_places and not moved:
            return for_review(DecisionReason.CORRECTED)
        plan = moved_refunds.less_netted(plan, lines)
    if not moved and current.is_plan(plan):
        return nothing(DecisionReason.CORRECTED)
    booked = [line for line in own if line.booked and line.entry.state not in SKIPPED]
    refunds = [line for line in lines if line.is_refund and line.booked]
    void = [line for line in booked if voidable(line.entry)]
    builder = EntryBuilder(
        event=by or reported.event,
        ref=paid.instruction.payment_ref or "",
        original=money_of(reported).payment_id,
        on=on,
        companion=balance.terms.companion,
    )
    fresh = tuple(_in_state_of(effect, reported, paid) for effect in plan)
    kept = [line for line in booked if not voidable(line.entry) and line.family is not None]
    effects = [*reverse_entries(builder, kept), *fresh]
    redirect: tuple[Redirect, ...] = ()
    if not refunds or (same_places and not _is_dropped(fresh, paid)):
        redirect = tuple(_redirects(refunds, void, fresh))
    else:
        effects += moved_refunds.moved(builder, refunds, fresh, reported, state)
        void += [line for line in refunds if voidable(line.entry)]
    return Change(
        reason=DecisionReason.CORRECTED,
        effects=tuple(effects),
        void=tuple(line.entry.effect_id for line in void),
        void_reason=DecisionReason.CORRECTED,
        redirect=redirect,
        settings_version=reported.settings_version,
    )


def _standing_parts(lines: Sequence[Line], moved: frozenset[int]) -> frozenset[str]:
    """The parts of which these entries come to anything: what was taken back there already stands no more."""
    found: dict[tuple[str, Family], int] = {}
    for line in lines:
        if line.entry.effect_id in moved and line.family is not None:
            key = line.root, line.family
            found[key] = found.get(key, 0) + line.entry.amount_minor
    return frozenset(part for (part, _), amount in found.items() if amount)


def _is_dropped(fresh: Sequence[NewEntry], paid: EntryState) -> bool:
    """Its type is off as it is reported now, and was not: its refunds are posted by hand with it (R-14)."""
    own = [x.effect for x in fresh if x.effect.entry_kind in OWN_CASH and x.effect.state is not State.SKIPPED_ZERO]
    off = bool(own) and all(effect.state is State.SKIPPED_DISABLED for effect in own)
    return off and follower_state.following_state(paid) is follower_state.FOLLOWING


def _in_state_of(effect: PlannedEntry, reported: Reported, paid: EntryState) -> NewEntry:
    """In the state of what it replaces, while its type is switched alike; else as the rules decided."""
    alike = paid.instruction.payment_kind is not None and reported.settings.types.of(
        paid.instruction.payment_kind
    ) is reported.settings.types.of(kind_of(reported))
    if alike and paid.reason is not DecisionReason.MANUAL_NET_NOT_POSITIVE:
        effect = with_state(effect, _inherited_state(effect, paid))
    instruction = msgspec.structs.replace(
        effect.instruction, original_ref=money_of(reported).payment_id, original_date=paid.instruction.ledger_date
    )
    return NewEntry(effect=msgspec.structs.replace(effect, instruction=instruction), connection_id=paid.connection_id)


def _inherited_state(effect: PlannedEntry, paid: EntryState) -> follower_state.PlannedState:
    initial, mine = inherited_state(paid), planned_state(effect)
    if initial.state in SKIPPED or mine.reason is DecisionReason.MANUAL_NET_NOT_POSITIVE:
        return initial if initial.state in SKIPPED else mine
    unmet = {initial.state, *initial.holds} - SET_BY_CONTENT | ({mine.state, *mine.holds} & SET_BY_CONTENT)
    first, *others = (*(state for state in UNMET_ORDER if state in unmet), State.SCHEDULED)
    reason = mine.reason if first in SET_BY_CONTENT else initial.reason
    return follower_state.PlannedState(first, reason, initial.due_at, tuple(others[:-1]))


def _redirects(refunds: Sequence[Line], void: Sequence[Line], fresh: Sequence[NewEntry]) -> Iterator[Redirect]:
    gone = {line.entry.effect_id: (line.entry.entry_kind, line.root) for line in void}
    there = {(planned.effect.entry_kind, planned.effect.part) for planned in fresh}
    moved = {part: (kind, part) for kind, part in there if kind in OWN_CASH}
    for line in refunds:
        old = gone.get(line.entry.depends_on) if line.entry.depends_on is not None else None
        to = old if old in there else moved.get(line.root)
        if old is not None and to is not None:
            yield Redirect(effect_id=line.entry.effect_id, to=to)

"""Moves a payment's refunds to other parts when a correction moves the payment there (E-11, R-13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from processors.rules.lifecycle.booking_terms import fee_of, shares_of
from processors.rules.lifecycle.books import Figures, books_of
from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.entries import Family, Line, total
from processors.rules.lifecycle.follower_state import FOLLOWING, MANUAL, PlannedState, voidable
from processors.rules.lifecycle.payment_state import EntryState, PaymentState, Reported, resolved_events
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from processors.rules.lifecycle.reversals import reverse_entries
from schemas.plan import PartKey, PlannedEntry
from schemas.vocabulary import OWN_CASH, SKIPPED, DecisionReason, EntryKind, State


def moved(
    builder: EntryBuilder, refunds: Sequence[Line], fresh: Sequence[NewEntry], reported: Reported, state: PaymentState
) -> Iterator[NewEntry]:
    """Reversals of the refunds where the payment was, and what they are of the payment as it is now (R-17).

    One entry per part for all refunds: the events that brought them keep their own entries as they are.
    """
    yield from reverse_entries(builder, [line for line in refunds if not voidable(line.entry)])
    given = books_of(state, reported, resolved_events(state)).given
    for part in (share.part for share in shares_of(reported, fee_of(state))):
        yield from _refund_there(builder, fresh, part, given.get(part, Figures()))


def _refund_there(builder: EntryBuilder, fresh: Sequence[NewEntry], part: str, amount: Figures) -> Iterator[NewEntry]:
    mine = [planned for planned in fresh if planned.effect.part == part]
    paid = next((x for x in mine if x.effect.entry_kind in OWN_CASH and x.effect.state is not State.SKIPPED_ZERO), None)
    if paid is None:
        return
    origin, initial = as_entry(paid), _following_state(paid.effect)
    behind = (paid.effect.entry_kind, part) if initial is FOLLOWING else None
    if amount.cash:
        yield builder.entry(origin, EntryKind.REFUND, part, amount.cash, initial, behind, alone=True)
    if amount.companion and builder.companion:
        first = (EntryKind.REFUND, part) if amount.cash else behind
        companion = str(PartKey(place=part, of_refund=True))
        yield builder.entry(origin, EntryKind.FEE_ADJUSTMENT, companion, amount.companion, initial, first, alone=True)
    if amount.charge:
        charge = next((x for x in mine if x.effect.entry_kind is EntryKind.CHARGE), None)
        if charge is not None:
            first = (EntryKind.CHARGE, part) if initial is FOLLOWING else None
            yield builder.entry(
                as_entry(charge), EntryKind.CHARGE_REVERSAL, part, amount.charge, initial, first, alone=True
            )


def _following_state(effect: PlannedEntry) -> PlannedState:
    by_others = effect.state in SKIPPED or effect.reason is DecisionReason.ORIGINAL_NOT_POSTED
    return MANUAL if by_others else FOLLOWING


def as_entry(planned: NewEntry) -> EntryState:
    """An entry that is planned as those that follow it see it. Its id is 0: not known yet, or it is never stored."""
    effect = planned.effect
    return EntryState(
        effect_id=0,
        source="",
        event_id="",
        target=effect.target,
        entry_kind=effect.entry_kind,
        part=effect.part,
        state=effect.state,
        reason=effect.reason,
        amount_minor=effect.instruction.amount_minor,
        lane=effect.lane,
        connection_id=planned.connection_id,
        instruction=effect.instruction,
    )


def is_netted(lines: Sequence[Line]) -> bool:
    """Refunds were taken off before anything was posted (R-7)."""
    return any(line.entry.reason is DecisionReason.REFUNDED_BEFORE_POST for line in lines if line.is_refund)


def less_netted(plan: Sequence[PlannedEntry], lines: Sequence[Line]) -> tuple[PlannedEntry, ...]:
    """The plan less those refunds, which have no entries of their own that are posted."""
    netted = [x for x in lines if x.is_refund and x.entry.reason is DecisionReason.REFUNDED_BEFORE_POST]
    families = {
        EntryKind.PAYMENT: (Family.CASH,),
        EntryKind.FEE_ADJUSTMENT: (Family.COMPANION,),
        EntryKind.CHARGE: (Family.CASH, Family.COMPANION),
    }
    found = []
    for effect in plan:
        mine = (x for x in netted if x.root == effect.part)
        amount = effect.instruction.amount_minor + total(mine, *families.get(effect.entry_kind, ()))
        instruction = msgspec.structs.replace(effect.instruction, amount_minor=amount)
        found.append(msgspec.structs.replace(effect, instruction=instruction))
    return tuple(found)

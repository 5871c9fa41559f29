"""Takes back the debit that went out before a payment, when that payment is refused (N-10). Pure.

Together with the reversal a fresh debit is planned, which goes with the payment from then on: redriven, both go out in
their order; recorded or dismissed, both are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from processors.rules.lifecycle.change import NewEntry
from processors.rules.lifecycle.follower_state import MANUAL
from processors.rules.lifecycle.payment_state import EntryState, EventId, PaymentState
from schemas.plan import PartKey, PlannedEntry
from schemas.vocabulary import OWN_CASH, REFUSED, DecisionReason, EntryKind, State

_replace: Final = msgspec.structs.replace


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """A debit to take back, whose payment was refused."""

    event: EventId
    effects: tuple[NewEntry, ...]
    payment: int
    again: tuple[EntryKind, str] | None
    """The debit that the payment waits for from now on; None: the payment was dismissed, and never goes."""


def refused_debits(state: PaymentState) -> Iterator[TakenBack]:
    """Each debit that stands alone. `ledger_date` and origin are the debit's own: it is as if it had not been."""
    stored = {entry.effect_id: entry for entry in state.entries}
    for payment in state.entries:
        debit = stored.get(payment.depends_on or 0)
        if debit is not None and _stands_alone(payment, debit) and not _is_reversed(debit, state):
            fresh = None if payment.state is State.DISMISSED else _again(debit, state)
            yield TakenBack(
                event=(debit.source, debit.event_id),
                effects=(_reversal(debit), *(() if fresh is None else (fresh,))),
                payment=payment.effect_id,
                again=None if fresh is None else (fresh.effect.entry_kind, fresh.effect.part),
            )


def _stands_alone(payment: EntryState, debit: EntryState) -> bool:
    refused = (payment.state in REFUSED or payment.state is State.DISMISSED) and not payment.look_first
    goes_before = debit.entry_kind is EntryKind.FEE_ADJUSTMENT and debit.amount_minor < 0
    same = (payment.source, payment.event_id) == (debit.source, debit.event_id)
    return refused and goes_before and same and payment.entry_kind in OWN_CASH and debit.state is State.POSTED


def _is_reversed(debit: EntryState, state: PaymentState) -> bool:
    """By this, or by a void or a correction."""
    return any(each.depends_on == debit.effect_id and each.entry_kind is EntryKind.REVERSAL for each in state.entries)


def _reversal(debit: EntryState) -> NewEntry:
    named = PartKey.reversal(debit.entry_kind, debit.part, debit.instruction.version)
    return NewEntry(
        effect=_planned(debit, EntryKind.REVERSAL, str(named), -debit.amount_minor, State.SCHEDULED),
        behind=debit.effect_id,
        connection_id=debit.connection_id,
    )


def _again(debit: EntryState, state: PaymentState) -> NewEntry:
    taken = {each.part for each in state.entries if each.entry_kind is EntryKind.FEE_ADJUSTMENT}
    key, number = PartKey.parse(debit.part), 1
    while str(_replace(key, piece=number)) in taken:
        number += 1
    part = str(_replace(key, piece=number))
    planned = _planned(debit, EntryKind.FEE_ADJUSTMENT, part, debit.amount_minor, MANUAL.state)
    return NewEntry(effect=planned, connection_id=debit.connection_id)


def _planned(debit: EntryState, kind: EntryKind, part: str, amount: int, state: State) -> PlannedEntry:
    own = debit.instruction
    changed = {"entry_kind": kind, "amount_minor": amount}
    if kind is EntryKind.REVERSAL:
        changed |= {"allocation": None, "original_ref": own.payment_ref, "original_date": own.ledger_date}
    return PlannedEntry(
        target=debit.target,
        entry_kind=kind,
        part=part,
        state=state,
        reason=DecisionReason.FOLLOWS_ORIGINAL if kind is EntryKind.REVERSAL else DecisionReason.ORIGINAL_NOT_POSTED,
        lane=debit.lane,
        instruction=_replace(own, **changed),
    )

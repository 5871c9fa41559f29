"""Classifies a payment's entries: the payment's own or a refund's, of which part, booked or not."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from processors.rules.lifecycle.payment_state import EntryState, PaymentState, event_id_of
from schemas import events as e
from schemas.plan import PartKey
from schemas.vocabulary import CASH, OWN_CASH, REFUND_CASH, DecisionReason, EntryKind, State


class Family(StrEnum):
    """Entries whose amounts add up to one figure of the ledger."""

    CASH = "cash"
    COMPANION = "companion"
    CHARGE = "charge"
    WRITE_OFF = "write_off"


_FAMILIES: Final = dict.fromkeys(CASH, Family.CASH) | {
    EntryKind.FEE_ADJUSTMENT: Family.COMPANION,
    EntryKind.CHARGE: Family.CHARGE,
    EntryKind.CHARGE_REVERSAL: Family.CHARGE,
    EntryKind.WRITE_OFF: Family.WRITE_OFF,
}
"""Others (allocation, claim status, notes) move no money: they go with the entry that they depend on."""

_NOT_BOOKED: Final = frozenset(
    {
        DecisionReason.COMPANION_OFF,
        DecisionReason.PATIENT_UNTOUCHED,
        DecisionReason.NOT_BY_THIS_ROUTE,
        DecisionReason.REFUNDED_BEFORE_POST,
    }
)
"""Skipped beside entries that are booked: there is nothing of these to reverse."""

REFUND_EVENTS = (
    *(e.RefundSucceeded, e.RefundFailed, e.PaymentReturned, e.PaymentReinstated),
    *(e.DisputeOpened, e.DisputeClosed),
)
"""Events that give money back, or bring back what was given."""


class Line(msgspec.Struct, frozen=True):
    """An entry and what it means for the payment's figures."""

    entry: EntryState
    family: Family | None
    root: str
    """The part of the payment that it belongs to."""
    is_refund: bool
    """It gives money back or reverses that; else it is the payment's own."""
    booked: bool
    """In the ledger, on its way there, or with a person: a reversal has to mind it."""


def classify_entries(state: PaymentState) -> tuple[Line, ...]:
    """Every entry that was not voided, in the order in which they were stored. Pure."""
    refunds = {event_id_of(x.event) for x in state.follow_ups if isinstance(x.event, REFUND_EVENTS)}
    both = refunds & {(x.source, x.event_id) for x in state.entries if x.entry_kind in OWN_CASH}
    newest = None if state.reported is None else event_id_of(state.reported.event)
    found = []
    for entry in state.entries:
        if entry.state is State.VOIDED_BEFORE_POST:
            continue
        part, key = PartKey.parse(entry.part), (entry.source, entry.event_id)
        kind = part.reverses or entry.entry_kind
        is_refund = _is_refund(kind, part, alone=key in refunds and key not in both)
        booked = _is_booked(entry, superseded=not is_refund and key != newest)
        found.append(Line(entry, _FAMILIES.get(kind), part.place, is_refund, booked))
    return tuple(found)


def total(lines: Iterable[Line], *families: Family) -> int:
    """Minor units of the entries of these families."""
    return sum(line.entry.amount_minor for line in lines if line.family in families)


def _is_refund(kind: EntryKind, part: PartKey, *, alone: bool) -> bool:
    """`alone`: the event that brought it gives money back, and has no entry of the payment's own (R-7)."""
    if kind in REFUND_CASH or kind is EntryKind.CHARGE_REVERSAL:
        return True
    return kind is EntryKind.FEE_ADJUSTMENT and (alone or part.of_refund)


def _is_booked(entry: EntryState, *, superseded: bool) -> bool:
    if entry.state is State.SKIPPED_DISABLED:
        return entry.reason not in _NOT_BOOKED and not superseded
    return entry.state is not State.SKIPPED_ZERO


def own_payments(entries: Iterable[EntryState]) -> list[EntryState]:
    """Payments as they were booked, without the differences that follow one (a fee that changed later). Pure."""
    paid = [entry for entry in entries if entry.entry_kind in OWN_CASH]
    ids = {entry.effect_id for entry in paid}
    return [entry for entry in paid if entry.depends_on not in ids]


def lines_by(event: e.Event, lines: Iterable[Line]) -> tuple[Line, ...]:
    """What an earlier event gave back."""
    key = event_id_of(event)
    return tuple(line for line in lines if line.is_refund and (line.entry.source, line.entry.event_id) == key)

"""A life's entries sorted by what they mean: whose money, in which part, standing or not. Sums are taken over these."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from processors.rules.lifecycle.payment_state import EntryState, PaymentState
from schemas import events as e
from schemas.plan import PartKey
from schemas.vocabulary import DecisionReason, EntryKind, State


class Family(StrEnum):
    """Entries whose amounts add up to one figure of the ledger."""

    CASH = "cash"
    COMPANION = "companion"
    CHARGE = "charge"
    WRITE_OFF = "write_off"


OWN_CASH: Final = frozenset({EntryKind.PAYMENT, EntryKind.INSURANCE_PAYMENT})
REFUND_CASH: Final = frozenset({EntryKind.REFUND, EntryKind.RETURN, EntryKind.DISPUTE_HOLD, EntryKind.DISPUTE_RELEASE})
_FAMILIES: Final = dict.fromkeys(OWN_CASH | REFUND_CASH, Family.CASH) | {
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
"""Skipped beside entries that are booked: nobody has anything to take back of these."""

REFUND_EVENTS = (e.RefundSucceeded, e.RefundFailed, e.PaymentReturned, e.DisputeOpened, e.DisputeClosed)
"""Events that give money back, or take back what was given."""
RefundEvent = e.RefundSucceeded | e.RefundFailed | e.PaymentReturned | e.DisputeOpened | e.DisputeClosed


class Line(msgspec.Struct, frozen=True):
    entry: EntryState
    family: Family | None
    root: str
    """The part of the payment that it belongs to."""
    given: bool
    """It gives money back or takes that back; else it is the payment's own."""
    booked: bool
    """In the ledger, on its way there, or in a person's hands: a reversal has to mind it."""


def classify_entries(life: PaymentState) -> tuple[Line, ...]:
    """Every entry that was not voided, in the order of the life. Pure."""
    givers = {_key(linked.event) for linked in life.linked if isinstance(linked.event, REFUND_EVENTS)}
    both = givers & {(x.source, x.event_id) for x in life.entries if x.entry_kind in OWN_CASH}
    teller = None if life.told is None else _key(life.told.event)
    found = []
    for entry in life.entries:
        if entry.state is State.VOIDED_BEFORE_POST:
            continue
        part, key = PartKey.parse(entry.part), (entry.source, entry.event_id)
        kind = part.reverses or entry.entry_kind
        given = _is_given(kind, part, alone=key in givers and key not in both)
        booked = _is_booked(entry, superseded=not given and key != teller)
        found.append(Line(entry, _FAMILIES.get(kind), part.place, given, booked))
    return tuple(found)


def total(lines: Iterable[Line], *families: Family) -> int:
    return sum(line.entry.amount_minor for line in lines if line.family in families)


def _is_given(kind: EntryKind, part: PartKey, *, alone: bool) -> bool:
    """`alone`: the event that brought it gives back, and has no entry of the payment's own (R-7)."""
    if kind in REFUND_CASH or kind is EntryKind.CHARGE_REVERSAL:
        return True
    return kind is EntryKind.FEE_ADJUSTMENT and (alone or part.of_refund)


def _is_booked(entry: EntryState, *, superseded: bool) -> bool:
    if entry.state is State.SKIPPED_DISABLED:
        return entry.reason not in _NOT_BOOKED and not superseded
    return entry.state is not State.SKIPPED_ZERO


def _key(event: e.Event) -> tuple[str, str]:
    return event.source, event.event_id

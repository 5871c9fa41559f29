"""What the records of a batch make the ledger look up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.events import PayoutPaid
from schemas.vocabulary import State
from schemas.writebacks import Writeback
from sinks.ledger.intake.payment_key import PAYMENT, PAYOUT, PaymentKey, event_of, follow_up_key, reported_key
from sinks.ledger.intake.read_payment_states import named_in

_AWAITING_FEE: Final = State.AWAITING_FEE
_AWAITING_CLEARANCE: Final = State.AWAITING_CLEARANCE


class ContextRequest(msgspec.Struct, kw_only=True):
    """Filled in one pass over the records."""

    patients: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """Practice and patient: is there a link?"""
    reported: dict[PaymentKey, int] = msgspec.field(default_factory=dict)
    """Money that is reported here, with the number of the first record that does: something may wait for it."""
    concerned: dict[PaymentKey, int] = msgspec.field(default_factory=dict)
    """Money of which more is said here than that it happened, with the number of the first record that says so."""
    paid: set[PaymentKey] = msgspec.field(default_factory=set)
    """Payments that a payout of this batch carries."""
    payouts: list[PayoutPaid] = msgspec.field(default_factory=list)
    """Payouts that are reported here: their items may be in others."""


def context_request(decided: Sequence[Writeback]) -> ContextRequest:
    """Plain payments are not decoded."""
    asked = ContextRequest()
    for number, writeback in enumerate(decided):
        identity, waits = writeback.identity, writeback.decision.waiting is _AWAITING_FEE
        for planned in writeback.decision.effects:
            if planned.instruction.patient_ref is not None:
                asked.patients.add((identity.practice_id, planned.instruction.patient_ref))
            waits = waits or planned.state is _AWAITING_CLEARANCE
        key = reported_key(writeback)
        if key is not None:
            asked.reported.setdefault(key, number)
            if waits or identity.version > 1 or key.kind == PAYOUT or writeback.redecision:
                asked.concerned.setdefault(key, number)
            if key.kind == PAYMENT:
                continue
        _look_into(writeback, number, asked)
    return asked


def _look_into(writeback: Writeback, number: int, asked: ContextRequest) -> None:
    identity, event = writeback.identity, event_of(writeback)
    about = follow_up_key(writeback, event)
    if about is not None:
        asked.concerned.setdefault(about, number)
    asked.patients |= {(identity.practice_id, ref) for ref in named_in(event)}
    if isinstance(event, PayoutPaid):
        asked.payouts.append(event)
        asked.paid |= {
            PaymentKey(identity.practice_id, PAYMENT, item.payment_id)
            for item in event.items
            if item.payment_id is not None
        }

"""Books a refund, return or dispute as it was reported, whatever is left of its payment: a person says so (R-2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from processors.rules.decisions.lanes import at_pms
from processors.rules.lifecycle.allocate_refund import Balance, PartAmount, RefundSplit, balance_of, part_amounts
from processors.rules.lifecycle.change import Change, NewEntry, following
from processors.rules.lifecycle.follower_state import MANUAL
from processors.rules.lifecycle.named_patients import means
from processors.rules.lifecycle.payment_state import PaymentState, Reported
from processors.rules.lifecycle.reversal_entries import EntryBuilder
from schemas import events as e
from schemas.bookkeeping.companion import share_until
from schemas.bookkeeping.money import largest_remainder
from schemas.plan import Instruction, PlannedEntry
from schemas.vocabulary import EntryKind, Target

_KINDS: Final[Mapping[type[e.Event], EntryKind]] = MappingProxyType(
    {
        e.RefundSucceeded: EntryKind.REFUND,
        e.RefundFailed: EntryKind.REFUND,
        e.PaymentReturned: EntryKind.RETURN,
        e.DisputeOpened: EntryKind.DISPUTE_HOLD,
        e.DisputeClosed: EntryKind.DISPUTE_RELEASE,
    }
)
_IDS: Final = ("refund_id", "return_id", "dispute_id")


class NamesOtherPatientError(Exception):
    """A split names somebody whom the payment did not. Never leaves this package."""


def moves_money(event: e.Event) -> bool:
    """Whether an event about a payment gives money back or brings it back."""
    return bool(getattr(event, "gross_minor", 0) or getattr(event, "fee_minor", 0)) and hasattr(event, "payment_id")


def moved_in_full(event: e.Event, state: PaymentState, original: Reported, on: date) -> Change:
    """Its entries beside those of its payment, for all that it reports. Raises NamesOtherPatientError. Pure."""
    balance = balance_of(state, original)
    builder = EntryBuilder(
        event=event,
        ref=_own_id(event),
        original=_field(event, "payment_id"),
        on=on,
        companion=balance.terms.companion,
        split=_split(balance, event),
    )
    kind = _KINDS.get(type(event), EntryKind.REFUND)
    charges = isinstance(event, e.RefundSucceeded | e.RefundFailed)
    return following(original, builder.refund_entries(balance.lines, kind, charges=charges))


def bare_entry(event: e.Event, currency: str, on: date) -> NewEntry | None:
    """Its one entry where its payment is not known: what counts toward a balance, of nobody unless it names a patient.

    None: it moves nothing there. It depends on nothing and is of no connection; it is only ever recorded or dismissed.
    """
    gross, surcharge = _field(event, "gross_minor"), getattr(event, "surcharge_minor", None) or 0
    patients = {split.patient_ref for split in getattr(event, "splits", ())}
    patient = patients.pop() if len(patients) == 1 else None
    amount = gross - surcharge
    if not amount:
        return None
    kind = _KINDS.get(type(event), EntryKind.REFUND)
    return NewEntry(
        effect=PlannedEntry(
            target=Target.PMS,
            entry_kind=kind,
            part="",
            state=MANUAL.state,
            reason=MANUAL.reason,
            lane=at_pms(patient, event.event_id),
            instruction=Instruction(
                entry_kind=kind,
                amount_minor=amount,
                currency=currency,
                ledger_date=on,
                occurred_at=event.occurred_at,
                patient_ref=patient,
                payment_ref=_own_id(event),
                original_ref=_field(event, "payment_id"),
                gross_minor=gross,
                fee_minor=_field(event, "fee_minor"),
                surcharge_minor=surcharge,
            ),
        )
    )


def _split(balance: Balance, event: e.Event) -> RefundSplit:
    gross, fee = _field(event, "gross_minor"), _field(event, "fee_minor")
    splits = getattr(event, "splits", ())
    surcharge = getattr(event, "surcharge_minor", None)
    if surcharge is None:
        counted = sum(split.amount_minor for split in splits)
        size = share_until(balance.surcharge, min(abs(gross), balance.gross), balance.gross) if balance.gross > 0 else 0
        surcharge = gross - counted if splits else (size if gross > 0 else -size)
    applied = gross - surcharge
    weights = _named(balance, splits) if splits else [max(share.applied, 0) for share in balance.shares]
    weights = weights if any(weights) else [1] * len(balance.shares)
    whole = applied
    if balance.terms.mirrored and balance.gross > 0:
        posted = share_until(sum(share.full for share in balance.shares), min(abs(gross), balance.gross), balance.gross)
        whole = posted if gross > 0 else -posted
    parts = largest_remainder(whole, weights)
    amounts: tuple[PartAmount, ...] = part_amounts(balance, parts, applied, fee - surcharge)
    return RefundSplit(gross, surcharge, fee, amounts)


def _named(balance: Balance, splits: Sequence[e.Split]) -> list[int]:
    """What each part gets; the first part of the patient whom a split names takes it."""
    named = [0] * len(balance.shares)
    for split in splits:
        found = next((n for n, share in enumerate(balance.shares) if means(split, share)), None)
        if found is None:
            raise NamesOtherPatientError
        named[found] += abs(split.amount_minor)
    return named


def _own_id(event: e.Event) -> str:
    return next((str(getattr(event, name)) for name in _IDS if hasattr(event, name)), event.event_id)


def _field(event: e.Event, name: str) -> Any:
    return getattr(event, name)

"""Composes an entry as a request of the service: pure, before the mark (README sections 3 to 6; R-1, N-2, M-4).

Payments are payments; a refund is a payment of the other sign where the practice's system takes such, else an
adjustment; everything else is an adjustment (`adjustments`).
"""

from __future__ import annotations

from typing import Any

from schemas.vocabulary import DeadLetterReason, EntryKind
from sinks.targets.entry_note import describe
from sinks.targets.nexhealth import adjustments
from sinks.targets.nexhealth.capabilities import ALWAYS
from sinks.targets.nexhealth.mapping import NexHealthMapping
from sinks.targets.nexhealth.request_text import (
    composed,
    in_ledger,
    instant_of,
    not_composed,
    number,
    receiver_of,
    transaction_id,
)
from sinks.targets.nexhealth.splits import charge_splits
from sinks.targets.port import Composed, NotComposed, TargetEntry


def compose(entry: TargetEntry, mapping: NexHealthMapping) -> Composed | NotComposed:
    """The request of one entry, or the mapping that is missing. Nothing here can fail at the target's will."""
    order = entry.instruction
    if order.entry_kind not in ALWAYS or order.entry_kind is EntryKind.ALLOCATION:
        return not_composed(DeadLetterReason.MAPPING_INVALID, "entry_kind")
    if order.office_level:
        # Every entry of this service stands on a patient's account.
        return not_composed(DeadLetterReason.MAPPING_INVALID, "office_level")
    if order.plan_in_pms and order.plan_ref is not None:
        # A payment cannot name the plan that it pays (PL-1), and on the account it would leave the plan short.
        return not_composed(DeadLetterReason.MAPPING_INVALID, "plan_ref")
    patient = receiver_of(entry)
    if patient is None:
        return not_composed(DeadLetterReason.PATIENT_NOT_FOUND, "pms_patient_id")
    if order.entry_kind is EntryKind.PAYMENT:
        if order.amount_minor <= 0:
            return not_composed(DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
        return _payment(entry, mapping, patient, mapping.pay_type_for(order.payment_kind, order.tender), "payment")
    if is_refund_payment(entry, mapping):
        if order.amount_minor == 0:
            return not_composed(DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
        pay_type = mapping.refund_pay_type or mapping.pay_type_for(order.payment_kind, order.tender)
        return _payment(entry, mapping, patient, pay_type, "refund")
    return adjustments.compose(entry, mapping, patient)


def is_refund_payment(entry: TargetEntry, mapping: NexHealthMapping) -> bool:
    """Whether a refund is a payment of the other sign at this system (R-12), and one that failed a payment again."""
    return entry.instruction.entry_kind is EntryKind.REFUND and mapping.practice_system.refunds_are_payments


def _payment(
    entry: TargetEntry, mapping: NexHealthMapping, patient: int, pay_type: int, words: str
) -> Composed | NotComposed:
    order = entry.instruction
    amount = in_ledger(order.amount_minor)
    fields: dict[str, Any] = {
        "patient_id": patient,
        "amount": number(amount),
        "currency": order.currency,
        "transaction_id": transaction_id(entry.marker),
        "payment_type_id": pay_type,
        "paid_at": instant_of(order.ledger_date),
        "notes": describe(entry, words),
    }
    provider = mapping.provider_for(order.provider_ref)
    if on_charges := charge_splits(entry):
        fields["charge_splits"] = {charge: number(minor) for charge, minor in on_charges.items()}
    elif provider is not None:
        fields["provider_splits"] = {str(provider): number(amount)}
    return composed("payments", "payment", fields, entry, mapping)

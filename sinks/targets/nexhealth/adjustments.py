"""Composes adjustments: fees, returns, disputes, refunds of systems without negative payments, and everything that is
taken back (README section 5; R-12, R-15, N-2, N-8)."""

from __future__ import annotations

from typing import Any

from schemas.vocabulary import DeadLetterReason
from sinks.targets.adjustment_kinds import WORDS, type_field
from sinks.targets.entry_note import decimal, describe
from sinks.targets.nexhealth.mapping import NexHealthMapping
from sinks.targets.nexhealth.request_text import composed, in_ledger, instant_of, not_composed, number, transaction_id
from sinks.targets.nexhealth.splits import charge_splits
from sinks.targets.port import Composed, NotComposed, TargetEntry


def compose(entry: TargetEntry, mapping: NexHealthMapping, patient: int) -> Composed | NotComposed:
    """The adjustment, or which type or provider is missing."""
    order = entry.instruction
    amount, field = in_ledger(order.amount_minor), type_field(entry)
    if amount == 0 or field is None:
        return not_composed(DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    chosen: int | None = getattr(mapping, field)
    if chosen is None:
        return not_composed(DeadLetterReason.MAPPING_MISSING, field)
    fields: dict[str, Any] = {
        "patient_id": patient,
        "amount": number(amount),
        "currency": order.currency,
        "transaction_id": transaction_id(entry.marker),
        "adjustment_type_id": chosen,
        "adjusted_at": instant_of(order.ledger_date),
        "notes": describe(entry, WORDS[order.entry_kind]),
    }
    provider = mapping.provider_for(order.provider_ref)
    if on_charges := charge_splits(entry):
        # The page's examples of adjustments give these amounts as text, those of payments as numbers.
        fields["charge_splits"] = {charge: decimal(minor) for charge, minor in on_charges.items()}
    elif provider is not None:
        fields["provider_splits"] = {str(provider): decimal(amount)}
    elif amount > 0:
        # The systems take no debit that belongs to nobody; the service would refuse it.
        return not_composed(DeadLetterReason.MAPPING_MISSING, "provider_id")
    return composed("adjustments", "adjustment", fields, entry, mapping)

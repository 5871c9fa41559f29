"""Composes adjustments: fees, returns, disputes, refunds of systems without negative payments, and everything that is
taken back (README section 5; R-12, R-15, N-2, N-8)."""

from __future__ import annotations

from typing import Any, Final

from schemas.plan import PartKey
from schemas.vocabulary import DeadLetterReason, EntryKind
from sinks.targets.entry_note import decimal, describe
from sinks.targets.nexhealth.mapping import NexHealthMapping
from sinks.targets.nexhealth.request_text import composed, in_ledger, instant_of, not_composed, number, transaction_id
from sinks.targets.nexhealth.splits import charge_splits
from sinks.targets.port import Composed, NotComposed, TargetEntry

_TYPES: Final[dict[EntryKind, tuple[str | None, str | None]]] = {
    EntryKind.FEE_ADJUSTMENT: ("fee_credit", "fee_debit"),
    EntryKind.REFUND: ("refund_failed", "refund"),
    EntryKind.RETURN: (None, "payment_return"),
    EntryKind.DISPUTE_HOLD: (None, "dispute"),
    EntryKind.DISPUTE_RELEASE: ("dispute_won", None),
    EntryKind.REVERSAL: ("refund_failed", "void"),
}
"""Kind → mapped type for what counts toward the balance (> 0), and for what no longer does (< 0). None: that sign is
no such entry."""

_WORDS: Final = {
    EntryKind.FEE_ADJUSTMENT: "processing fee of",
    EntryKind.REFUND: "refund",
    EntryKind.RETURN: "returned payment",
    EntryKind.DISPUTE_HOLD: "dispute",
    EntryKind.DISPUTE_RELEASE: "dispute won",
    EntryKind.REVERSAL: "reversal of",
}


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
        "notes": describe(entry, _WORDS[order.entry_kind]),
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


def type_field(entry: TargetEntry) -> str | None:
    """The mapping's field for an entry's type; None for an amount that its kind cannot have."""
    order = entry.instruction
    kind = order.entry_kind
    if kind is EntryKind.REVERSAL and PartKey.parse(entry.part).reverses is EntryKind.FEE_ADJUSTMENT:
        kind = EntryKind.FEE_ADJUSTMENT
    toward, away = _TYPES[kind]
    return toward if order.amount_minor > 0 else away

"""Composes adjustments: fees, refunds, returns, disputes and everything that is taken back (R-12, R-15, N-2, N-8).

A refund is never `POST /payments/Refund`: that call repeats the posted payment's CheckNum and PayNote, so that the
refund bears no marker of its own and cannot be found again (laws 18 and 19); it takes no amount and no date, so it
fits neither a part nor a net payment (9680 against 10000); it has no guard against a second one; and it is refused for
payments on plans. An adjustment of the practice's own refund type has marker, amount, date and provider.
"""

from __future__ import annotations

from typing import Any

from schemas.plan import PartKey
from schemas.vocabulary import DeadLetterReason, EntryKind, State
from sinks.targets import adjustment_kinds
from sinks.targets.adjustment_kinds import WORDS
from sinks.targets.entry_note import decimal, describe
from sinks.targets.open_dental.accounts import procedures_of, receiver_of
from sinks.targets.open_dental.mapping import OpenDentalMapping
from sinks.targets.open_dental.request_text import composed, not_composed
from sinks.targets.port import Composed, NotComposed, TargetEntry


def compose(entry: TargetEntry, mapping: OpenDentalMapping, patient: int) -> Composed | NotComposed:
    """The adjustment, or which type is missing."""
    order = entry.instruction
    amount, field = amount_in_ledger(entry), type_field(entry)
    if amount == 0 or field is None:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    chosen: int | None = getattr(mapping, field)
    if chosen is None:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.MAPPING_MISSING, field)
    back = order.entry_kind is EntryKind.CHARGE_REVERSAL and amount > 0
    words = "membership charge brought back" if back else WORDS[order.entry_kind]
    fields: dict[str, Any] = {
        "PatNum": receiver_of(entry),
        "AdjType": chosen,
        "AdjAmt": decimal(amount),
        "AdjDate": order.ledger_date.isoformat(),
        "AdjNote": describe(entry, words),
    }
    procedures = procedures_of(entry)
    if len(procedures) == 1:
        fields["ProcNum"] = procedures[0]
    if mapping.clinic_num is not None:
        fields["ClinicNum"] = mapping.clinic_num
    provider = mapping.provider_for(order.provider_ref)
    if provider is not None:
        fields["ProvNum"] = provider
    return composed("POST", "/adjustments", fields, order)


def amount_in_ledger(entry: TargetEntry) -> int:
    """The one conversion of sign (M-4): what counts toward the balance is > 0 with us and < 0 in Open Dental's ledger.
    A charge is what the patient owes, in both: less of it is < 0, and what a failed refund brings back > 0 (R-9)."""
    order = entry.instruction
    return order.amount_minor if _is_of_charge(entry) else -order.amount_minor


def type_field(entry: TargetEntry) -> str | None:
    """The mapping's field for an entry's type; None for an amount that its kind cannot have."""
    order = entry.instruction
    if _is_of_charge(entry):
        return "charge_reversal" if order.amount_minor < 0 else "void"
    return adjustment_kinds.type_field(entry)


def _is_of_charge(entry: TargetEntry) -> bool:
    kind = entry.instruction.entry_kind
    return kind is EntryKind.CHARGE_REVERSAL or (
        kind is EntryKind.REVERSAL and PartKey.parse(entry.part).reverses is EntryKind.CHARGE
    )

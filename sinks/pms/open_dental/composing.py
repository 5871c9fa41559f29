"""An entry as Open Dental's request: pure, before the mark (API facts 1.4 and 1.11, R-1, N-2, M-4)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.reasons import DeadLetterReason
from schemas.states import EntryKind, State
from schemas.writebacks import Instruction
from sinks.pms.open_dental.mapping import Allocation, OpenDentalMapping
from sinks.port import Composed, Entry, NotComposed

LONGEST_CHECK_NUMBER: Final = 25
"""Width of the column; what a longer one does is unproven (API facts 1.4)."""

ENTRY_KINDS: Final = frozenset({EntryKind.PAYMENT, EntryKind.FEE_ADJUSTMENT})


def compose(entry: Entry, mapping: OpenDentalMapping) -> Composed | NotComposed:
    """The request of one entry, or the mapping that is missing. Nothing here can fail at the target's will."""
    if entry.instruction.entry_kind not in ENTRY_KINDS:
        return _not(State.INVALID_CONFIG, DeadLetterReason.MAPPING_INVALID, "entry_kind")
    patient = patient_number(entry)
    if patient is None:
        return _not(State.INVALID_CONFIG, DeadLetterReason.PATIENT_NOT_FOUND, "pms_patient_id")
    if entry.instruction.entry_kind is EntryKind.PAYMENT:
        return _payment(entry, mapping, patient)
    return _fee_adjustment(entry, mapping, patient)


def patient_number(entry: Entry) -> int | None:
    """The linked patient's PatNum; None for an id that is none of Open Dental's."""
    text = entry.pms_patient_id or ""
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) < 2**63 else None


def _payment(entry: Entry, mapping: OpenDentalMapping, patient: int) -> Composed | NotComposed:
    order = entry.instruction
    if order.amount_minor <= 0:
        # A negative PayAmt on POST is unproven: such an entry is never composed as a payment.
        return _not(State.INVALID_CONFIG, DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    fields: dict[str, Any] = {
        "PayAmt": _decimal(order.amount_minor),
        "PatNum": patient,
        "PayType": mapping.pay_type_for(order.payment_kind, order.tender),
        "PayDate": order.ledger_date.isoformat(),
        "CheckNum": entry.marker[:LONGEST_CHECK_NUMBER],
        "PayNote": note(entry),
        "isPatientPreferred": "true",
    }
    if mapping.clinic_num is not None:
        fields["ClinicNum"] = mapping.clinic_num
    procedure = order.procedure_ref or ""
    if procedure.isascii() and procedure.isdecimal():
        fields["procNums"] = [int(procedure)]
    elif mapping.allocation_for(order.payment_kind) is Allocation.UNALLOCATED:
        fields["isPrepayment"] = "true"
    return _composed("/payments", fields, order)


def _fee_adjustment(entry: Entry, mapping: OpenDentalMapping, patient: int) -> Composed | NotComposed:
    order = entry.instruction
    adjustment_type = mapping.fee_type_for(order.amount_minor)
    if isinstance(adjustment_type, NotComposed):
        return adjustment_type
    fields: dict[str, Any] = {
        "PatNum": patient,
        "AdjType": adjustment_type,
        # The one conversion of sign (M-4): what counts toward the balance is > 0 with us and < 0 in the ledger.
        "AdjAmt": _decimal(-order.amount_minor),
        "AdjDate": order.ledger_date.isoformat(),
        "AdjNote": note(entry),
    }
    if mapping.clinic_num is not None:
        fields["ClinicNum"] = mapping.clinic_num
    if mapping.provider_num is not None:
        fields["ProvNum"] = mapping.provider_num
    return _composed("/adjustments", fields, order)


def note(entry: Entry) -> str:
    """The marker first, on one line (line breaks become spaces), then what staff need: no person, no free text."""
    order = entry.instruction
    what = "processing fee of" if order.entry_kind is EntryKind.FEE_ADJUSTMENT else "payment"
    parts = [f"{entry.marker} {what} {order.payment_ref or '-'}"]
    if order.gross_minor is not None:
        parts.append(f"charged {_decimal(order.gross_minor)}")
    if order.fee_minor:
        parts.append(f"fee {_decimal(order.fee_minor)}")
    if order.surcharge_minor:
        parts.append(f"surcharge {_decimal(order.surcharge_minor)}")
    if order.card_brand and order.card_last4:
        parts.append(f"{order.card_brand} {order.card_last4}")
    return ", ".join(parts)


def _decimal(minor: int) -> str:
    """Exact decimal text of minor units (M-2)."""
    major, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{major}.{cents:02d}"


def _composed(path: str, fields: dict[str, Any], order: Instruction) -> Composed:
    return Composed(method="POST", path=path, body=msgspec.json.encode(fields), ledger_date=order.ledger_date)


def _not(state: State, reason: DeadLetterReason, field: str) -> NotComposed:
    return NotComposed(state=state, reason=reason, field=field)

"""Composes an entry as a request of the API: pure, before the mark (README sections 4, 5, 9, 11; R-1, N-2, M-4).

Payments are payments, allocations replace the splits of a payment, notes are commlogs, a membership's charge is a
completed procedure, insurance a claim payment with its lines (`claims`); everything else is an adjustment
(`adjustments`).
"""

from __future__ import annotations

from typing import Any, Final

from schemas.vocabulary import DeadLetterReason, EntryKind, State
from sinks.targets.entry_note import decimal, describe
from sinks.targets.open_dental import adjustments, claims, notes
from sinks.targets.open_dental.accounts import number_of, patient_number, procedures_of, reads_for, receiver_of
from sinks.targets.open_dental.capabilities import ALWAYS
from sinks.targets.open_dental.mapping import OpenDentalMapping
from sinks.targets.open_dental.request_text import composed, not_composed
from sinks.targets.port import Composed, NotComposed, TargetEntry

LONGEST_CHECK_NUMBER: Final = 25
"""Width of the column; what a longer one does is unproven (README section 4)."""


def compose(entry: TargetEntry, mapping: OpenDentalMapping) -> Composed | NotComposed:
    """The request of one entry, or the mapping that is missing. Nothing here can fail at the target's will."""
    kind = entry.instruction.entry_kind
    if kind not in ALWAYS | claims.CLAIM_KINDS and kind is not EntryKind.CHARGE:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.MAPPING_INVALID, "entry_kind")
    if entry.instruction.office_level:
        # Every entry of this API stands on a patient's account.
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.MAPPING_INVALID, "office_level")
    patient = patient_number(entry)
    if patient is None:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.PATIENT_NOT_FOUND, "pms_patient_id")
    if claims.is_of_insurance(entry):
        return claims.compose(entry, mapping)
    match kind:
        case EntryKind.PAYMENT:
            return _payment(entry, mapping, patient)
        case EntryKind.ALLOCATION:
            return _allocation(entry)
        case EntryKind.CHARGE:
            return _charge(entry, mapping)
        case EntryKind.NOTE:
            return notes.compose(entry, mapping, patient)
        case _:
            return adjustments.compose(entry, mapping, patient)


def _payment(entry: TargetEntry, mapping: OpenDentalMapping, patient: int) -> Composed | NotComposed:
    """It always says where it goes: to named procedures, to a named plan, or nowhere yet. Left open, Open Dental would
    attach it to the patient's oldest payment plan (PL-3)."""
    order = entry.instruction
    if order.amount_minor <= 0:
        # A negative PayAmt on POST is unproven: such an entry is never composed as a payment.
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    receiver = receiver_of(entry)
    fields: dict[str, Any] = {
        "PayAmt": decimal(order.amount_minor),
        "PatNum": receiver,
        "PayType": mapping.pay_type_for(order.payment_kind, order.tender),
        "PayDate": order.ledger_date.isoformat(),
        "CheckNum": entry.marker[:LONGEST_CHECK_NUMBER],
        "PayNote": describe(entry, "payment"),
    }
    procedures = procedures_of(entry)
    if receiver == patient or not procedures:
        # The guarantor's payment on a patient's procedures has to leave the guarantor's own account (G2).
        fields["isPatientPreferred"] = "true"
    if mapping.clinic_num is not None:
        fields["ClinicNum"] = mapping.clinic_num
    plan = number_of(order.plan_ref) if order.plan_in_pms else None
    if procedures and not _waits_apart(entry, mapping):
        fields["procNums"] = list(procedures)
    elif plan is not None:
        fields["payPlanNum"] = plan
    else:
        fields["isPrepayment"] = "true"
    return composed("POST", "/payments", fields, order)


def _waits_apart(entry: TargetEntry, mapping: OpenDentalMapping) -> bool:
    """It lies on no charge until the exact split: `procNums` would pay the oldest in full, whoever pays that."""
    return mapping.exact_allocation and entry.placement is not None and entry.placement.apart


def _allocation(entry: TargetEntry) -> Composed | NotComposed:
    """The exact split of a payment that stands (ALL-1, M-6): the amounts replace whatever splits it has, a payment
    plan's too (PL-3), so the request may be repeated."""
    order, placement = entry.instruction, entry.placement
    if placement is None or not reads_for(entry):
        # Linked to another patient since the balances were read: a person allocates this payment.
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.PATIENT_NOT_FOUND, "placement")
    payment = allocated_payment(entry)
    parts = [(number_of(charge), amount) for charge, amount in placement.shares]
    if payment is None or not parts or any(number is None or amount <= 0 for number, amount in parts):
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.OUR_REQUEST_MALFORMED, "placement")
    fields = {"procNumsAndAmounts": [{"ProcNum": number, "Amount": decimal(amount)} for number, amount in parts]}
    return composed("PUT", f"/payments/{payment}/Partial", fields, order)


def allocated_payment(entry: TargetEntry) -> int | None:
    """PayNum of the payment that an allocation spreads."""
    return number_of((entry.origin_id or "").removeprefix("payments/"))


def _charge(entry: TargetEntry, mapping: OpenDentalMapping) -> Composed | NotComposed:
    """A membership's charge line (B-1): one completed procedure under the mapped code. Its kind carries its sign (M-4):
    a charge is what the patient owes."""
    order = entry.instruction
    code = mapping.charge_code_for(order.plan_code)
    if code is None:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.MAPPING_MISSING, "membership_code")
    if order.amount_minor == 0:
        return not_composed(State.INVALID_CONFIG, DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    fields: dict[str, Any] = {
        "PatNum": receiver_of(entry),
        "ProcDate": order.ledger_date.isoformat(),
        "ProcStatus": "C",
        "procCode": code,
        "ProcFee": decimal(abs(order.amount_minor)),
        "BillingNote": describe(entry, "membership charge"),
    }
    if mapping.clinic_num is not None:
        fields["ClinicNum"] = mapping.clinic_num
    provider = mapping.provider_for(order.provider_ref)
    if provider is not None:
        fields["ProvNum"] = provider
    return composed("POST", "/procedurelogs", fields, order)

"""Composes an entry as an order of the contract: pure, before the mark (M-4, N-8, R-1)."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.connector.records import (
    Amount,
    Applied,
    ClaimDetail,
    ClaimLine,
    EntryOrder,
    Id,
    Kind,
    PaymentDetail,
)
from schemas.plan import ClaimOrder, Instruction, PartKey
from schemas.vocabulary import TAKES_BACK, DeadLetterReason, EntryKind, State
from sinks.targets.connector.mapping import ConnectorMapping
from sinks.targets.entry_note import describe
from sinks.targets.port import Composed, NotComposed, TargetEntry

ENTRY_PREFIX: Final = "entries/"
"""Of an `external_id` of this route."""

_WORDS: Final = {
    EntryKind.PAYMENT: "payment",
    EntryKind.FEE_ADJUSTMENT: "processing fee of",
    EntryKind.INSURANCE_PAYMENT: "insurance payment",
    EntryKind.WRITE_OFF: "write-off",
    EntryKind.CHARGE: "membership charge",
    EntryKind.REFUND: "refund",
    EntryKind.RETURN: "returned payment",
    EntryKind.DISPUTE_HOLD: "dispute",
    EntryKind.DISPUTE_RELEASE: "dispute won",
    EntryKind.REVERSAL: "reversal of",
    EntryKind.CHARGE_REVERSAL: "membership charge reversed",
    EntryKind.NOTE: "payment request",
}


def entries_path(account: str) -> str:
    return f"/v1/accounts/{account}/entries"


def compose(entry: TargetEntry, mapping: ConnectorMapping) -> Composed | NotComposed:
    """The order of one entry, or the mapping that is missing."""
    instruction, said = entry.instruction, mapping.document
    if said is None:
        return _invalid(DeadLetterReason.MAPPING_MISSING, "document")
    if instruction.entry_kind not in _WORDS or Kind(instruction.entry_kind.value) not in said.kinds:
        return _invalid(DeadLetterReason.MAPPING_INVALID, "entry_kind")
    if instruction.office_level:
        return _invalid(DeadLetterReason.MAPPING_INVALID, "office_level")
    kind = Kind(instruction.entry_kind.value)
    if (instruction.amount_minor == 0) is not (kind is Kind.NOTE) or _is_negative_payment(instruction):
        return _invalid(DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor")
    if instruction.currency != said.currency:
        return _invalid(DeadLetterReason.MAPPING_INVALID, "currency")
    chosen = mapping.type_for(kind, instruction.payment_kind, instruction.tender)
    if chosen is None and kind in said.typed_kinds:
        return _invalid(DeadLetterReason.MAPPING_MISSING, f"types.{kind.value}")
    patient = receiver_of(entry)
    if patient is None or not _is_id(patient):
        return _invalid(DeadLetterReason.PATIENT_NOT_FOUND, "pms_patient_id")
    order = EntryOrder(
        idempotency_key=entry.request_id,
        generation=entry.generation,
        marker=entry.marker,
        kind=kind,
        amount=Amount(minor=amount_in_contract(entry), currency=instruction.currency),
        ledger_date=instruction.ledger_date,
        occurred_at=instruction.occurred_at,
        patient_id=patient,
        type_id=chosen if kind in said.typed_kinds else None,
        provider_id=mapping.provider_for(instruction.provider_ref),
        text=describe(entry, _WORDS[instruction.entry_kind])[:500],
        applied_to=_applied(entry),
        takes_back=_taken_back(entry),
        payment=_payment(instruction),
        claim=None if instruction.claim is None else _claim(instruction.claim),
    )
    try:
        body = msgspec.json.encode(order)
        msgspec.json.decode(body, type=EntryOrder)
    except (msgspec.MsgspecError, ValueError):
        return _invalid(DeadLetterReason.OUR_REQUEST_MALFORMED, "entry")
    path = entries_path(mapping.account)
    return Composed(method="POST", path=path, body=body, ledger_date=instruction.ledger_date)


def amount_in_contract(entry: TargetEntry) -> int:
    """The one conversion of sign (M-4): with us a charge is > 0, what counts toward the balance too; in the contract
    whatever lowers what the patient owes is > 0, and a charge < 0."""
    amount = entry.instruction.amount_minor
    return -amount if _is_of_charge(entry) else amount


def receiver_of(entry: TargetEntry) -> str | None:
    """Whose account takes the entry: the guarantor where the practice books families so (G2), else the patient. An
    adjustment on a charge stands with that charge's patient."""
    if entry.placement is None or not reads_for(entry):
        return entry.pms_patient_id
    on_charges = bool(entry.placement.shares) and entry.instruction.entry_kind is not EntryKind.PAYMENT
    return entry.pms_patient_id if on_charges else entry.placement.posts_to


def reads_for(entry: TargetEntry) -> bool:
    """Whether what was read before posting was read for the patient who is linked now."""
    return entry.placement is not None and entry.placement.patient == entry.pms_patient_id


def _applied(entry: TargetEntry) -> tuple[Applied, ...]:
    if entry.instruction.procedure_ref is not None and _is_id(entry.instruction.procedure_ref):
        return (Applied(charge_id=entry.instruction.procedure_ref, minor=amount_in_contract(entry)),)
    if entry.placement is None or not reads_for(entry):
        return ()
    return tuple(Applied(charge_id=ref, minor=minor) for ref, minor in entry.placement.shares)


def _taken_back(entry: TargetEntry) -> str | None:
    number = (entry.origin_id or "").removeprefix(ENTRY_PREFIX)
    named = number if number != entry.origin_id and _is_id(number) else None
    return named if entry.instruction.entry_kind in TAKES_BACK else None


def _payment(order: Instruction) -> PaymentDetail:
    return PaymentDetail(
        reference=order.payment_ref,
        tender=None if order.tender is None else order.tender.value,
        card_brand=order.card_brand,
        card_last4=order.card_last4,
        gross_minor=order.gross_minor,
        fee_minor=order.fee_minor,
        surcharge_minor=order.surcharge_minor,
    )


def _claim(claim: ClaimOrder) -> ClaimDetail:
    return ClaimDetail(
        remittance=claim.remittance_ref,
        claim_id=claim.claim_ref if _is_id(claim.claim_ref) else None,
        status=claim.status,
        service_from=claim.service_from,
        charged_minor=claim.charged_minor,
        paid_minor=claim.paid_minor,
        write_off_minor=claim.write_off_minor,
        lines=tuple(
            ClaimLine(
                procedure_id=line.procedure_ref if _is_id(line.procedure_ref) else None,
                charged_minor=line.charged_minor,
                paid_minor=line.paid_minor,
                write_off_minor=line.write_off_minor,
            )
            for line in claim.lines
        ),
    )


def _is_negative_payment(order: Instruction) -> bool:
    return order.entry_kind is EntryKind.PAYMENT and order.amount_minor < 0


def _is_of_charge(entry: TargetEntry) -> bool:
    kind = entry.instruction.entry_kind
    if kind is EntryKind.REVERSAL:
        return PartKey.parse(entry.part).reverses is EntryKind.CHARGE
    return kind in (EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL)


def _is_id(text: str | None) -> bool:
    try:
        msgspec.convert(text, Id)
    except msgspec.ValidationError:
        return False
    return True


def _invalid(reason: DeadLetterReason, field: str) -> NotComposed:
    return NotComposed(state=State.INVALID_CONFIG, reason=reason, field=field)

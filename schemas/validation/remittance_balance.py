"""Checks that a remittance balances: lines, claims, and the payment as a whole (I-1, I-2)."""

from __future__ import annotations

from schemas.events import Claim, ClaimAdjustment, ClaimLine, Remittance
from schemas.validation.checks import (
    Invalid,
    check_amount,
    check_code,
    check_count,
    check_date,
    check_id,
    check_known,
    check_optional_id,
    check_sum,
)
from schemas.vocabulary import DeadLetterReason, FieldFault


def check_remittance(remittance: Remittance, gross: int) -> None:
    """Invalid UNBALANCED where `paid = charged - adjustments` or `gross = claims - PLB` does not hold."""
    check_id("remittance.remittance_id", remittance.remittance_id)
    check_id("remittance.insurer_ref", remittance.insurer_ref)
    check_count("remittance.claims", remittance.claims)
    check_count("remittance.provider_adjustments", remittance.provider_adjustments)
    for number, claim in enumerate(remittance.claims):
        _check_claim(f"remittance.claims.{number}", claim)
    taken = 0
    for number, adjustment in enumerate(remittance.provider_adjustments):
        check_code(f"remittance.provider_adjustments.{number}.plb_code", adjustment.plb_code)
        check_amount(f"remittance.provider_adjustments.{number}.amount_minor", adjustment.amount_minor)
        taken += adjustment.amount_minor
    paid = (claim.paid_minor for claim in remittance.claims)
    check_sum(DeadLetterReason.UNBALANCED, "remittance.claims", paid, gross + taken, FieldFault.CLAIMS_DISAGREE)


def _check_claim(field: str, claim: Claim) -> None:
    check_optional_id(f"{field}.claim_ref", claim.claim_ref)
    check_code(f"{field}.status", claim.status)
    check_id(f"{field}.patient_ref", claim.patient_ref)
    if claim.service_from is not None:
        check_date(f"{field}.service_from", claim.service_from)
    check_count(f"{field}.lines", claim.lines or ())
    _check_remarks(field, claim.remarks)
    adjusted = _check_adjustments(field, claim.adjustments)
    for number, line in enumerate(claim.lines or ()):
        adjusted += _check_line(f"{field}.lines.{number}", line)
    _check_balance(field, claim.charged_minor, claim.paid_minor, adjusted)


def _check_line(field: str, line: ClaimLine) -> int:
    check_optional_id(f"{field}.procedure_ref", line.procedure_ref)
    _check_remarks(field, line.remarks)
    adjusted = _check_adjustments(field, line.adjustments)
    _check_balance(field, line.charged_minor, line.paid_minor, adjusted)
    return adjusted


def _check_adjustments(field: str, adjustments: tuple[ClaimAdjustment, ...]) -> int:
    for number, adjustment in enumerate(adjustments):
        check_known(f"{field}.adjustments.{number}.group", adjustment.group)
        check_code(f"{field}.adjustments.{number}.carc", adjustment.carc)
        check_amount(f"{field}.adjustments.{number}.amount_minor", adjustment.amount_minor)
    return sum(adjustment.amount_minor for adjustment in adjustments)


def _check_remarks(field: str, remarks: tuple[str, ...]) -> None:
    """Only that each is a code: whether a list has it loses no payment (I-5)."""
    for number, remark in enumerate(remarks):
        check_code(f"{field}.remarks.{number}", remark)


def _check_balance(field: str, charged: int, paid: int, adjusted: int) -> None:
    check_amount(f"{field}.charged_minor", charged)
    check_amount(f"{field}.paid_minor", paid)
    if charged - adjusted != paid:
        raise Invalid(DeadLetterReason.UNBALANCED, f"{field}.paid_minor", FieldFault.CLAIM_UNBALANCED)

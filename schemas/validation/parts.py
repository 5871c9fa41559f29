"""Validates splits and itemised fees, which several events have. Each check raises Invalid."""

from __future__ import annotations

from schemas import events as e
from schemas.validation.checks import (
    Invalid,
    check_amount,
    check_code,
    check_id,
    check_optional_id,
    check_sum,
)
from schemas.vocabulary import DeadLetterReason, FieldFault


def check_split(number: int, split: e.Split) -> None:
    check_id(f"splits.{number}.patient_ref", split.patient_ref)
    check_optional_id(f"splits.{number}.provider_ref", split.provider_ref)
    check_optional_id(f"splits.{number}.procedure_ref", split.procedure_ref)


def check_split_sum(splits: tuple[e.Split, ...], total: int) -> None:
    amounts = (split.amount_minor for split in splits)
    check_sum(DeadLetterReason.SPLITS_DISAGREE, "splits", amounts, total, FieldFault.PARTS_DISAGREE)


def check_fees(field: str, fees: tuple[e.FeePart, ...], total: int) -> None:
    for number, fee in enumerate(fees):
        check_code(f"{field}.{number}.fee_kind", fee.fee_kind)
        check_amount(f"{field}.{number}.amount_minor", fee.amount_minor)
    amounts = (fee.amount_minor for fee in fees)
    check_sum(DeadLetterReason.AMOUNTS_DISAGREE, field, amounts, total, FieldFault.FEES_DISAGREE)


def amounts_disagree(field: str, fault: FieldFault) -> Invalid:
    return Invalid(DeadLetterReason.AMOUNTS_DISAGREE, field, fault)

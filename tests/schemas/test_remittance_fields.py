"""What a remittance may say at all."""

from __future__ import annotations

import msgspec
import pytest

from schemas import events as e

MONEY = {"charged_minor", "paid_minor", "adjustments", "lines"}
WHOSE = {"claim_ref", "status", "patient_ref", "service_from", "procedure_ref"}


@pytest.mark.parametrize("part", [e.Claim, e.ClaimLine])
def test_nothing_for_information_can_balance(part: type[msgspec.Struct]) -> None:
    """I-4: amounts that an insurer tells for information (AMT) have no field, so no sum can hold one by mistake."""
    assert {field.name for field in msgspec.structs.fields(part)} <= MONEY | WHOSE

"""What a remittance may say at all."""

from __future__ import annotations

import msgspec
import pytest

from schemas import events as e
from schemas.codec import decode_event, encode_event
from schemas.identity import identify
from schemas.topics import TopicName
from schemas.validation.events import Invalid, validate
from tests.processors.rules.event_examples import changed
from tests.processors.rules.kind_examples import claim, line, remitted

MONEY = {"charged_minor", "paid_minor", "adjustments", "lines"}
WHOSE = {"claim_ref", "status", "patient_ref", "service_from", "procedure_ref"}
EXPLAINED = {"remarks"}


@pytest.mark.parametrize("part", [e.Claim, e.ClaimLine])
def test_nothing_for_information_can_balance(part: type[msgspec.Struct]) -> None:
    """I-4: amounts that an insurer reports for information (AMT) have no field, so no sum can hold one by mistake."""
    assert {field.name for field in msgspec.structs.fields(part)} <= MONEY | WHOSE | EXPLAINED


def remarked(*codes: str) -> e.PaymentSucceeded:
    reported = claim(changed(line(12000, CO_97=3000), remarks=codes))
    return remitted(changed(reported, remarks=("MA130",)) if codes else reported)


def test_remark_codes_travel_with_the_claim_and_its_lines() -> None:
    """I-5: any code that could be one is stored, known to our list or not: the list may be the older of the two."""
    event = remarked("N362", "N9999")
    validate(event)
    assert decode_event(TopicName.PAYMENTS, encode_event(event)) == event


@pytest.mark.parametrize("code", ["", "N\x00", "N" * 65])
def test_what_cannot_be_a_code_is_refused(code: str) -> None:
    """I-5, law 9."""
    with pytest.raises(Invalid) as refused:
        validate(remarked("N362", code))
    assert refused.value.field == "remittance.claims.0.lines.0.remarks.1"


def test_an_insurer_that_remarks_nothing_reports_what_it_always_reported() -> None:
    """E-2: the field is new, and left empty the digest is that of the same event by an older producer."""
    event = remarked()
    assert b"remarks" not in msgspec.json.encode(event)
    assert identify(event).digest != identify(remarked("N362")).digest

"""Every check says what is wrong with the field, in a sentence of its own that quotes no value (law 29, H-4)."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastavro import schemaless_reader, schemaless_writer

import schemas.validation
from processors.rules.decisions.currency import OtherCurrency
from schemas import events as e
from schemas.avro_values import Shape
from schemas.codec import decode_event, encode_event
from schemas.topics import TopicName
from schemas.validation.events import Invalid, check_key, validate
from schemas.validation.field_words import FIELD_WORDS, field_words
from schemas.validation.time_units import instant_fault
from schemas.vocabulary import DeadLetterReason as Reason
from schemas.vocabulary import FieldFault as F
from schemas.wire import EPOCH, Undecodable, current_plain, fixed_schema_ids, header
from tests.processors.rules.event_examples import version
from tests.schemas.examples import AT, CLAIM, EXAMPLES, ITEM, MEMBERSHIP, PAYOUT, REMITTANCE, changed
from tests.schemas.test_identity_keys import EPK, with_header

PLAIN = EXAMPLES[e.PaymentSucceeded]
REFUND, OPENED = EXAMPLES[e.RefundSucceeded], EXAMPLES[e.DisputeOpened]
CORRECTED, FAILED = EXAMPLES[e.PaymentCorrected], EXAMPLES[e.RefundFailed]
SPLIT = e.Split(patient_ref="p", amount_minor=10000)
FEE = e.FeePart(fee_kind="k", amount_minor=320)
SECONDS = EPOCH + timedelta(microseconds=1_790_000_000)
MILLISECONDS = EPOCH + timedelta(microseconds=1_790_000_000_000)
PATIENT = EXAMPLES[e.PatientChanged]

FAULTS: tuple[tuple[F, e.Event, dict[str, Any]], ...] = (
    (F.ID_EMPTY, PLAIN, {"payment_id": ""}),
    (F.ID_TOO_LONG, PLAIN, {"payment_id": "x" * 256}),
    (F.ID_CHARACTERS, PLAIN, {"payment_id": "p\n1"}),
    (F.COLON_IN_PRACTICE_ID, PLAIN, {"practice_id": "a:b"}),
    (F.CODE_EMPTY, OPENED, {"reason_code": ""}),
    (F.CODE_TOO_LONG, OPENED, {"reason_code": "x" * 65}),
    (F.CODE_CHARACTERS, OPENED, {"reason_code": "é"}),
    (F.MAY_BE_CARD_NUMBER, OPENED, {"reason_code": "4111 1111 1111 1111"}),
    (F.NOT_FOUR_DIGITS, PAYOUT, {"bank_last4": "12345"}),
    (F.NOT_A_CURRENCY_CODE, PLAIN, {"currency": "usd"}),
    (F.UNKNOWN_VALUE, PLAIN, {"kind": e.PaymentKind.UNKNOWN}),
    (F.OUR_OWN_SOURCE, PLAIN, {"source": e.OUR_SOURCE}),
    (F.INSTANT_IN_SECONDS, PLAIN, {"occurred_at": SECONDS}),
    (F.INSTANT_IN_MILLISECONDS, PLAIN, {"produced_at": MILLISECONDS}),
    (F.INSTANT_TOO_EARLY, PLAIN, {"produced_at": datetime(1999, 12, 31, tzinfo=UTC)}),
    (F.INSTANT_TOO_LATE, PLAIN, {"occurred_at": datetime(2100, 1, 1, tzinfo=UTC)}),
    (F.INSTANT_WITHOUT_OFFSET, PLAIN, {"produced_at": datetime(2026, 3, 1)}),  # noqa: DTZ001 - the fault under test
    (F.IN_THE_FUTURE, PLAIN, {"occurred_at": AT + timedelta(hours=1)}),
    (F.DATE_OUT_OF_RANGE, PAYOUT, {"arrival_date": date(1066, 10, 14)}),
    (F.PERIOD_ENDS_BEFORE_IT_BEGINS, MEMBERSHIP, {"period_end": date(2026, 2, 28)}),
    (F.AMOUNT_TOO_LARGE, PLAIN, {"gross_minor": 10**15 + 1}),
    (F.BELOW_ZERO, PLAIN, {"gross_minor": -1}),
    (F.ABOVE_ZERO, REFUND, {"gross_minor": 1}),
    (F.ZERO, REFUND, {"gross_minor": 0}),
    (F.ZERO, FAILED, {"gross_minor": 0}),
    (F.VERSION_TOO_LOW, PAYOUT, {"version": 0}),
    (F.CORRECTION_VERSION_TOO_LOW, CORRECTED, {"version": 1}),
    (F.VERSION_TOO_HIGH, CORRECTED, {"version": 1_000_001}),
    (F.INSTALMENT_OUT_OF_RANGE, PLAIN, {"plan": e.PlanRef(plan_ref="p", instalment=0)}),
    (F.INSTALMENT_OUT_OF_RANGE, PLAIN, {"plan": e.PlanRef(plan_ref="p", instalment=1, of=0)}),
    (F.FEWER_THAN_THE_INSTALMENT, PLAIN, {"plan": e.PlanRef(plan_ref="p", instalment=3, of=2)}),
    (F.TOO_MANY_PARTS, PLAIN, {"splits": (SPLIT,) * 1_001}),
    (F.TOO_MANY_PAYOUT_ITEMS, PAYOUT, {"items": (ITEM,) * 20_001}),
    (F.NET_DISAGREES, PLAIN, {"net_minor": 9681}),
    (F.NET_WITHOUT_FEE, PLAIN, {"fee_minor": None}),
    (F.FEES_WITHOUT_FEE, PLAIN, {"fee_minor": None, "net_minor": None, "fees": (FEE,)}),
    (F.FEES_DISAGREE, PLAIN, {"fees": (FEE, FEE)}),
    (F.SURCHARGE_ABOVE_GROSS, PLAIN, {"surcharge_minor": 10_001}),
    (F.SURCHARGE_ABOVE_GROSS, REFUND, {"surcharge_minor": -10_001}),
    (F.PARTS_DISAGREE, PLAIN, {"splits": (SPLIT, SPLIT)}),
    (F.PARTS_DISAGREE, MEMBERSHIP, {"surcharge_minor": 1}),
    (F.CLAIMS_DISAGREE, PLAIN, {"remittance": changed(REMITTANCE, claims=(CLAIM, CLAIM))}),
    (F.CLAIM_UNBALANCED, PLAIN, {"remittance": changed(REMITTANCE, claims=(changed(CLAIM, charged_minor=1),))}),
    (F.IDENTITY_TOO_LONG, PATIENT, {"identity": "a" * 20_000}),
    (F.IDENTITY_NOT_COMPACT, PATIENT, {"identity": "a..b.c.d"}),
    (F.IDENTITY_HEADER_TOO_LONG, PATIENT, {"identity": "a" * 3_000 + ".b.c.d.e"}),
    (F.IDENTITY_PARTS, PATIENT, {"identity": "YQ.YQ.YQ.YQ.YQ"}),
    (F.IDENTITY_HEADER, PATIENT, {"identity": with_header(zip="DEF")}),
    (F.IDENTITY_KEY_ID, PATIENT, {"identity": with_header(kid="ü")}),
    (F.IDENTITY_CURVE, PATIENT, {"identity": with_header(epk={"kty": "EC", "crv": "P", "x": EPK.x, "y": EPK.y})}),
    (F.IDENTITY_COORDINATES, PATIENT, {"identity": with_header(epk={"kty": "EC", "crv": EPK.crv, "x": "a", "y": "b"})}),
)


@pytest.mark.parametrize(("fault", "event", "fields"), FAULTS, ids=lambda each: each if isinstance(each, F) else "")
def test_each_check_names_what_is_wrong(fault: F, event: e.Event, fields: dict[str, Any]) -> None:
    """By a word for machines, and the sentence that people read."""
    with pytest.raises(Invalid) as caught:
        validate(changed(event, **fields), AT)
    assert caught.value.fault is fault
    assert caught.value.problem == FIELD_WORDS[fault]
    assert field_words(caught.value.field, fault) == f"{caught.value.field}: {FIELD_WORDS[fault]}"


BELOW = {
    *(F.ANOTHER_KEY, F.OTHER_CURRENCY, F.INSTANT_IN_NANOSECONDS, F.TIME_OUT_OF_RANGE),
    *(F.IDENTITY_UNOPENED, F.IDENTITY_CONTENT),
}
"""Found by other means than `validate`: what stands inside an identity shows when it is opened."""


def test_every_fault_has_its_own_sentence_and_a_check_that_finds_it() -> None:
    """None is left over, none shares its sentence with another, and none is said in code."""
    assert {fault for fault, _, _ in FAULTS} | BELOW == set(F)
    assert set(FIELD_WORDS) == set(F)
    assert len(set(FIELD_WORDS.values())) == len(F)
    assert not any(re.search(r"[a-z]_?fault|[A-Z]+_[A-Z]+|law \d", words) for words in FIELD_WORDS.values())


def test_no_check_refuses_without_a_fault() -> None:
    """Each refusal in the checks is made with a member of the list, never with a text of its own."""
    folder = Path(inspect.getfile(schemas.validation)).parent
    made = 0
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id not in ("Invalid", "invalid_field", "amounts_disagree", "check_sum"):
                    continue
                made += 1
                assert not isinstance(node.args[-1], ast.Constant | ast.JoinedStr), ast.unparse(node)
    assert made > 40


def test_the_key_is_a_field_too() -> None:
    """E-6."""
    with pytest.raises(Invalid) as caught:
        check_key(PLAIN, b"another")
    assert caught.value.fault is F.ANOTHER_KEY


def test_the_practice_s_currency_is_said() -> None:
    """M-8: refused by the decision, which knows the settings."""
    assert OtherCurrency(version()).fault is (F.OTHER_CURRENCY)


def decoded(field: str, count: int, event: e.Event = PLAIN, topic: TopicName = TopicName.PAYMENTS) -> Undecodable:
    name = type(event).__name__
    plain = current_plain(name)
    values: Any = schemaless_reader(BytesIO(encode_event(event)[5:]), plain, None)
    body = BytesIO()
    schemaless_writer(body, plain, values | {field: count})
    with pytest.raises(Undecodable) as caught:
        decode_event(topic, header(fixed_schema_ids().id_of(name)) + body.getvalue())
    return caught.value


def test_numbers_that_are_no_instant_or_date() -> None:
    """What the calendar does not hold is refused while it is decoded, with the same words."""
    error = decoded("occurred_at", 1_790_000_000_000_000_000)
    assert (error.reason, error.field, error.fault) == (Reason.INVALID_FIELD, "occurred_at", F.INSTANT_IN_NANOSECONDS)
    assert decoded("occurred_at", 2**62).fault is F.INSTANT_TOO_LATE
    assert decoded("occurred_at", -(2**62)).fault is F.INSTANT_TOO_EARLY
    day = decoded("arrival_date", 20_260_301, PAYOUT, TopicName.PAYOUTS)
    assert (day.field, day.fault) == ("arrival_date", F.DATE_OUT_OF_RANGE)


def test_a_time_of_day_beyond_the_day() -> None:
    """Settings hold times of day; those of records go the same way."""

    class Timed(msgspec.Struct):
        at: time

    with pytest.raises(Undecodable) as caught:
        Shape(Timed).from_avro({"at": 2**62})
    assert caught.value.fault is F.TIME_OUT_OF_RANGE


@pytest.mark.parametrize("instant", [datetime(2000, 1, 1, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)])
def test_the_unit_is_told_for_any_instant_of_the_contract(instant: datetime) -> None:
    """Seconds, milliseconds and nanoseconds of the contract's years never overlap."""
    seconds = int((instant - EPOCH).total_seconds())
    assert instant_fault(seconds) is F.INSTANT_IN_SECONDS
    assert instant_fault(seconds * 1_000) is F.INSTANT_IN_MILLISECONDS
    assert instant_fault(seconds * 10**9) is F.INSTANT_IN_NANOSECONDS


def test_a_fault_of_another_release_leaves_the_field_alone() -> None:
    """A dead letter that an older or a newer release wrote is still shown."""
    assert field_words("currency", None) == "currency"
    assert field_words("currency", "NOT_YET_KNOWN") == "currency"
    assert field_words(None, F.ZERO) == ""

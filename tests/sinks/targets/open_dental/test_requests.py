"""Open Dental's requests, answers and rows, without a server (README sections 3 to 11)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bookkeeping.money import parse_decimal
from schemas.events import PaymentKind, Tender
from schemas.plan import Instruction
from schemas.vocabulary import ConnectionReason, DeadLetterReason, EntryKind, State
from sinks.targets.http_call import HttpAnswer, Lost, NotSent
from sinks.targets.mapping_error import MappingError
from sinks.targets.open_dental import connection_test
from sinks.targets.open_dental.answers import classify_post, classify_read
from sinks.targets.open_dental.find_entries import ADJUSTMENTS, PAYMENTS, earliest_day, matches, page_url
from sinks.targets.open_dental.mapping import ADJUSTMENT_SIGNS, OpenDentalMapping, load_keys, load_mapping
from sinks.targets.open_dental.requests import compose
from sinks.targets.port import (
    Composed,
    NoAnswer,
    NotComposed,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
    TargetEntry,
)

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
MARKER = "WB2F4HNNLEN4EISSIX"


TYPES = {
    "fee_credit": 101,
    "fee_debit": 102,
    "refund": 103,
    "refund_failed": 104,
    "payment_return": 105,
    "dispute": 106,
    "dispute_won": 107,
    "void": 108,
    "charge_reversal": 109,
}


def a_mapping(**changed: Any) -> OpenDentalMapping:
    return load_mapping({"pay_type": 69} | TYPES | changed)


def an_entry(patient: str | None = "17", **changed: Any) -> TargetEntry:
    values: dict[str, Any] = {
        "entry_kind": EntryKind.PAYMENT,
        "amount_minor": 9680,
        "currency": "USD",
        "ledger_date": date(2026, 3, 4),
        "occurred_at": NOON,
        "patient_ref": "pt-1",
        "payment_kind": PaymentKind.TERMINAL,
        "tender": Tender.CARD,
        "payment_ref": "pay-1",
        "card_brand": "visa",
        "card_last4": "4242",
        "gross_minor": 10_000,
        "fee_minor": 320,
    }
    return TargetEntry(
        practice_id="practice-1",
        connection_id="pms",
        effect_id=1,
        generation=1,
        request_id="2F4HNNLEN4EISSIX",
        marker=MARKER,
        earlier_markers=("WBOLD",),
        instruction=Instruction(**(values | changed)),
        pms_patient_id=patient,
        sent_at=NOON,
    )


def body(entry: TargetEntry, **mapping: Any) -> dict[str, Any]:
    found = compose(entry, a_mapping(**mapping))
    assert isinstance(found, Composed)
    decoded: dict[str, Any] = msgspec.json.decode(found.body)
    return decoded


def answer(status: int, text: str | bytes = b"", content_type: str = "application/json") -> HttpAnswer:
    content = text if isinstance(text, bytes) else msgspec.json.encode(text)
    return HttpAnswer(status=status, body=content, content_type=content_type, retry_after_s=None, request_id=None)


def test_a_payment_has_the_documented_fields() -> None:
    """README section 4: decimal text, marker in both references, the ledger's day, the patient's own splits."""
    assert body(an_entry()) == {
        "PayAmt": "96.80",
        "PatNum": 17,
        "PayType": 69,
        "PayDate": "2026-03-04",
        "CheckNum": MARKER,
        "PayNote": f"{MARKER} payment pay-1, charged 100.00, fee 3.20, visa 4242",
        "isPatientPreferred": "true",
        "isPrepayment": "true",
    }


@pytest.mark.parametrize(("amount", "kind", "written"), [(320, 101, "-3.20"), (-33, 102, "0.33")])
def test_a_companion_converts_its_sign_once(amount: int, kind: int, written: str) -> None:
    """M-4, N-2: a credit is negative under a "-" type, a debit positive under a "+" type."""
    made = body(an_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=amount))
    assert (made["AdjType"], made["AdjAmt"], made["AdjDate"]) == (kind, written, "2026-03-04")
    assert made["AdjNote"].startswith(MARKER)


@given(minor=st.integers(1, 10**12))
def test_amounts_survive_the_edge(minor: int) -> None:
    """M-2: exact both ways."""
    assert parse_decimal(body(an_entry(amount_minor=minor))["PayAmt"]).minor == minor


def test_notes_are_one_line_and_the_reference_fits() -> None:
    """README sections 3, 4: line breaks become spaces; CheckNum is varchar(25)."""
    made = body(an_entry())
    assert "\n" not in made["PayNote"]
    assert len(made["CheckNum"]) <= 25


@pytest.mark.parametrize("kind", [PaymentKind.TERMINAL, PaymentKind.PAYMENT_PLAN, PaymentKind.MEMBERSHIP])
def test_nothing_feeds_a_plan_by_itself(kind: PaymentKind) -> None:
    """PL-1, PL-3, B-1: unallocated unless the practice says otherwise."""
    assert body(an_entry(payment_kind=kind))["isPrepayment"] == "true"


def test_an_explicit_procedure_wins() -> None:
    """ALL-4, PL-1: a split's own procedure, and a plan by the PMS' own number; a plan kept elsewhere feeds none."""
    assert body(an_entry(procedure_ref="13"))["procNums"] == [13]
    assert "isPrepayment" not in body(an_entry(procedure_ref="13"))
    planned = body(an_entry(plan_ref="12", plan_in_pms=True))
    assert planned["payPlanNum"] == 12
    assert not {"isPrepayment", "procNums"} & set(planned)
    for elsewhere in (an_entry(plan_ref="12"), an_entry(plan_ref="plan-x", plan_in_pms=True)):
        assert body(elsewhere)["isPrepayment"] == "true"


def test_types_are_chosen_by_tender_then_kind() -> None:
    """N-8, SET-12."""
    mapping = a_mapping(pay_type_by_kind={"TERMINAL": 70}, pay_type_by_tender={"ACH": 71})
    assert mapping.pay_type_for(PaymentKind.TERMINAL, Tender.CARD) == 70
    assert mapping.pay_type_for(PaymentKind.TERMINAL, Tender.ACH) == 71
    assert mapping.pay_type_for(PaymentKind.COLLECTION, Tender.CARD) == 69


@pytest.mark.parametrize(
    ("entry", "mapping", "reason", "field"),
    [
        (
            an_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=1),
            {"fee_credit": None},
            DeadLetterReason.MAPPING_MISSING,
            "fee_credit",
        ),
        (
            an_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=-1),
            {"fee_debit": None},
            DeadLetterReason.MAPPING_MISSING,
            "fee_debit",
        ),
        (an_entry(patient="x17"), {}, DeadLetterReason.PATIENT_NOT_FOUND, "pms_patient_id"),
        (an_entry(amount_minor=-100), {}, DeadLetterReason.OUR_REQUEST_MALFORMED, "amount_minor"),
        (an_entry(entry_kind=EntryKind.CLAIM_STATUS), {}, DeadLetterReason.MAPPING_INVALID, "entry_kind"),
    ],
)
def test_what_cannot_be_composed_names_the_field(
    entry: TargetEntry, mapping: dict[str, Any], reason: DeadLetterReason, field: str
) -> None:
    """N-8, R-12: before anything is sent."""
    found = compose(entry, a_mapping(**mapping))
    assert found == NotComposed(state=State.INVALID_CONFIG, reason=reason, field=field)


@pytest.mark.parametrize(
    "config",
    [{}, {"pay_type": "69"}, {"pay_type": 0}, {"pay_type": 69, "paytype": 1}, {"pay_type": 69, "mode": "LAN"}, []],
)
def test_a_mapping_that_cannot_be_is_refused(config: object) -> None:
    """The message names the field."""
    with pytest.raises(MappingError):
        load_mapping(config)


def test_keys_are_never_quoted() -> None:
    """S-1."""
    with pytest.raises(MappingError) as refused:
        load_keys(b'{"developer_key": "very-secret"}')
    assert "very-secret" not in str(refused.value)
    assert "very-secret" not in repr(load_keys(b'{"developer_key":"very-secret","customer_key":"c"}'))


# --- answers


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        (answer(201, b'{"PayNum":5}'), Posted(external_id="payments/5")),
        (answer(201, b'{"PayNum":"5"}'), Posted(external_id="payments/5")),
        (answer(201, b'{"PayNum":0}'), NoAnswer(code="UNREADABLE_201")),
        (answer(201, b'{"PayNum'), NoAnswer(code="UNREADABLE_201")),
        (answer(200, b'{"PayNum":5}'), NoAnswer(code="HTTP_200")),
        (answer(500, "boom"), NoAnswer(code="HTTP_500")),
        (answer(504, "timed out"), NoAnswer(code="HTTP_504")),
        (answer(408), NoAnswer(code="HTTP_408", answered=True)),
        (answer(302), NoAnswer(code="HTTP_302")),
        (answer(303), NoAnswer(code="HTTP_303")),
        (answer(400, b"<html>proxy</html>", "text/html"), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, "The connection was closed by the network."), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, b""), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, "The office's eConnector timed out."), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, "The eConnector gave no response."), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, "PayType is invalid, or the request timed out."), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, "Something else."), NoAnswer(code="HTTP_400", answered=True)),
        (answer(400, b'{"error":"PatNum is invalid."}'), NoAnswer(code="HTTP_400", answered=True)),
        (answer(404, b"404 page not found", "text/plain"), NoAnswer(code="HTTP_404", answered=True)),
        (answer(404, b""), NoAnswer(code="HTTP_404", answered=True)),
        (answer(401, b"<html>proxy</html>", "text/html"), NoAnswer(code="HTTP_401", answered=True)),
        (answer(403, b"denied", "text/plain"), NoAnswer(code="HTTP_403", answered=True)),
        (answer(410, b""), NoAnswer(code="HTTP_410", answered=True)),
        (answer(422, b"no", "text/plain"), NoAnswer(code="HTTP_422", answered=True)),
        (Lost("TIMEOUT"), NoAnswer(code="TIMEOUT")),
        (NotSent("LATE", late=True), NothingSent(scope=Scope.EFFECT, reason=None, code="LATE")),
        (
            NotSent("CONNECT"),
            NothingSent(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code="CONNECT"),
        ),
    ],
)
def test_only_proof_is_proof(outcome: Any, wanted: Any) -> None:
    """README section 3: 201 with a number; whatever is not a named refusal leaves the entry in doubt."""
    assert classify_post(outcome, "/payments") == wanted


@pytest.mark.parametrize(
    ("status", "text", "kind", "scope", "reason"),
    [
        (
            400,
            "The office's eConnector is not running. Please contact the office to start their eConnector.",
            RefusalClass.TEMPORARY,
            Scope.CONNECTION,
            ConnectionReason.TARGET_DOWN,
        ),
        (
            400,
            "Authorization header is malformed.",
            RefusalClass.TEMPORARY,
            Scope.CONNECTION,
            ConnectionReason.NEEDS_RECONNECT,
        ),
        (401, "no", RefusalClass.TEMPORARY, Scope.CONNECTION, ConnectionReason.NEEDS_RECONNECT),
        (429, "slow", RefusalClass.TEMPORARY, Scope.CONNECTION, ConnectionReason.THROTTLED),
        (307, "", RefusalClass.TEMPORARY, Scope.CONNECTION, ConnectionReason.UNREACHABLE),
        (400, "PayType is invalid.", RefusalClass.CONFIG, Scope.EFFECT, DeadLetterReason.MAPPING_INVALID),
        (
            400,
            "AdjAmt must be negative for this AdjType.",
            RefusalClass.CONFIG,
            Scope.EFFECT,
            DeadLetterReason.MAPPING_INVALID,
        ),
        (400, "Date is locked.", RefusalClass.PERIOD, Scope.EFFECT, DeadLetterReason.PERIOD_CLOSED),
        (400, "PatNum is invalid.", RefusalClass.BUSINESS, Scope.EFFECT, DeadLetterReason.PATIENT_NOT_FOUND),
        (404, "Patient not found.", RefusalClass.BUSINESS, Scope.EFFECT, DeadLetterReason.PATIENT_NOT_FOUND),
        (400, "ProcNum is invalid.", RefusalClass.BUSINESS, Scope.EFFECT, DeadLetterReason.REFUSED_BY_TARGET),
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_a_refusal_is_classified_by_status_and_words(
    status: int, text: str, kind: RefusalClass, scope: Scope, reason: Any, quoted: bool
) -> None:
    """README section 3: quoted JSON strings and plain text alike; the words go no further (H-3)."""
    found = classify_post(answer(status, text if quoted else text.encode(), "text/plain"), "/payments")
    assert isinstance(found, Refused)
    assert (found.kind, found.scope, found.reason) == (kind, scope, reason)
    assert not text or text not in repr(found)


def test_a_read_that_is_not_a_list_says_nothing() -> None:
    """Law 19: a failed read is no absence."""
    assert classify_read(answer(200, b"[]")) == []
    for outcome in (answer(200, b"{}"), answer(200, b"[1"), answer(500), answer(404, "Patient not found."), Lost("X")):
        assert isinstance(classify_read(outcome), ReadFailed)


# --- finding again


def a_row(number: int, amount: object, note: str = MARKER, patient: object = 17) -> dict[str, Any]:
    return {"PayNum": number, "PayAmt": amount, "PatNum": patient, "CheckNum": note, "PayNote": ""}


@pytest.mark.parametrize("amount", ["96.8", "96.80", 96.8])
def test_amounts_are_compared_as_numbers(amount: object) -> None:
    """README section 3: strings drop zeros, other fields are JSON numbers."""
    assert list(matches([a_row(1, amount)], PAYMENTS, 17, an_entry())) == ["1"]


def test_only_our_own_rows_match() -> None:
    """Laws 18, 19: patient, marker of any generation, sign and amount; filters may be ignored by the service."""
    rows = [
        a_row(1, "96.80"),
        a_row(2, "96.80", "WBOLD"),
        a_row(3, "96.80", "WBOTHER"),
        a_row(4, "96.80", patient=18),
        a_row(5, "-96.80"),
        a_row(6, "100.00"),
        a_row(7, None),
    ]
    assert sorted(matches(rows, PAYMENTS, 17, an_entry())) == ["1", "2"]
    assert sorted(matches(rows, PAYMENTS, 17, an_entry(), equal=False)) == ["6", "7"]


def test_an_adjustment_is_found_by_its_converted_sign() -> None:
    """M-4."""
    entry = an_entry(entry_kind=EntryKind.FEE_ADJUSTMENT, amount_minor=320)
    row = {"AdjNum": 9, "AdjAmt": -3.2, "PatNum": 17, "AdjNote": f"{MARKER} processing fee"}
    assert matches([row], ADJUSTMENTS, 17, entry) == {"9": "adjustments/9"}


def test_the_search_begins_before_any_zones_day() -> None:
    """Law 19: the office-local day before, whatever the office's zone."""
    assert earliest_day(an_entry()) == date(2026, 3, 2)
    assert "DateEntry=2026-03-02" in page_url(PAYMENTS, 17, an_entry(), 0)
    assert "DateEntry" not in page_url(ADJUSTMENTS, 17, an_entry(), 0)


# --- testing a connection


def _definition(number: int, category: int, value: str = "", hidden: str = "false") -> dict[str, Any]:
    return {"DefNum": number, "Category": category, "ItemValue": value, "isHidden": hidden}


def _adjustment_types(**wrong: str) -> list[dict[str, Any]]:
    signs = ADJUSTMENT_SIGNS | wrong
    return [_definition(number, 1, signs[field]) for field, number in TYPES.items()]


def test_a_good_mapping_passes() -> None:
    """Proven without posting."""
    assert connection_test.report(a_mapping(), [_definition(69, 10)], _adjustment_types()).ok


@pytest.mark.parametrize(
    ("payment_types", "adjustment_types", "failed"),
    [
        ([_definition(69, 10, hidden="true")], _adjustment_types(), "pay_type"),
        ([_definition(69, 32)], _adjustment_types(), "pay_type"),
        ([_definition(69, 10)], _adjustment_types(fee_credit="+"), "fee_credit"),
        ([_definition(69, 10)], _adjustment_types(fee_debit="-"), "fee_debit"),
        ([_definition(69, 10)], _adjustment_types(refund="-"), "refund"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(
    payment_types: list[dict[str, Any]], adjustment_types: list[dict[str, Any]], failed: str
) -> None:
    """README section 8: hidden types, other categories (a filter may be ignored), the wrong sign."""
    found = connection_test.report(a_mapping(), payment_types, adjustment_types)
    assert [(name, bool(advice)) for name, passed, advice in found.checks if not passed] == [(failed, True)]


@pytest.mark.parametrize("field", sorted(set(TYPES) - connection_test.SELDOM))
def test_a_type_that_is_not_mapped_is_said_before_an_entry_needs_it(field: str) -> None:
    """N-8."""
    found = connection_test.report(a_mapping(**{field: None}), [_definition(69, 10)], _adjustment_types())
    assert [name for name, passed, _ in found.checks if not passed] == [field]


def test_bad_keys_are_said_in_words() -> None:
    refused = ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.NEEDS_RECONNECT, code="HTTP_401")
    found = connection_test.report(a_mapping(), refused, refused)
    assert not found.ok
    assert all("customer key" in advice for _, _, advice in found.checks)

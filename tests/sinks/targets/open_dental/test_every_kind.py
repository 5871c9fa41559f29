"""What each kind of entry becomes in Open Dental: type, sign, date, text, and how it is found again (M-4, R-12)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from schemas.events import PaymentKind
from schemas.practice_settings import Allocation, FamilyBooking
from schemas.vocabulary import DeadLetterReason, EntryKind, State
from sinks.targets.http_call import HttpAnswer
from sinks.targets.open_dental import balances
from sinks.targets.open_dental.answers import classify_post
from sinks.targets.open_dental.capabilities import capabilities_of
from sinks.targets.open_dental.find_entries import CHARGES, NOTES, is_allocated, matches, resource_of, unmarked_charges
from sinks.targets.open_dental.requests import compose
from sinks.targets.port import (
    Charge,
    Composed,
    NoAnswer,
    NotComposed,
    Placement,
    Posted,
    RefusalClass,
    Refused,
    TargetEntry,
)
from tests.sinks.targets.open_dental.test_requests import MARKER, TYPES, a_mapping, an_entry, body

KINDS = [
    # kind, part, amount with us, mapped field, amount in the ledger
    (EntryKind.FEE_ADJUSTMENT, "", 320, "fee_credit", "-3.20"),
    (EntryKind.FEE_ADJUSTMENT, "", -33, "fee_debit", "0.33"),
    (EntryKind.REFUND, "", -10_000, "refund", "100.00"),
    (EntryKind.REFUND, "", 4000, "refund_failed", "-40.00"),
    (EntryKind.RETURN, "", -25_400, "payment_return", "254.00"),
    (EntryKind.DISPUTE_HOLD, "", -41_500, "dispute", "415.00"),
    (EntryKind.DISPUTE_RELEASE, "", 41_500, "dispute_won", "-415.00"),
    (EntryKind.REVERSAL, "payment/@1", -8709, "void", "87.09"),
    (EntryKind.REVERSAL, "payment/0a1@2", -8709, "void", "87.09"),
    (EntryKind.REVERSAL, "fee_adjustment/@1", -291, "fee_debit", "2.91"),
    (EntryKind.REVERSAL, "fee_adjustment/@1", 33, "fee_credit", "-0.33"),
    (EntryKind.REVERSAL, "refund/@1", 4000, "refund_failed", "-40.00"),
    (EntryKind.REVERSAL, "charge/@1", -29_900, "charge_reversal", "-299.00"),
    (EntryKind.CHARGE_REVERSAL, "", -9900, "charge_reversal", "-99.00"),
    (EntryKind.CHARGE_REVERSAL, "", 9900, "void", "99.00"),
    (EntryKind.CHARGE_REVERSAL, "charge_reversal/@1", 9900, "void", "99.00"),
]


def of_kind(kind: EntryKind, part: str, amount: int, **changed: Any) -> TargetEntry:
    return msgspec.structs.replace(an_entry(entry_kind=kind, amount_minor=amount, **changed), part=part)


@pytest.mark.parametrize(("kind", "part", "amount", "field", "written"), KINDS)
def test_an_adjustment_has_its_own_type_and_its_sign_once(
    kind: EntryKind, part: str, amount: int, field: str, written: str
) -> None:
    """M-4, N-8, R-9, R-12, R-15: money that counts toward the balance is > 0 with us and < 0 in the ledger."""
    made = body(of_kind(kind, part, amount))
    assert (made["AdjType"], made["AdjAmt"], made["AdjDate"]) == (TYPES[field], written, "2026-03-04")
    assert made["AdjNote"].startswith(MARKER)
    assert "\n" not in made["AdjNote"]


@pytest.mark.parametrize(("kind", "part", "amount", "field", "written"), KINDS)
def test_a_type_that_is_not_mapped_stops_the_entry_before_anything_is_sent(
    kind: EntryKind, part: str, amount: int, field: str, written: str
) -> None:
    """N-8."""
    found = compose(of_kind(kind, part, amount), a_mapping(**{field: None}))
    assert found == NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_MISSING, field=field)


@pytest.mark.parametrize(("kind", "part", "amount", "field", "written"), KINDS)
def test_an_adjustment_is_found_by_marker_sign_and_amount(
    kind: EntryKind, part: str, amount: int, field: str, written: str
) -> None:
    """Law 19: another amount under our marker is neither proof nor absence; another's entry is nothing."""
    entry, resource = of_kind(kind, part, amount), resource_of(kind)
    row = {"AdjNum": 9, "AdjAmt": float(written), "PatNum": 17, "AdjNote": f"{MARKER} words"}
    assert matches([row], resource, 17, entry) == {"9": "adjustments/9"}
    other = row | {"AdjAmt": float(written) * 2}
    assert matches([other], resource, 17, entry) == {}
    assert matches([other], resource, 17, entry, equal=False) == {"9": "adjustments/9"}
    for foreign in ({"PatNum": 18}, {"AdjNote": "WBAAAAAAAAAAAAAAAA"}, {"AdjAmt": -float(written)}):
        assert matches([row | foreign], resource, 17, entry) == {}


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (EntryKind.RETURN, 1),
        (EntryKind.DISPUTE_HOLD, 1),
        (EntryKind.DISPUTE_RELEASE, -1),
        (EntryKind.REFUND, 0),
        (EntryKind.CHARGE_REVERSAL, 0),
    ],
)
def test_a_sign_that_its_kind_cannot_have_is_not_sent(kind: EntryKind, amount: int) -> None:
    found = compose(of_kind(kind, "", amount), a_mapping())
    assert isinstance(found, NotComposed)
    assert found.reason is DeadLetterReason.OUR_REQUEST_MALFORMED


def test_a_reversing_entry_names_its_original_and_stands_where_that_stands() -> None:
    """R-1, R-13: same procedure and provider; the note says of which payment and which day."""
    entry = of_kind(
        EntryKind.REFUND,
        "",
        -10_000,
        payment_ref="re-1",
        original_ref="pay-1",
        original_date=date(2026, 2, 1),
        procedure_ref="13",
        provider_ref="dr-a",
    )
    made = body(entry, provider_by_ref={"dr-a": 4}, provider_num=2, clinic_num=3)
    assert (made["ProcNum"], made["ProvNum"], made["ClinicNum"]) == (13, 4, 3)
    assert made["AdjNote"].startswith(f"{MARKER} refund re-1, of pay-1, dated 2026-02-01")
    assert body(of_kind(EntryKind.REFUND, "", -1, provider_ref="other"), provider_num=2)["ProvNum"] == 2


def test_a_membership_charge_is_a_completed_procedure_under_the_mapped_code() -> None:
    """B-1: the plan's own code wins; without a code there is no such capability."""
    entry = of_kind(EntryKind.CHARGE, "", 29_900, payment_kind=PaymentKind.MEMBERSHIP, plan_code="gold")
    made = body(entry, membership_code="MEMBER", membership_code_by_plan={"gold": "GOLD"})
    assert made == {
        "PatNum": 17,
        "ProcDate": "2026-03-04",
        "ProcStatus": "C",
        "procCode": "GOLD",
        "ProcFee": "299.00",
        "BillingNote": f"{MARKER} membership charge pay-1, charged 100.00, fee 3.20, visa 4242",
    }
    assert EntryKind.CHARGE in capabilities_of(a_mapping(membership_code="MEMBER")).entry_kinds
    assert EntryKind.CHARGE not in capabilities_of(a_mapping()).entry_kinds
    found = compose(entry, a_mapping())
    assert isinstance(found, NotComposed)
    assert found.field == "membership_code"


def test_a_charge_is_found_again_and_one_without_any_marker_is_for_a_person() -> None:
    """An office before 25.2.21 drops the note: then ours could be any equal charge, and nobody guesses."""
    entry = of_kind(EntryKind.CHARGE, "", 29_900)
    row = {
        "ProcNum": 7, "ProcFee": "299.00", "PatNum": 17, "procCode": "MEMBER", "ProcStatus": "C",
        "ProcDate": "2026-03-04", "BillingNote": f"{MARKER} membership charge",
    }  # fmt: skip
    assert matches([row], CHARGES, 17, entry) == {"7": "procedurelogs/7"}
    assert unmarked_charges([row], 17, entry, "MEMBER") == {}
    assert unmarked_charges([row | {"BillingNote": ""}], 17, entry, "MEMBER") == {"7": "procedurelogs/7"}
    for other in ({"ProcFee": "298.00"}, {"procCode": "D1110"}, {"ProcDate": "2026-03-05"}, {"ProcStatus": "TP"}):
        assert unmarked_charges([row | {"BillingNote": ""} | other], 17, entry, "MEMBER") == {}


def test_a_membership_payment_pays_its_own_charge_and_the_reversal_stands_on_it() -> None:
    """B-1: never FIFO onto treatment."""
    paid = of_kind(EntryKind.PAYMENT, "", 29_003, payment_kind=PaymentKind.MEMBERSHIP)
    assert body(paid)["isPrepayment"] == "true"
    on_charge = msgspec.structs.replace(paid, origin_id="procedurelogs/301")
    assert body(on_charge)["procNums"] == [301]
    taken_back = msgspec.structs.replace(of_kind(EntryKind.CHARGE_REVERSAL, "", 9900), origin_id="procedurelogs/301")
    assert body(taken_back)["ProcNum"] == 301


def test_a_note_says_when_in_the_practices_own_time_and_no_more() -> None:
    """NOTE-1: local date and time; no patient data beyond the patient it stands with."""
    entry = of_kind(
        EntryKind.NOTE, "", 0, zone="America/New_York", channel="TEXT", payment_ref="req-1", gross_minor=12500
    )
    found = compose(entry, a_mapping(note_type=27))
    assert isinstance(found, Composed)
    assert found.path == "/commlogs"
    assert msgspec.json.decode(found.body) == {
        "PatNum": 17,
        "Note": f"{MARKER} Payment request sent 2026-03-04 at 12:00 for 125.00 USD (req-1)",
        "CommDateTime": "2026-03-04 12:00:00",
        "Mode_": "Text",
        "SentOrReceived": "Sent",
        "CommType": 27,
    }
    row = {"CommlogNum": 5, "PatNum": 17, "Note": f"{MARKER} Payment request"}
    assert matches([row], NOTES, 17, entry) == {"5": "commlogs/5"}
    assert matches([row], NOTES, 17, entry, equal=False) == {}


# --- allocation


def placed(entry: TargetEntry, *shares: tuple[str, int], posts_to: str = "17", **changed: Any) -> TargetEntry:
    placement = Placement(patient="17", posts_to=posts_to, shares=shares)
    return msgspec.structs.replace(entry, placement=placement, **changed)


def test_a_payment_goes_to_the_charges_that_were_read() -> None:
    """ALL-1: named procedures; a rest has none and is a prepayment."""
    assert body(placed(an_entry(), ("31", 8000), ("32", 1680)))["procNums"] == [31, 32]
    rest = body(placed(an_entry()))
    assert rest["isPrepayment"] == "true"
    assert "procNums" not in rest


def test_what_was_read_for_another_patient_is_not_used() -> None:
    """Linked anew since: the other patient's charges are none of this one's."""
    moved = msgspec.structs.replace(placed(an_entry(), ("31", 9680)), pms_patient_id="18")
    assert body(moved)["isPrepayment"] == "true"
    assert body(moved)["PatNum"] == 18
    allocation = msgspec.structs.replace(
        placed(of_kind(EntryKind.ALLOCATION, "", 9680), ("31", 9680), origin_id="payments/1001"), pms_patient_id="18"
    )
    assert isinstance(compose(allocation, a_mapping()), NotComposed)


def test_an_allocation_replaces_the_splits_of_its_payment() -> None:
    """ALL-1, M-6: exact amounts; the answer is 200 with the payment, and the splits prove it."""
    entry = placed(of_kind(EntryKind.ALLOCATION, "", 0), ("31", 8000), ("32", 5580), origin_id="payments/1001")
    found = compose(entry, a_mapping())
    assert isinstance(found, Composed)
    assert (found.method, found.path) == ("PUT", "/payments/1001/Partial")
    assert msgspec.json.decode(found.body) == {
        "procNumsAndAmounts": [{"ProcNum": 31, "Amount": "80.00"}, {"ProcNum": 32, "Amount": "55.80"}]
    }
    splits = [
        {"PayNum": 1001, "ProcNum": 31, "SplitAmt": 80.0},
        {"PayNum": 1001, "ProcNum": 32, "SplitAmt": 55.8},
        {"PayNum": 1002, "ProcNum": 31, "SplitAmt": 1.0},
    ]
    assert is_allocated(splits, 1001, entry)
    assert not is_allocated(splits[:1], 1001, entry)
    assert not is_allocated([*splits, {"PayNum": 1001, "ProcNum": 0, "SplitAmt": 1.0}], 1001, entry)


@pytest.mark.parametrize("broken", [{"origin_id": None}, {"origin_id": "adjustments/3"}, {"placement": None}])
def test_an_allocation_that_lacks_its_payment_or_its_read_is_not_sent(broken: dict[str, Any]) -> None:
    entry = placed(of_kind(EntryKind.ALLOCATION, "", 9680), ("31", 9680), origin_id="payments/1001")
    assert isinstance(compose(msgspec.structs.replace(entry, **broken), a_mapping()), NotComposed)


def test_allocations_answers_mean_what_they_say() -> None:
    """Only 200 with this payment is proof; a refusal is the allocation's alone, never a missing patient."""
    path = "/payments/1001/Partial"

    def said(status: int, content: object) -> Any:
        body_of = msgspec.json.encode(content)
        answer = HttpAnswer(
            status=status, body=body_of, content_type="application/json", retry_after_s=None, request_id=None
        )
        return classify_post(answer, path)

    assert said(200, {"PayNum": 1001}) == Posted(external_id="payments/1001/Partial")
    assert isinstance(said(200, {"PayNum": 7}), NoAnswer)
    assert isinstance(said(504, "timed out"), NoAnswer)
    refused = said(400, "Procedure must have an outstanding charge, and be for the patient or a family member.")
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.reason) == (RefusalClass.BUSINESS, DeadLetterReason.REFUSED_BY_TARGET)


def test_the_guarantor_takes_the_payment_and_the_patients_procedure_its_share() -> None:
    """G2: an adjustment on a procedure stands with the procedure's own patient, as the vendor asks."""
    order = {"family": FamilyBooking.GUARANTOR, "allocation": Allocation.ALLOCATE}
    paid = body(placed(an_entry(**order), ("31", 9680), posts_to="16"))
    assert (paid["PatNum"], paid["procNums"]) == (16, [31])
    assert "isPatientPreferred" not in paid
    companion = of_kind(EntryKind.FEE_ADJUSTMENT, "", 320, **order)
    assert body(placed(companion, posts_to="16"))["PatNum"] == 16
    on_charge = body(placed(companion, ("31", 320), posts_to="16"))
    assert (on_charge["PatNum"], on_charge["ProcNum"]) == (17, 31)


def test_open_charges_are_the_patients_own_oldest_first() -> None:
    """ALL-1, I-11: what insurance still owes is not in AcctBal; totals and attached rows are no charges."""
    rows = [
        {"Type": "Proc", "PrimaryKey": "32", "PatNum": "17", "ServiceDate": "2026-02-01", "AcctBal": "50.00"},
        {"Type": "Proc", "PrimaryKey": "40", "PatNum": "17", "ServiceDate": "2026-01-01", "AcctBal": "80.00"},
        {"Type": "Proc", "PrimaryKey": "31", "PatNum": "17", "ServiceDate": "2026-01-01", "AcctBal": "216.20"},
        {"Type": "Proc", "PrimaryKey": "33", "PatNum": "17", "ServiceDate": "2026-02-02", "AcctBal": "0.00"},
        {"Type": "Proc", "PrimaryKey": "34", "PatNum": "18", "ServiceDate": "2025-02-02", "AcctBal": "9.00"},
        {"Type": "Adj-Att.", "PrimaryKey": "10", "PatNum": "17", "ServiceDate": "", "AcctBal": ""},
        {"Type": "Day Total", "PrimaryKey": "", "PatNum": "", "ServiceDate": "2026-02-01", "AcctBal": "216.20"},
    ]
    assert balances.open_charges(rows, 17) == (
        Charge(ref="31", due_minor=21_620, on=date(2026, 1, 1)),
        Charge(ref="40", due_minor=8000, on=date(2026, 1, 1)),
        Charge(ref="32", due_minor=5000, on=date(2026, 2, 1)),
    )
    assert balances.open_charges([rows[0] | {"AcctBal": "fifty"}], 17) is None
    assert balances.guarantor_of({"PatNum": 17, "Guarantor": 16}, 17) == "16"
    assert balances.guarantor_of({"PatNum": 18, "Guarantor": 16}, 17) is None

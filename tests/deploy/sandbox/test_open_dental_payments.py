"""Payments as the vendor documents them (Open Dental README sections 3 to 7)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.deploy.sandbox.callers import Office

MARKER = "WBABCDEFGHIJKLMNOP"
FIELDS = {
    "PayNum", "PayType", "payType", "PayDate", "PayAmt", "CheckNum", "BankBranch", "PayNote", "PatNum", "ClinicNum",
    "DateEntry", "DepositNum", "Receipt", "IsRecurringCC", "SecUserNumEntry", "SecDateTEdit", "PaymentSource",
    "ProcessStatus", "RecurringChargeDate", "IsCcCompleted", "serverDateTime",
}  # fmt: skip


def test_a_payment_answers_201_with_location_and_every_documented_field(office: Office) -> None:
    pay_type = office.sandbox.definition(office.key, "Credit Card")
    reply = office.pay(PayType=pay_type, PayDate="2026-03-02", CheckNum="PW-7K2Q9", PayNote=f"{MARKER} card")
    row = reply.json()
    assert reply.status == 201
    assert reply.headers["Location"].endswith(f"/api/v1/payments/{row['PayNum']}")
    assert set(row) == FIELDS
    assert row["PayAmt"] == "125.5", "strings drop trailing zeros"
    assert row["ClinicNum"] == "0", "a string in payments"
    assert row["payType"] == "Credit Card"
    assert (row["PaymentSource"], row["ProcessStatus"]) == ("API", "OfficeProcessed")
    assert (row["IsRecurringCC"], row["RecurringChargeDate"]) == ("false", "0001-01-01")
    listed = office.get("/payments?PatNum=1")[0]
    assert {k: v for k, v in listed.items() if k != "serverDateTime"} == {
        k: v for k, v in row.items() if k != "serverDateTime"
    }


@pytest.mark.parametrize(("given", "stored"), [("339.00", "339"), (20, "20"), (0.07, "0.07"), ("1250.10", "1250.1")])
def test_amounts_come_as_string_or_number_and_go_as_shortest_string(office: Office, given: object, stored: str) -> None:
    assert office.pay(PayAmt=given).json()["PayAmt"] == stored


@pytest.mark.parametrize("given", ["", "abc", "1.005", True, 0, "-5.00", None, "NaN", "1e400"])
def test_other_amounts_are_refused_and_store_nothing(office: Office, given: object) -> None:
    reply = office.pay(PayAmt=given)
    assert reply.status == 400
    assert "PayAmt" in reply.json()
    assert office.sandbox.payments(office.key) == []


def test_an_unknown_patient_is_404_and_a_deleted_one_400(office: Office) -> None:
    assert office.pay(PatNum=999).status == 404
    gone = office.sandbox.add_patient(office.key, PatStatus="Deleted")
    assert office.pay(PatNum=gone["PatNum"]).status == 400


def test_types_must_be_payment_types_and_hidden_ones_are_refused_where_the_office_does(office: Office) -> None:
    assert office.pay(PayType=office.sandbox.definition(office.key, "Write-off")).status == 400
    hidden = office.sandbox.definition(office.key, "Old Terminal")
    assert office.pay(PayType=hidden).status == 400
    office.sandbox.change_office(office.key, refuses_hidden_pay_types=False)
    assert office.pay(PayType=hidden).status == 201


def test_the_default_type_is_the_office_preference(office: Office) -> None:
    assert office.pay().json()["PayType"] == 0
    chosen = office.sandbox.definition(office.key, "Online Payment")
    office.sandbox.change_office(office.key, api_payment_type=chosen)
    assert office.pay().json()["PayType"] == chosen


def test_future_dates_follow_the_preference_and_formats_are_checked(office: Office) -> None:
    future = (date.today() + timedelta(days=9)).isoformat()  # noqa: DTZ011
    assert office.pay(PayDate=future).status == 400
    office.sandbox.change_office(office.key, future_dates_allowed=True)
    assert office.pay(PayDate=future).status == 201
    assert office.pay(PayDate="03/02/2026").status == 400
    office.sandbox.change_office(office.key, locked_through="2026-02-28")
    locked = office.pay(PayDate="2026-02-28")
    assert locked.status == 400
    assert "locked" in locked.json()
    assert office.pay(PayDate="2026-03-01").status == 201


def test_texts_lose_line_breaks_and_are_bounded(office: Office) -> None:
    assert office.pay(PayNote="one\r\ntwo\nthree").json()["PayNote"] == "one two three"
    assert office.pay(CheckNum="x" * 26).status == 400
    assert office.pay(PayNote="tooth \U0001f9b7").status == 400, "3-byte UTF-8 only"


def test_listing_filters_by_patient_type_and_entry_day_and_nothing_else(office: Office) -> None:
    card, cash = (office.sandbox.definition(office.key, name) for name in ("Credit Card", "Cash"))
    office.pay(PayType=card, PayNote=MARKER)
    office.pay(PayType=cash)
    office.pay(PatNum=2)
    assert len(office.get("/payments?PatNum=1")) == 2
    assert len(office.get(f"/payments?PatNum=1&PayType={cash}")) == 1
    assert len(office.get("/payments?DateEntry=2020-01-01")) == 3
    assert office.get("/payments?DateEntry=2999-01-01") == []
    assert len(office.get(f"/payments?PayNote={MARKER}&CheckNum=zzz")) == 3, "unknown filters are silently ignored"
    assert office.call("GET", "/payments?PatNum=999").status == 404


def test_a_refund_copies_note_and_number_with_the_sign_turned(office: Office) -> None:
    """Trap of 1.6: the marker appears twice, with another sign; no guard against a second refund (R-12)."""
    paid = office.pay(PayNote=MARKER, CheckNum="C1").json()
    refund = office.call("POST", "/payments/Refund", {"PayNum": paid["PayNum"]})
    row = refund.json()
    assert refund.status == 201
    assert (row["PayAmt"], row["PayNote"], row["CheckNum"]) == ("-125.5", MARKER, "C1")
    assert row["PaymentSource"] == "None"
    assert not [d for d in office.sandbox.doubled() if d.account == office.key]
    assert office.call("POST", "/payments/Refund", {"PayNum": paid["PayNum"]}).status == 201
    assert [d.sign for d in office.sandbox.doubled() if d.account == office.key] == [-1]
    assert office.call("POST", "/payments/Refund", {"PayNum": row["PayNum"]}).status == 400
    assert office.call("POST", "/payments/Refund", {"PayNum": 1}).status == 404


def test_an_update_changes_texts_and_never_the_amount(office: Office) -> None:
    paid = office.pay(PayNote="a").json()
    reply = office.call("PUT", f"/payments/{paid['PayNum']}", {"PayNote": "b", "PayAmt": "1.00"})
    assert reply.status == 200
    row = office.get("/payments?PatNum=1")[0]
    assert (row["PayNote"], row["PayAmt"], row["CheckNum"]) == ("b", "125.5", "")


def test_payments_pay_the_oldest_charges_first_and_the_rest_is_unearned(office: Office) -> None:
    """M-6: 14000 over 8000, 5000, 3000 → 8000, 5000, 1000; 20000 leaves 4000 unearned."""
    charges = [
        office.sandbox.add_charge(office.key, 1, fee, date(2026, 1, day))["ProcNum"]
        for day, fee in ((3, 3000), (1, 8000), (2, 5000))
    ]
    paid = office.pay(PayAmt="140.00").json()
    splits = office.get(f"/paysplits?PayNum={paid['PayNum']}")
    assert [(s["ProcNum"], s["SplitAmt"]) for s in splits] == [(charges[1], 80), (charges[2], 50), (charges[0], 10)]
    more = office.pay(PayAmt="60.00").json()
    splits = office.get(f"/paysplits?PayNum={more['PayNum']}")
    assert [(s["ProcNum"], s["SplitAmt"]) for s in splits] == [(charges[0], 20), (0, 40)]
    assert (splits[0]["UnearnedType"], splits[1]["unearnedType"]) == (0, "PrePayment")


def test_a_prepayment_stays_whole(office: Office) -> None:
    office.sandbox.add_charge(office.key, 1, 8000, date(2026, 1, 1))
    paid = office.pay(isPrepayment="true").json()
    splits = office.get(f"/paysplits?PayNum={paid['PayNum']}")
    assert [s["ProcNum"] for s in splits] == [0]
    assert office.pay(isPrepayment=True).status == 400, "booleans are strings"


def test_exact_allocation_must_add_up_and_be_outstanding(office: Office) -> None:
    first = office.sandbox.add_charge(office.key, 1, 8000, date(2026, 1, 1))["ProcNum"]
    second = office.sandbox.add_charge(office.key, 1, 8000, date(2026, 1, 2))["ProcNum"]
    paid = office.pay(PayAmt="100.00").json()
    path = f"/payments/{paid['PayNum']}/Partial"

    def parts(one: str, two: str) -> dict[str, object]:
        return {"procNumsAndAmounts": [{"ProcNum": first, "Amount": one}, {"ProcNum": second, "Amount": two}]}

    assert office.call("PUT", path, parts("50.00", "40.00")).status == 400
    assert office.call("PUT", path, parts("10.00", "90.00")).status == 400
    assert office.call("PUT", path, parts("25.00", "75.00")).status == 200
    splits = office.get(f"/paysplits?PayNum={paid['PayNum']}")
    assert [(s["ProcNum"], s["SplitAmt"]) for s in splits] == [(first, 25), (second, 75)]


def test_an_open_payment_plan_takes_the_payment_unless_told_otherwise(office: Office) -> None:
    """PL-1: the oldest open plan wins; a prepayment stays off it; such a payment cannot be refunded by the API."""
    office.sandbox.add_charge(office.key, 1, 8000, date(2026, 1, 1))
    assert office.call("GET", "/payplans").status == 400
    newer, older = (office.sandbox.add_pay_plan(office.key, 1, date(2026, month, 1))["PayPlanNum"] for month in (2, 1))
    assert {row["PayPlanNum"] for row in office.get("/payplans?PatNum=1")} == {newer, older}
    paid = office.pay().json()
    (split,) = office.get(f"/paysplits?PayNum={paid['PayNum']}")
    assert (split["PayPlanNum"], split["ProcNum"], split["UnearnedType"]) == (older, 0, 0)
    assert office.call("POST", "/payments/Refund", {"PayNum": paid["PayNum"]}).status == 400
    apart = office.pay(isPrepayment="true").json()
    assert [s["PayPlanNum"] for s in office.get(f"/paysplits?PayNum={apart['PayNum']}")] == [0]
    named = office.pay(isPrepayment="true", payPlanNum=newer).json()
    assert [s["PayPlanNum"] for s in office.get(f"/paysplits?PayNum={named['PayNum']}")] == [newer]

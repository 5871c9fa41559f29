"""Charges, what is attached to them, and exact allocation (Open Dental README section 5)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.deploy.sandbox.callers import Office

MARKER = "WBABCDEFGHIJKLMNOP"
MEMBERSHIP = {"PatNum": 1, "ProcDate": "2026-03-02", "ProcStatus": "C", "procCode": "MEMBER", "ProcFee": "299.00"}


def test_a_procedure_answers_201_and_is_owed(office: Office) -> None:
    reply = office.call("POST", "/procedurelogs", {**MEMBERSHIP, "BillingNote": f"{MARKER} membership"})
    row = reply.json()
    assert reply.status == 201
    assert reply.headers["Location"].endswith(f"/procedurelogs/{row['ProcNum']}")
    assert (row["ProcFee"], row["ProcStatus"], row["BillingNote"][:18]) == ("299.00", "C", MARKER)
    (listed,) = [each for each in office.get("/procedurelogs?PatNum=1") if each["ProcNum"] == row["ProcNum"]]
    assert row.items() <= listed.items()
    assert office.sandbox.balance(office.key, 1) == 29_900
    assert [charge.amount_minor for charge in office.sandbox.charges(office.key)] == [29_900]


@pytest.mark.parametrize(
    "missing", [{"ProcDate": None}, {"ProcStatus": None}, {"procCode": None}, {"procCode": "D9999"}, {"PatNum": None}]
)
def test_a_procedure_without_its_required_fields_is_refused(office: Office, missing: dict[str, object]) -> None:
    assert office.call("POST", "/procedurelogs", {**MEMBERSHIP, **missing}).status == 400
    assert office.sandbox.charges(office.key) == []


def test_an_older_office_drops_the_billing_note(office: Office) -> None:
    """Before 25.2.21 the field does not exist; unknown ones are ignored."""
    office.sandbox.change_office(office.key, drops_billing_notes=True)
    row = office.call("POST", "/procedurelogs", {**MEMBERSHIP, "BillingNote": MARKER}).json()
    assert row["BillingNote"] == ""


def test_the_service_date_view_shows_what_remains_of_each_charge(office: Office) -> None:
    """ "Proc" rows bear AcctBal; what is attached follows, and each day is summed up."""
    first = office.sandbox.add_charge(office.key, 1, 8000, date(2026, 1, 1))["ProcNum"]
    second = office.sandbox.add_charge(office.key, 1, 5000, date(2026, 2, 1))["ProcNum"]
    office.pay(PayAmt="100.00", procNums=[first, second])
    credit = office.sandbox.definition(office.key, "Processing Fee Credit")
    office.adjust(AdjType=credit, AdjAmt="-3.20", AdjDate="2026-03-02", ProcNum=second)
    rows = office.get("/accountmodules/1/ServiceDateView?isFamily=false")
    procedures = [(row["PrimaryKey"], row["AcctBal"]) for row in rows if row["Type"] == "Proc"]
    assert procedures == [(str(first), "0.00"), (str(second), "26.80")]
    assert [row["Credit"] for row in rows if row["Type"] == "Adj-Att."] == ["3.20"]
    assert [row["Credit"] for row in rows if row["Type"] == "PatPay Att."] == ["80.00", "20.00"]
    assert sum(row["Type"] == "Day Total" for row in rows) == 2
    assert office.call("GET", "/accountmodules/999/ServiceDateView").status == 404


def test_exact_allocation_counts_adjustments_and_its_own_splits(office: Office) -> None:
    """The same request may be repeated; a credited part cannot be paid again."""
    first = office.sandbox.add_charge(office.key, 1, 8000, date(2026, 1, 1))["ProcNum"]
    second = office.sandbox.add_charge(office.key, 1, 5000, date(2026, 2, 1))["ProcNum"]
    credit = office.sandbox.definition(office.key, "Processing Fee Credit")
    office.adjust(AdjType=credit, AdjAmt="-3.20", AdjDate="2026-03-02", ProcNum=second)
    number = office.pay(PayAmt="100.00", procNums=[first, second]).json()["PayNum"]
    wanted = {"procNumsAndAmounts": [{"ProcNum": first, "Amount": "60.00"}, {"ProcNum": second, "Amount": "40.00"}]}
    for _ in range(2):
        assert office.call("PUT", f"/payments/{number}/Partial", wanted).status == 200
        assert office.sandbox.paid_on(office.key)[number] == {first: 6000, second: 4000}
    too_much = {"procNumsAndAmounts": [{"ProcNum": first, "Amount": "50.00"}, {"ProcNum": second, "Amount": "50.00"}]}
    assert office.call("PUT", f"/payments/{number}/Partial", too_much).status == 400
    assert office.sandbox.paid_on(office.key)[number] == {first: 6000, second: 4000}


def test_a_guarantors_payment_on_a_members_procedure_lowers_the_members_balance(office: Office) -> None:
    """G2: the split stands with the procedure's patient, the payment with whoever paid."""
    family = office.sandbox.add_patients(office.key, 2, seed=4, family=True)
    head, member = family[0]["PatNum"], family[1]["PatNum"]
    charge = office.sandbox.add_charge(office.key, member, 10_000, date(2026, 1, 1))["ProcNum"]
    paid = office.pay(PatNum=head, PayAmt="100.00", procNums=[charge]).json()
    assert paid["PatNum"] == head
    assert (office.sandbox.balance(office.key, head), office.sandbox.balance(office.key, member)) == (0, 0)

"""Adjustments, definitions, patients, balances and notes (Open Dental README sections 5, 8 to 11)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.deploy.sandbox.callers import Office

MARKER = "WBABCDEFGHIJKLMNOP"


def test_an_adjustment_answers_201_with_number_amounts(office: Office) -> None:
    credit = office.sandbox.definition(office.key, "Processing Fee Credit")
    reply = office.adjust(AdjType=credit, AdjAmt="-3.20", AdjDate="2026-03-02", AdjNote=MARKER)
    row = reply.json()
    assert reply.status == 201
    assert reply.headers["Location"].endswith(f"/adjustments/{row['AdjNum']}")
    assert row["AdjAmt"] == -3.2
    assert row["adjType"] == "Processing Fee Credit"
    assert office.get("/adjustments?PatNum=1") == [row]
    assert office.sandbox.adjustments(office.key)[0].amount_minor == -320


@pytest.mark.parametrize(
    ("fields", "explanation"),
    [
        ({"AdjAmt": "3.20"}, "AdjAmt must be negative for this AdjType."),
        ({"AdjDate": None}, "AdjDate is required."),
        ({"AdjDate": "2999-01-01"}, "AdjDate cannot be in the future."),
        ({"AdjAmt": None}, "AdjAmt is required."),
        ({"ProcNum": 7}, "ProcNum is invalid."),
    ],
)
def test_adjustments_are_validated(office: Office, fields: dict[str, object], explanation: str) -> None:
    credit = office.sandbox.definition(office.key, "Processing Fee Credit")
    reply = office.adjust(**{"AdjType": credit, "AdjAmt": "-3.20", "AdjDate": "2026-03-02", **fields})
    assert (reply.status, reply.json()) == (400, explanation)


def test_a_charge_type_needs_a_positive_amount(office: Office) -> None:
    charge = office.sandbox.definition(office.key, "Processing Fee Charge")
    assert office.adjust(AdjType=charge, AdjAmt=-1, AdjDate="2026-03-02").status == 400
    assert office.adjust(AdjType=charge, AdjAmt=1, AdjDate="2026-03-02").status == 201
    assert office.adjust(AdjType=charge, AdjAmt=1, AdjDate="2026-03-02", PatNum=999).status == 404
    wrong = office.sandbox.definition(office.key, "Cash")
    assert office.adjust(AdjType=wrong, AdjAmt=1, AdjDate="2026-03-02").json() == "AdjType is invalid."
    assert office.call("GET", "/adjustments").status == 400, "PatNum is required"


def test_definitions_come_by_category_without_the_hidden(office: Office) -> None:
    types = office.get("/definitions?Category=10")
    assert {row["Category"] for row in types} == {10}
    assert "Old Terminal" not in [row["ItemName"] for row in types]
    every = office.get("/definitions?Category=10&includeHidden=true")
    assert [row["isHidden"] for row in every if row["ItemName"] == "Old Terminal"] == ["true"]
    signs = {row["ItemName"]: row["ItemValue"] for row in office.get("/definitions?Category=1")}
    assert (signs["Processing Fee Credit"], signs["Processing Fee Charge"]) == ("-", "+")
    assert len(office.get("/definitions?Category=PaymentTypes")) > len(types), "text is silently ignored"


def test_a_single_patient_has_balances_and_the_list_has_not(office: Office) -> None:
    family = office.sandbox.add_patients(office.key, 2, seed=4, family=True)
    head, member = family[0]["PatNum"], family[1]["PatNum"]
    office.sandbox.add_charge(office.key, member, 10_000, date(2026, 1, 1))
    office.pay(PatNum=member, PayAmt="96.80", isPatientPreferred="true")
    assert office.get(f"/patients/{member}")["EstBalance"] == 3.2
    assert office.get(f"/patients/{member}")["BalTotal"] == 0
    assert office.get(f"/patients/{head}")["BalTotal"] == 3.2
    row = next(row for row in office.get("/patients") if row["PatNum"] == member)
    assert not {"Guarantor", "EstBalance", "PriProv"} & set(row)
    assert office.call("GET", "/patients/999").status == 404
    balances = office.get(f"/accountmodules/{member}/PatientBalances")
    assert [row["Balance"] for row in balances] == [0.0, 3.2, 3.2]
    aging = office.get(f"/accountmodules/{member}/Aging")
    assert (aging["Total"], aging["PatEstBal"], aging["BalOver90"]) == (3.2, 3.2, 3.2)
    charges = office.get(f"/accountmodules/{member}/ServiceDateView")
    assert [(row["Charge"], row["AcctBal"]) for row in charges if row["Type"] == "Proc"] == [("100.00", "3.20")]
    assert office.sandbox.balance(office.key, member) == 320


def test_searches_are_partial_and_find_nothing_with_200(office: Office) -> None:
    office.sandbox.add_patient(office.key, LName="Larkspurne", FName="Osric", Birthdate="1980-05-06")
    assert [row["FName"] for row in office.get("/patients/Simple?LName=larksp&FName=osr")] == ["Osric"]
    assert len(office.get("/patients/Simple?Birthdate=1980-05-06")) == 1
    assert office.get("/patients/Simple?LName=nobody") == []
    phone = office.sandbox.rows(office.key, "patients")[0]["WirelessPhone"]
    digits = "".join(c for c in phone if c.isdigit())
    assert 1 in [row["PatNum"] for row in office.get(f"/patients?Phone={digits}")]


def test_procedures_come_by_patient_and_status(office: Office) -> None:
    office.sandbox.add_patients(office.key, 1, seed=8, procedures=2)
    rows = office.get("/procedurelogs?PatNum=4&ProcStatus=C")
    assert len(rows) == 2
    assert len(rows[0]["ProcFee"].partition(".")[2]) == 2, "ProcFee keeps two decimals"
    assert office.get("/procedurelogs?PatNum=4&ProcStatus=D") == []


def test_a_note_on_the_patient(office: Office) -> None:
    reply = office.call("POST", "/commlogs", {"PatNum": 1, "Note": f"Paid {MARKER}", "commType": "Financial"})
    row = reply.json()
    assert reply.status == 201
    assert (row["Mode_"], row["SentOrReceived"], row["commType"]) == ("Phone", "Sent", "Financial")
    assert isinstance(row["CommType"], str)
    assert office.get("/commlogs?PatNum=1") == [row]
    assert office.get(f"/commlogs/{row['CommlogNum']}") == row
    assert office.call("POST", "/commlogs", {"PatNum": 1}).status == 400
    assert office.call("POST", "/commlogs", {"PatNum": 1, "Note": "x", "Mode_": "Pigeon"}).status == 400


def test_the_ledger_and_the_call_log_tell_what_happened(office: Office) -> None:
    """Every accepted mutation is recorded once with its time; refused ones are not."""
    office.pay(PayNote=MARKER)
    office.pay(PatNum=999)
    entry, *rest = office.sandbox.ledger(office.key)
    assert rest == []
    assert (entry.operation, entry.kind, entry.marker) == ("create", "payment", MARKER)
    assert (entry.sign, entry.amount_minor) == (1, 12_550)
    calls = office.sandbox.calls(office.key)
    assert [call.status for call in calls] == [201, 404]
    assert entry.call == calls[0].number
    assert calls[0].arrived_ns <= calls[0].answered_ns
    assert len({call.authorization for call in calls}) == 1
    assert office.key not in calls[0].authorization
    assert office.sandbox.calls(office.key, after=calls[0].number) == calls[1:]


def test_the_same_marker_twice_with_one_sign_is_doubled(office: Office) -> None:
    """I2 is checked from outside."""
    for _ in range(2):
        office.pay(PayNote=MARKER)
    doubled = [d for d in office.sandbox.doubled() if d.account == office.key]
    assert [(d.marker, d.sign, len(d.entry_ids), d.by_sandbox) for d in doubled] == [(MARKER, 1, 2, False)]

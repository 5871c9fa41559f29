"""Claims, lines and claim payments of the sandbox, by the vendor's rules (Open Dental README section 10)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.deploy.sandbox.callers import Office

MARKER = "WBABCDEFGHIJKLMNOP"


@pytest.fixture
def claim(office: Office) -> int:
    """Of two procedures, sent."""
    procedures = [office.sandbox.add_charge(office.key, 1, fee, date(2026, 1, 1))["ProcNum"] for fee in (10_000, 8000)]
    return int(office.sandbox.add_claim(office.key, 1, procedures)["ClaimNum"])


def receive(office: Office, claim: int) -> list[int]:
    """60.00 and 30.00 are paid, 25.00 and 15.00 written off; the numbers of the lines."""
    numbers = [row["ClaimProcNum"] for row in office.get(f"/claimprocs?ClaimNum={claim}")]
    for number, paid, written_off in zip(numbers, ("60.00", "30.00"), ("25.00", "15.00"), strict=True):
        fields = {"Status": "Received", "InsPayAmt": paid, "WriteOff": written_off, "DateCP": "2020-01-01"}
        reply = office.call("PUT", f"/claimprocs/{number}", fields)
        assert (reply.status, reply.json().get("DateCP")) == (200, None)
    return numbers


def test_a_claim_payment_takes_its_lines_and_lowers_what_is_owed(office: Office, claim: int) -> None:
    numbers = receive(office, claim)
    assert office.call("PUT", f"/claims/{claim}", {"ClaimStatus": "R", "DateReceived": "2026-03-02"}).status == 200
    kind = office.sandbox.definition(office.key, "Insurance EFT")
    reply = office.call(
        "POST", "/claimpayments", {"claimNum": claim, "CheckAmt": "90.00", "CheckNum": MARKER, "PayType": kind}
    )
    assert reply.status == 201
    made = reply.json()
    assert (made["CheckAmt"], made["payType"], made["payGroup"]) == ("90", "Insurance EFT", "Lockbox")
    assert office.get("/claimpayments?SecDateTEdit=2020-01-01%2000:00:00") == [made]
    assert office.get(f"/claimpayments/{made['ClaimPaymentNum']}") == made
    rows = office.get(f"/claimprocs?ClaimPaymentNum={made['ClaimPaymentNum']}")
    assert [row["ClaimProcNum"] for row in rows] == numbers
    assert office.get(f"/claims/{claim}")["ClaimStatus"] == "R"
    assert [row["ClaimNum"] for row in office.get("/claims?PatNum=1&ClaimStatus=R")] == [claim]
    assert office.sandbox.balance(office.key, 1) == 18_000 - 9000 - 4000
    view = office.get("/accountmodules/1/ServiceDateView?isFamily=false")
    assert [row["AcctBal"] for row in view if row["Type"] == "Proc"] == ["15.00", "35.00"]
    locked = office.call("PUT", f"/claimprocs/{numbers[0]}", {"InsPayAmt": "1.00"})
    assert (locked.status, "attached to a ClaimPayment" in locked.json()) == (400, True)
    assert office.call("PUT", f"/claimprocs/{numbers[0]}", {"InsPayAmt": "60.00", "WriteOff": "20.00"}).status == 200
    again = office.call("POST", "/claimpayments", {"claimNum": claim, "CheckAmt": "90.00"})
    assert again.status == 400


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"CheckAmt": "89.99"}, 400, "CheckAmt does not match the total of eligible ClaimProcs."),
        ({"CheckAmt": None}, 400, "CheckAmt is required."),
        ({"claimNum": 77}, 404, "Claim not found."),
        ({"PayType": 1}, 400, "PayType is invalid."),
        ({"PayGroup": 1}, 400, "PayGroup is invalid."),
    ],
)
def test_a_claim_payment_that_does_not_fit_is_refused(
    office: Office, claim: int, changed: dict[str, object], status: int, words: str
) -> None:
    receive(office, claim)
    reply = office.call("POST", "/claimpayments", {"claimNum": claim, "CheckAmt": "90.00", **changed})
    assert (reply.status, reply.json()) == (status, words)
    assert office.sandbox.claim_payments(office.key) == []


def test_a_line_that_is_not_received_is_not_paid(office: Office, claim: int) -> None:
    """What was sent has an estimated write-off, which lowers nothing yet."""
    assert office.sandbox.balance(office.key, 1) == 18_000
    assert office.call("POST", "/claimpayments", {"claimNum": claim, "CheckAmt": "0.00"}).status == 400


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/claimprocs/77", {"WriteOff": "1.00"}, 404),
        ("/claims/77", {"ClaimStatus": "R"}, 404),
        ("/claims/9001", {"ClaimStatus": "Z"}, 400),
        ("/claimprocs/9501", {"Status": "Paid"}, 400),
    ],
)
def test_what_is_not_there_or_not_valid_is_refused(
    office: Office, claim: int, path: str, fields: dict[str, object], status: int
) -> None:
    assert office.call("PUT", path, fields).status == status


def test_claims_need_their_own_permission(office: Office, claim: int) -> None:
    office.sandbox.change_office(office.key, permissions=["ReadAll", "Payments"])
    assert office.call("POST", "/claimpayments", {"claimNum": claim, "CheckAmt": "90.00"}).status == 401
    office.sandbox.change_office(office.key, permissions=["ReadAll", "Insurance"], claim_payments_in_batches_only=True)
    assert office.call("POST", "/claimpayments", {"claimNum": claim, "CheckAmt": "90.00"}).status == 400

"""Insurance from the event to the office: one unit, what goes to people, and what the patient owes (I-6, I-7, I-9)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from schemas import events as e
from schemas.events import Tender
from tests.processors.rules import linked_examples
from tests.processors.rules.event_examples import changed
from tests.processors.rules.kind_examples import claim, line, remitted
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

FEE = 20_000


def an_office(offices: Offices) -> Office:
    """Whose insurance payment type is mapped."""
    customer_key = f"{offices.world.database}-practice-1"
    offices.sandbox.open_dental.add_office(customer_key)
    return offices.open(
        mapping={"insurance_pay_type": offices.sandbox.open_dental.definition(customer_key, "Insurance EFT")}
    )


def a_sent_claim(office: Office, patient_ref: str) -> tuple[str, str]:
    """One procedure of 200.00: ClaimNum and ProcNum."""
    (procedure,) = office.charge(patient_ref, FEE)
    made = office.ledger.sandbox.open_dental.add_claim(office.customer_key, office.patient(patient_ref), [procedure])
    return str(made["ClaimNum"]), str(procedure)


def a_paid_claim(office: Office, patient_ref: str = "pt-1") -> e.Claim:
    """200.00 charged, 120.00 paid, 50.00 written off, 30.00 the patient's."""
    number, procedure = a_sent_claim(office, patient_ref)
    return claim(line(12_000, procedure, CO_45=5000, PR_1=3000), ref=number, patient=patient_ref)


def remittance(office: Office, *claims: e.Claim, **more: Any) -> e.PaymentSucceeded:
    office.paid += 1
    event: e.PaymentSucceeded = changed(
        remitted(*claims, **more),
        practice_id=office.practice_id,
        event_id=f"{office.practice_id}-ev-{office.paid}",
        payment_id=f"{office.practice_id}-pay-{office.paid}",
    )
    return event


def until_states(office: Office, **wanted: int) -> None:
    until(
        lambda: Counter(office.states()) == wanted,
        f"states {wanted}",
        40,
        lambda: f"{office.shown()}\n{office.column('entry_kind')}{office.column('reason')}",
    )


def claim_payments(office: Office) -> list[int]:
    return [row.amount_minor for row in office.ledger.sandbox.open_dental.claim_payments(office.customer_key)]


def test_i_6_claims_of_two_patients_are_paid_and_written_off(offices: Offices) -> None:
    """I-6, I-7, I-10: one card of 240.00 with a fee: two claim payments, gross; each patient owes the 30.00."""
    office = an_office(offices)
    claims = [a_paid_claim(office, patient) for patient in ("pt-1", "pt-2")]
    offices.database.report(remittance(office, *claims, fee=720, tender=Tender.VIRTUAL_CARD))
    offices.poster()
    until_states(office, POSTED=4)
    assert office.column("entry_kind") == ["insurance_payment", "write_off"] * 2
    assert claim_payments(office) == [12_000, 12_000]
    assert (office.balance("pt-1"), office.balance("pt-2")) == (3000, 3000)
    assert office.adjustments() == office.payments() == []
    assert [each.split("/")[0] for each in office.column("external_id")] == ["claimpayments", "claims"] * 2
    assert office.doubled() == []


def test_i_6_a_claim_whose_lines_failed_once_is_posted_once(offices: Offices) -> None:
    """I-6: the lines were set and the claim was not: RETRYING, never in doubt; then the missing half."""
    office = an_office(offices)
    offices.database.report(remittance(office, a_paid_claim(office)))
    odd: dict[str, Any] = {"account": office.customer_key, "method": "PUT", "path": "*/claims/*", "status": 400}
    offices.sandbox.open_dental.fault("status", times=2, text="An unusual answer.", **odd)
    offices.poster()
    until_states(office, POSTED=2)
    assert claim_payments(office) == [12_000]
    assert office.balance() == 3000
    assert [answer for _, _, _, answer, _, _ in office.attempts()].count("Refused") == 2
    assert {answer for _, _, _, answer, _, _ in office.attempts()} == {"Refused", "Posted"}


def test_i_9_what_takes_money_back_waits_for_a_person_whole(offices: Offices) -> None:
    """I-9: this API has no call for a take-back that could be found again: payment and write-off go to the work list,
    and what is paid beside it is posted."""
    office = an_office(offices)
    number, procedure = a_sent_claim(office, "pt-2")
    taken = claim(line(-12_000, procedure, CO_45=-5000, PR_1=-3000), ref=number, patient="pt-2", status="22")
    offices.database.report(remittance(office, a_paid_claim(office), taken, fee=0))
    offices.poster()
    until_states(office, POSTED=2, AWAITING_MANUAL_POST=2)
    assert sorted(office.column("reason"))[-2:] == ["NOT_BY_THIS_ROUTE"] * 2
    assert claim_payments(office) == [12_000]
    assert (office.balance("pt-1"), office.balance("pt-2")) == (3000, FEE)


def test_r_7_a_voided_insurance_payment_is_taken_back_by_people(offices: Offices) -> None:
    """R-7, I-7: never as an adjustment that the patient would owe."""
    office = an_office(offices)
    paid = remittance(office, a_paid_claim(office))
    offices.database.report(paid)
    offices.poster()
    until_states(office, POSTED=2)
    office.paid += 1
    fields = {"practice_id": office.practice_id, "event_id": "practice-1-void", "payment_id": paid.payment_id}
    offices.database.report(changed(linked_examples.voided(), **fields))
    until_states(office, POSTED=2, AWAITING_MANUAL_POST=2)
    assert office.adjustments() == []
    assert office.balance() == 3000

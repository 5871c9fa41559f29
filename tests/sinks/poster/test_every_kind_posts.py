"""Every kind of entry, from the event to the office: what the patient owes afterwards."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from schemas import events as e
from schemas.practice_settings import Allocation
from tests.processors.rules import linked_examples
from tests.processors.rules.event_examples import NOON, membership
from tests.processors.rules.kind_examples import request
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

OWED = 10_000


def about(office: Office, paid: e.PaymentSucceeded, event: Any, **fields: Any) -> None:
    """Report what became of a payment of this office."""
    office.paid += 1
    fields |= {
        "practice_id": office.practice_id,
        "event_id": f"{office.practice_id}-ev-{office.paid}",
        "payment_id": paid.payment_id,
    }
    office.ledger.database.report(msgspec.structs.replace(event, **fields))


def an_office(offices: Offices, **settings: Any) -> tuple[Office, e.PaymentSucceeded]:
    """A patient who owed 100.00 and paid it by card: 96.80 and the fee of 3.20 on the charge."""
    office = offices.open(allocation=Allocation.ALLOCATE, **settings)
    office.charge("pt-1", OWED)
    paid = office.pay()
    offices.database.report(paid)
    offices.poster()
    settled(office, 3)
    assert office.balance() == 0
    return office, paid


def settled(office: Office, count: int) -> None:
    """Every effect is posted, and there are so many."""
    until(
        lambda: Counter(office.states()) == {"POSTED": count},
        f"{count} posted",
        40,
        lambda: f"{office.shown()}\n{office.column('entry_kind')}{office.column('part')}{office.column('reason')}",
    )


def by_type(office: Office) -> dict[str, int]:
    """Cents by the name of their adjustment type, as they stand in the office's ledger."""
    found: Counter[str] = Counter()
    for row in office.ledger.sandbox.open_dental.adjustments(office.customer_key):
        found[row.row["adjType"]] += row.amount_minor
    return dict(found)


def test_r_4_a_refund_and_one_that_failed(offices: Offices) -> None:
    """R-4, R-9: payment 9680 and companion 320; refund 10000, so that the patient owes again; failed, so not."""
    office, paid = an_office(offices)
    about(office, paid, linked_examples.refunded())
    settled(office, 4)
    assert by_type(office) == {"Processing Fee Credit": -320, "Card Refund": 10_000}
    assert office.balance() == OWED
    about(office, paid, linked_examples.refund_failed())
    settled(office, 5)
    assert by_type(office)["Card Refund Failed"] == -10_000
    assert office.balance() == 0
    assert [amount for _, amount in office.payments()] == [9680], "a refund is never a payment row (R-12)"


def test_r_15_a_void_takes_back_payment_and_companion(offices: Offices) -> None:
    """R-1, R-7, R-15: new entries, linked; the originals stand as they were."""
    office, paid = an_office(offices)
    about(office, paid, linked_examples.voided())
    settled(office, 5)
    assert by_type(office) == {
        "Processing Fee Credit": -320, "Voided Payment": 9680, "Processing Fee Charge": 320,
    }  # fmt: skip
    assert office.balance() == OWED
    markers = [row.marker for row in offices.sandbox.open_dental.adjustments(office.customer_key)]
    assert len(set(markers)) == 3


def test_r_11_an_ach_return_costs_the_practice_and_not_the_patient(offices: Offices) -> None:
    """R-11, R-15: 10000 with a return fee of 400 → −10400 and +400."""
    office, paid = an_office(offices)
    about(office, paid, linked_examples.returned(fee=400))
    settled(office, 5)
    assert by_type(office) == {"Processing Fee Credit": -720, "Returned Payment": 10_400}
    assert office.balance() == OWED


def test_r_10_a_dispute_and_its_end(offices: Offices) -> None:
    """R-10, R-15: dispute 10000 with a fee of 1500 → −11500 and +1500; won with the fee back → +11500 and −1500."""
    office, paid = an_office(offices)
    about(office, paid, linked_examples.disputed())
    settled(office, 5)
    assert by_type(office) == {"Processing Fee Credit": -1820, "Card Dispute": 11_500}
    assert office.balance() == OWED
    about(office, paid, linked_examples.dispute_closed(e.DisputeOutcome.WON, gross=10_000, fee=-1500))
    settled(office, 7)
    assert by_type(office)["Card Dispute Won"] == -11_500
    assert office.balance() == 0


def test_e_11_a_correction_replaces_what_it_corrects(offices: Offices) -> None:
    """E-11: reversed and posted anew; the patient has a credit of what was paid more."""
    office, paid = an_office(offices)
    office.paid += 1
    event = linked_examples.corrected(12_000, 380, patient_ref=paid.patient_ref, payment_id=paid.payment_id)
    correction = msgspec.structs.replace(event, practice_id=office.practice_id, event_id="practice-1-ev-corrected")
    offices.database.report(correction)
    until(lambda: set(office.states()) == {"POSTED"} and len(office.states()) > 5, "all posted", show=office.shown)
    assert office.balance() == OWED - 12_000
    assert sum(amount for _, amount in office.payments()) == 9680 + 11_620
    assert by_type(office)["Voided Payment"] == 9680


def test_b_1_a_membership_brings_its_charge_and_a_refund_takes_it_back(offices: Offices) -> None:
    """B-1: charge 29900, payment 29003, companion 897 → 0; refund 9900 and its charge → 0; treatment is not paid."""
    office = offices.open(allocation=Allocation.ALLOCATE)
    (treatment,) = office.charge("pt-1", OWED)
    office.paid += 1
    enrolled = msgspec.structs.replace(
        membership(patient_ref="pt-1", members=(e.Member(patient_ref="pt-1", amount_minor=29_900),)),
        practice_id=office.practice_id,
        event_id="practice-1-member",
        payment_id="practice-1-pay-member",
    )
    offices.database.report(enrolled)
    offices.poster()
    settled(office, 3)
    charges = [row for row in offices.sandbox.open_dental.charges(office.customer_key) if row.code == "MEMBER"]
    assert [row.amount_minor for row in charges] == [29_900]
    assert office.balance() == OWED
    number = int(charges[0].row["ProcNum"])
    assert office.paid_on() == {number: 29_003}, "the payment lies on the charge, not beside it"
    (fee,) = offices.sandbox.open_dental.adjustments(office.customer_key)
    assert (fee.row["ProcNum"], fee.amount_minor) == (number, -897)
    assert office.column("entry_kind") == ["charge", "payment", "fee_adjustment"]
    about(office, enrolled, linked_examples.refunded(gross=-9900))  # type: ignore[arg-type]
    settled(office, 5)
    assert by_type(office)["Membership Charge Reversed"] == -9900
    assert office.balance() == OWED
    offices.database.report(office.pay())
    settled(office, 8)
    assert office.paid_on()[treatment] == 9680, "a membership's charge is never paid by another payment"
    assert office.balance() == 0


def test_b_1_a_membership_whose_charge_is_refused_posts_nothing(offices: Offices) -> None:
    """B-1: a code that the office does not have. Nobody is left in credit, and the repaired mapping sends all of it."""
    office = offices.open(mapping={"membership_code": "NOPE"})
    office.paid += 1
    office.patient("pt-1")
    enrolled = msgspec.structs.replace(
        membership(patient_ref="pt-1"), practice_id=office.practice_id, event_id="practice-1-member"
    )
    offices.database.report(enrolled)
    offices.poster()
    office.until_states("INVALID_CONFIG", "SCHEDULED", "SCHEDULED")
    assert (office.payments(), office.adjustments()) == ([], [])
    offices.database.connection.execute('UPDATE connections SET config = config || \'{"membership_code": "MEMBER"}\'')
    office.save_connection()
    settled(office, 3)
    assert office.balance() == 0


def test_b_1_r_9_a_membership_s_refund_that_failed_brings_its_charge_back(offices: Offices) -> None:
    """B-1, R-9: refund 9900 and its charge → 0; failed: both come back, and the patient owes what was owed before."""
    office = offices.open()
    office.charge("pt-1", OWED)
    enrolled = msgspec.structs.replace(
        membership(patient_ref="pt-1", members=(e.Member(patient_ref="pt-1", amount_minor=29_900),)),
        practice_id=office.practice_id,
        event_id="practice-1-member",
        payment_id="practice-1-pay-member",
    )
    offices.database.report(enrolled)
    offices.poster()
    settled(office, 3)
    about(office, enrolled, linked_examples.refunded(gross=-9900))  # type: ignore[arg-type]
    settled(office, 5)
    about(office, enrolled, linked_examples.refund_failed(gross=9900))  # type: ignore[arg-type]
    settled(office, 7)
    assert office.balance() == OWED


def test_note_1_a_payment_request_is_a_note_with_its_local_time(offices: Offices) -> None:
    """NOTE-1: whatever the master switch says; it moves no money."""
    office = offices.open(notes=True, master=False)
    offices.database.connection.execute("UPDATE practices SET entitled_at = added_at")
    patient = office.patient("pt-1")
    offices.database.report(
        msgspec.structs.replace(
            request(), practice_id=office.practice_id, event_id="practice-1-req", patient_ref="pt-1"
        )
    )
    offices.poster()
    settled(office, 1)
    (note,) = offices.sandbox.open_dental.notes(office.customer_key)
    assert note.pat_num == patient
    assert note.at == local(NOON)
    assert office.balance() == 0


def local(at: datetime) -> str:
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M:%S}"

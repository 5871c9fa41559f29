"""A patient is linked to another record of the office between a payment and its refund."""

from __future__ import annotations

from sinks.operations.actions.move_patient import move_patient
from tests.processors.rules import linked_examples
from tests.sinks.operations.orders import ledger_of, order
from tests.sinks.poster.offices import Offices
from tests.sinks.poster.test_every_kind_posts import about, settled


def test_r_13_a_refund_goes_where_its_payment_went(offices: Offices) -> None:
    """R-13: linked anew, what was posted stays where it is, and so its refund goes there too."""
    office = offices.open()
    paid = office.pay()
    offices.database.report(paid)
    offices.poster()
    settled(office, 2)
    first = office.patients["pt-1"]
    other = office.patient("pt-2")
    offices.database.connection.execute(
        "UPDATE patient_links SET pms_patient_id = %s WHERE patient_ref = 'pt-1'", (str(other),)
    )
    about(office, paid, linked_examples.refunded())
    settled(office, 3)
    assert {patient for patient, _ in office.adjustments()} == {first}


def test_e_12_entries_move_from_the_wrong_patient_to_the_right_one(offices: Offices) -> None:
    """E-12, R-20: taken back at the record where they stand, after a look there, and posted at the other one; the wrong
    patient owes what they owed before, and nothing stands twice."""
    office = offices.open()
    paid = office.pay()
    offices.database.report(paid)
    offices.poster()
    settled(office, 2)
    about(office, paid, linked_examples.refunded(-4000))
    settled(office, 3)
    wrong, right = office.patients["pt-1"], office.patient("pt-2")
    assert (office.balance("pt-1"), office.balance("pt-2")) == (-6000, 0)
    ledger = ledger_of(offices.database.connection, offices.database.clock)
    done = move_patient(ledger, office.practice_id, "pt-1", str(right), order(reason="the other John"))
    assert {each.pms_patient_id for each in done.stands} == {str(wrong)}
    settled(office, 9)
    assert (office.balance("pt-1"), office.balance("pt-2")) == (0, -6000)
    assert office.payments() == [(wrong, 9680), (right, 9680)]
    assert not office.doubled()
    looked = [row for row in office.attempts() if row[1] == "origin"]
    assert len(looked) >= 3, "each original was read before it was taken back"

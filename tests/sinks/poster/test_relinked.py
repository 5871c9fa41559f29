"""A patient is linked to another record of the office between a payment and its refund."""

from __future__ import annotations

from tests.processors.rules import linked_examples
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

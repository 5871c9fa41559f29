"""The poster against a sandbox office: what is due is posted once, in order."""

from __future__ import annotations

from tests.sinks.poster.offices import Offices


def test_a_net_payment_and_its_companion_are_posted(offices: Offices) -> None:
    """N-1, N-2: 96.80 as a payment and 3.20 as a credit adjustment, and nothing else."""
    office = offices.open()
    patient = office.patient("pt-1")
    offices.book.tell(office.pay())
    offices.poster()
    office.until_states("POSTED", "POSTED")
    assert office.payments() == [(patient, 9680)]
    assert office.adjustments() == [(patient, -320)]
    assert all(office.column("external_id"))

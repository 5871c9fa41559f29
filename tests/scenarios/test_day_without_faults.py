"""Everything of the slice at once, without a fault."""

from __future__ import annotations

import pytest

from tests.scenarios.example_events import membership, payment, payout
from tests.scenarios.pipeline import Pipeline


@pytest.mark.stack
def test_payments_a_membership_and_a_payout_are_posted_once(pipeline: Pipeline) -> None:
    """Each payment stands in the PMS with its companion, a membership with its charge (B-1), the payout in QuickBooks,
    to the cent. The roles are interpreters of their own, as an operator starts them."""
    practice = pipeline.practice(quickbooks=True)
    pipeline.start_all(fresh=True)
    pipeline.send(
        payment(practice), payment(practice, "pt-2", 5_000, 175), membership(practice, "pt-3"), payout(practice)
    )
    pipeline.until_states(POSTED=8)
    customer_key, realm = pipeline.accounts[practice]
    payments = sorted(row.amount_minor for row in pipeline.sandbox.open_dental.payments(customer_key))
    assert payments == [4_825, 9_680, 29_003]
    assert [row.amount_minor for row in pipeline.sandbox.open_dental.charges(customer_key)] == [29_900]
    assert [row.total_minor for row in pipeline.sandbox.quickbooks.company(realm).deposits()] == [9_680]
    pipeline.invariants()

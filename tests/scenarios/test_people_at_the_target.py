"""Cases from the field: a bookkeeper deletes or edits our deposit, then the payout fails or its doubt is settled."""

from __future__ import annotations

from datetime import date

import pytest

from tests.scenarios.attempts import column
from tests.scenarios.example_events import payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.test_returned_payouts import ZONE, _failed

NOTICES = "SELECT reason FROM notices WHERE practice_id = %s AND closed_at IS NULL"


@pytest.mark.stack
def test_a_deposit_that_was_deleted_is_not_reversed(pipeline: Pipeline) -> None:
    """R-20: nothing is there to take back: held and reported, no journal entry."""
    practice = pipeline.practice(pms=False, quickbooks=True, zone=ZONE)
    company = pipeline.sandbox.quickbooks.company(pipeline.accounts[practice][1])
    pipeline.start_all()
    paid = payout(practice, ((15_000, 495),), arrival_date=date(2026, 11, 20))
    pipeline.send(paid)
    pipeline.until_states(POSTED=1)
    (deposit,) = company.deposits()
    company.edit("deposits", str(deposit.row["Id"]))
    pipeline.send(_failed(paid))
    pipeline.until_states(POSTED=1, AWAITING_REVIEW=1)
    assert column(pipeline, "reason", practice)[1] == "ORIGINAL_GONE"
    assert company.journal_entries() == []
    pipeline.until(
        lambda: "ORIGINAL_GONE" in [row["reason"] for row in pipeline.rows(NOTICES, practice)], "the notice is open"
    )

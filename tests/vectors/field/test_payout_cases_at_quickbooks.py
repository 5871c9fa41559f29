"""Cases 06 to 08b, 17, 24, 37 and 38 through the whole pipeline: what stands in QuickBooks (P-23 to P-26)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from deploy.sandbox.demonstration import quickbooks_mapping, quickbooks_secrets
from tests.scenarios.business_time import BusinessTime
from tests.scenarios.conftest import pipeline, sandbox
from tests.scenarios.pipeline import Pipeline
from tests.vectors.field.cases import Part, parts

__all__ = ["pipeline", "sandbox"]

pytestmark = [pytest.mark.stack, pytest.mark.long]

START = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
CASES = ("06", "07", "07b", "08", "08b", "17", "24", "37", "38")
CLEARING = "case-08b-clearing"


def _groups(name: str) -> tuple[Part, ...]:
    """Under the case's own name: two of them share one in their files."""
    practice = f"case-{name}"
    return tuple(
        tuple(msgspec.structs.replace(event, practice_id=practice) for event in group) for group in parts(practice)
    )


def _mapped(pipeline: Pipeline, practice: str, **changes: Any) -> None:
    sandbox, realm = pipeline.sandbox, pipeline.accounts[practice][1]
    mapping = quickbooks_mapping(sandbox, realm) | changes
    pipeline.connect(practice, "quickbooks", sandbox.address.quickbooks, mapping, quickbooks_secrets(sandbox, realm))


@pytest.mark.timeout(600)
def test_p23_to_p26_the_books_of_every_case(pipeline: Pipeline) -> None:
    """One deposit for one charge; each bank account its own; loans and clearing; and nothing that cancels."""
    BusinessTime(pipeline, START)
    groups = {name: _groups(name) for name in CASES}
    for name in CASES:
        pipeline.practice(f"case-{name}", patients=("pt-1",), quickbooks=True, since=SINCE)
    pipeline.practice(CLEARING, pms=False, quickbooks=True, since=SINCE)
    company = {name: pipeline.sandbox.quickbooks.company(realm) for name, (_, realm) in pipeline.accounts.items()}
    bank, savings = company["case-17"].account("Practice Checking"), company["case-17"].account("Savings")
    _mapped(pipeline, "case-07", detail="BY_KIND")
    _mapped(pipeline, "case-17", banks={"1111": bank, "2222": savings})
    _mapped(pipeline, CLEARING, booking="CLEARING")
    groups[CLEARING] = (tuple(msgspec.structs.replace(groups["08b"][-1][0], practice_id=CLEARING) for _ in "1"),)
    pipeline.start_all()
    sent = 0
    for place in range(3):
        events = [event for each in groups.values() if place < len(each) for event in each[place]]
        pipeline.send(*events)
        sent += len(events)
        pipeline.until_stored(sent)
        pipeline.until(lambda: _at_rest(pipeline), "everything that may be posted is posted")

    def deposits(practice: str) -> list[tuple[str, int]]:
        return sorted((each.bank_account, each.total_minor) for each in company[practice].deposits())

    def balance(practice: str, account: str) -> list[int]:
        number = company[practice].account(account)
        return [each.balance_of(number) for each in company[practice].journal_entries()]

    assert deposits("case-06") == [(bank, 14505)]
    assert (deposits("case-07"), company["case-07"].journal_entries()) == ([], [])
    assert balance("case-07b", "Practice Checking") == [85000]
    assert balance("case-07b", "Practice Loan") == [12000]
    assert (deposits("case-08"), deposits("case-08b")) == ([], [])
    assert deposits(CLEARING) == [(bank, 40000)]
    assert deposits("case-17") == [(bank, 9680), (savings, 6770)]
    assert deposits("case-24") == [(bank, 14530)]
    assert deposits("case-37") == [(bank, 13935)]
    assert deposits("case-38") == [(bank, 9390), (bank, 9680)]
    states = {(row["practice_id"], row["state"]) for row in pipeline.rows("SELECT practice_id, state FROM effects")}
    assert ("case-06", "AWAITING_REVIEW") in states
    assert ("case-07", "SKIPPED_ZERO") in states
    assert ("case-08b", "INVALID_CONFIG") in states
    found = pipeline.rows("SELECT practice_id, kind FROM payout_differences WHERE ended_at IS NULL ORDER BY 1, 2")
    assert [(row["practice_id"], row["kind"]) for row in found] == [
        ("case-06", "IN_TWO_PAYOUTS"),
        ("case-37", "FEE_DIFFERS"),
        ("case-37", "GROSS_DIFFERS"),
        ("case-38", "CHARGE_UNKNOWN"),
        ("case-38", "REFUND_UNKNOWN"),
    ]
    assert pipeline.doubled() == []


def _at_rest(pipeline: Pipeline) -> bool:
    open_work = "SELECT 1 AS n FROM work WHERE is_in_lane(state)"
    return not pipeline.rows(f"{open_work} LIMIT 1") and not pipeline.rows(
        "SELECT 1 AS n FROM standing_items WHERE NOT compared LIMIT 1"
    )

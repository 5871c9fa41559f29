"""Cases 06 to 08b, 15 to 19, 24, 35, 37 and 38 through the whole pipeline: what stands in QuickBooks, and what is
reported (M-8, P-4, P-18, P-21, P-23 to P-26, R-20)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
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
CASES = ("06", "07", "07b", "08", "08b", "16", "17", "18", "19", "24", "35", "37", "38")
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
    _start(pipeline)
    sent = 0
    for place in range(4):
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
    assert deposits("case-16") == [(bank, 9680)]
    (negative,) = company["case-16"].journal_entries()
    accounts = ("Practice Checking", "Refunds and Allowances", "Patient Income", "Merchant Fees")
    moved = [negative.balance_of(company["case-16"].account(each)) for each in accounts]
    assert moved == [-6146, 10000, -4000, 146]
    assert deposits("case-17") == [(bank, 9680), (savings, 6770)]
    assert (deposits("case-18"), company["case-18"].journal_entries()) == ([], [])
    assert deposits("case-19") == [(bank, 5000), (bank, 14400)]
    reserve = company["case-19"].account("Processor Reserve")
    assert sorted(_of_account(each, reserve) for each in company["case-19"].deposits()) == [-5000, 5000]
    assert deposits("case-24") == [(bank, 14530)]

    def standing() -> list[int]:
        returned = [each.balance_of(bank) for each in company["case-35"].journal_entries()]
        return [total for _, total in deposits("case-35")] + returned

    # A payout that was held for another's charge is let go by a sweep, some time after that one came back.
    pipeline.until(lambda: sum(standing()) == 12 * 14505, "each charge stands in one deposit")
    pipeline.until(lambda: _at_rest(pipeline), "and nothing else is on its way")
    assert sum(standing()) == 12 * 14505
    assert sum(each > 0 for each in standing()) - sum(each < 0 for each in standing()) == 12
    assert deposits("case-37") == [(bank, 13935)]
    assert deposits("case-38") == [(bank, 9390), (bank, 9680)]
    states = {(row["practice_id"], row["state"]) for row in pipeline.rows("SELECT practice_id, state FROM effects")}
    assert ("case-06", "AWAITING_REVIEW") in states
    assert ("case-07", "SKIPPED_ZERO") in states
    assert ("case-08b", "INVALID_CONFIG") in states
    letters = pipeline.rows("SELECT practice_id, reason, field FROM dead_letters WHERE stage = 'rules'")
    assert [tuple(row.values()) for row in letters] == [("case-18", "CURRENCY_MISMATCH", "currency")]
    pipeline.until(lambda: "CURRENCY_MISMATCH" in _reported(pipeline, "case-18"), "the practice is told of it")
    compared = [f"case-{name}" for name in ("06", "07", "07b", "08", "08b", "16", "24", "37", "38")]
    found = pipeline.rows(
        "SELECT practice_id, kind FROM payout_differences"
        " WHERE ended_at IS NULL AND practice_id = ANY(%s) ORDER BY 1, 2",
        compared,
    )
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


@pytest.mark.timeout(600)
def test_r20_a_deposit_that_a_bookkeeper_deleted_is_not_taken_back(pipeline: Pipeline) -> None:
    """Cases 15 and 15b: the deposit is gone when the payout fails: held and reported, and no journal entry."""
    BusinessTime(pipeline, START)
    practice = pipeline.practice("case-15", pms=False, quickbooks=True, since=SINCE, zone="America/New_York")
    company = pipeline.sandbox.quickbooks.company(pipeline.accounts[practice][1])
    _start(pipeline)
    pipeline.send(*parts("case-15")[0])
    pipeline.until_states(POSTED=1)
    (deposit,) = company.deposits()
    company.edit("deposits", str(deposit.row["Id"]))
    pipeline.send(*parts("case-15b")[0])
    pipeline.until_states(POSTED=1, AWAITING_REVIEW=1)
    held = pipeline.rows("SELECT entry_kind, reason FROM effects WHERE state = 'AWAITING_REVIEW'")
    assert [tuple(row.values()) for row in held] == [("payout_reversal", "ORIGINAL_GONE")]
    assert (company.deposits(), company.journal_entries()) == ([], [])
    pipeline.until(lambda: "ORIGINAL_GONE" in _reported(pipeline, practice), "the practice is told of it")


def _start(pipeline: Pipeline) -> None:
    """RULES reads the practices' settings before the first event, so that it decides each at once."""
    pipeline.start("relay")
    pipeline.until(lambda: not pipeline.rows("SELECT 1 FROM outbox LIMIT 1"), "the settings are published")
    pipeline.start("rules", "intake", "poster", "notifier")


def _reported(pipeline: Pipeline, practice: str) -> list[str]:
    """What the practice has an open notice of."""
    query = "SELECT reason FROM notices WHERE practice_id = %s AND closed_at IS NULL"
    return [row["reason"] for row in pipeline.rows(query, practice)]


def _of_account(document: Any, account: str) -> int:
    """What the lines of a deposit move in one account, in cents; what the bank gets is positive."""
    lines = (line for line in document.row["Line"] if line["DepositLineDetail"]["AccountRef"]["value"] == account)
    return sum(round(Decimal(str(line["Amount"])) * 100) for line in lines)

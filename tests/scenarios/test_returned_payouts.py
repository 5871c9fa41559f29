"""Payouts that the bank returns, and corrected payouts: at QuickBooks, and in the story (P-7, P-8, P-21)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from schemas.events import PayoutCategory, PayoutFailed, PayoutItem, PayoutPaid
from sinks.ledger.schema.database import connect
from sinks.operations.queries.explain import explain
from sinks.operations.queries.explain.record import Story
from tests.scenarios.example_events import SOURCE, just_now, payout, some_id
from tests.scenarios.pipeline import Pipeline

ZONE = "America/New_York"


def _failed(paid: PayoutPaid, at: datetime | None = None) -> PayoutFailed:
    at = at or just_now()
    return PayoutFailed(
        event_id=some_id("ev"),
        source=SOURCE,
        occurred_at=at,
        produced_at=at,
        practice_id=paid.practice_id,
        payout_id=paid.payout_id,
        failed_at=at,
        reason_code="account_closed",
    )


def _told_anew(paid: PayoutPaid, gross: int, fee: int) -> PayoutPaid:
    """Version 2 of a payout with one item."""
    item = PayoutItem(
        item_id="001", category=PayoutCategory.CHARGE, gross_minor=gross, fee_minor=fee, net_minor=gross - fee
    )
    return msgspec.structs.replace(
        paid,
        event_id=some_id("ev"),
        version=2,
        gross_minor=gross,
        fee_minor=fee,
        net_minor=gross - fee,
        items=(item,),
        occurred_at=just_now(),
    )


def _story(pipeline: Pipeline, sought: str) -> Story:
    with connect(pipeline.world.database_url, "scenario") as db:
        answer = explain(db, sought)
    assert isinstance(answer, Story), answer
    return answer


@pytest.mark.stack
def test_a_returned_payout_is_reversed_and_issued_again(pipeline: Pipeline) -> None:
    """P-21: 15000/495 comes back: Dr Income 15000, Cr Fees 495, Cr Bank 14505, on the local day of the failure; what
    is issued again is a new deposit of 14505, and the PMS hears of neither."""
    practice = pipeline.practice(quickbooks=True, zone=ZONE)
    company = pipeline.sandbox.quickbooks.company(pipeline.accounts[practice][1])
    accounts = {name: company.account(name) for name in ("Practice Checking", "Patient Income", "Merchant Fees")}
    pipeline.start_all()
    first = payout(practice, ((15_000, 495),))
    pipeline.send(first)
    pipeline.until_states(POSTED=1)
    failed = _failed(first)
    pipeline.send(failed)
    pipeline.until_states(POSTED=2)
    (entry,) = company.journal_entries()
    assert {name: entry.balance_of(number) for name, number in accounts.items()} == {
        "Practice Checking": -14_505,
        "Patient Income": 15_000,
        "Merchant Fees": -495,
    }
    assert entry.txn_date == failed.failed_at.astimezone(ZoneInfo(ZONE)).date().isoformat()
    again = payout(practice, ((15_000, 495),))
    pipeline.send(again)
    pipeline.until_states(POSTED=3)
    assert [row.total_minor for row in company.deposits()] == [14_505, 14_505]
    assert pipeline.at_targets()[practice] == 14_505
    assert pipeline.sandbox.open_dental.payments(pipeline.accounts[practice][0]) == []
    story = _story(pipeline, first.payout_id)
    assert story.headline == f"Payout {first.payout_id} of 145.05 USD: REVERSED, 2 of 2 entries in the books"
    document, back = (each.entries[0] for each in story.events)
    assert (document.taken_back_by, back.takes_back) == ((back.id,), document.id)
    assert document.external_id is not None
    assert document.external_id in entry.note
    pipeline.invariants()


@pytest.mark.stack
def test_a_returned_payout_uses_the_accounts_of_its_original(pipeline: Pipeline) -> None:
    """P-7: another income account was mapped in the meantime; the one that was credited is debited all the same."""
    practice = pipeline.practice(pms=False, quickbooks=True, zone=ZONE)
    company = pipeline.sandbox.quickbooks.company(pipeline.accounts[practice][1])
    pipeline.start_all()
    first = payout(practice, ((15_000, 495),))
    pipeline.send(first)
    pipeline.until_states(POSTED=1)
    with connect(pipeline.world.database_url, "scenario") as db:
        db.execute(
            "UPDATE connections SET config = jsonb_set(config, '{accounts,income}', to_jsonb(%s::text)),"
            " changed_at = now() WHERE target = 'QUICKBOOKS'",
            (company.account("Membership Income"),),
        )
    pipeline.send(_failed(first))
    pipeline.until_states(POSTED=2)
    (entry,) = company.journal_entries()
    assert entry.balance_of(company.account("Patient Income")) == 15_000
    assert entry.balance_of(company.account("Membership Income")) == 0
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_a_corrected_payout_is_reversed_and_written_under_its_own_reference(pipeline: Pipeline) -> None:
    """P-8: version 2 reverses the document of version 1 and writes a new one; no two stand under one reference."""
    practice = pipeline.practice(pms=False, quickbooks=True, zone=ZONE)
    company = pipeline.sandbox.quickbooks.company(pipeline.accounts[practice][1])
    pipeline.start_all()
    first = payout(practice, ((15_000, 495),), arrival_date=date(2026, 11, 20))
    pipeline.send(first)
    pipeline.until_states(POSTED=1)
    pipeline.send(_told_anew(first, 14_000, 400))
    pipeline.until_states(POSTED=3)
    notes = [row.note for row in company.deposits()] + [row.note for row in company.journal_entries()]
    heads = sorted(note.split(":")[0].split(" (")[0] for note in notes)
    assert heads == [
        f"Payout {first.payout_id}",
        f"Payout {first.payout_id} v2",
        f"Reversal of payout {first.payout_id}",
    ]
    assert pipeline.at_targets()[practice] == 13_600
    story = _story(pipeline, first.payout_id)
    assert story.totals is not None
    assert (story.totals.remaining_minor, story.totals.standing) == (13_600, None)
    pipeline.invariants()


@pytest.mark.stack
def test_a_payout_that_failed_before_it_was_known(pipeline: Pipeline) -> None:
    """R-8: the failure waits for its payout; then both documents are written, in order, and the bank is as before."""
    practice = pipeline.practice(pms=False, quickbooks=True, zone=ZONE)
    company = pipeline.sandbox.quickbooks.company(pipeline.accounts[practice][1])
    pipeline.start_all()
    first = payout(practice, ((15_000, 495),), occurred_at=datetime.now(UTC) - timedelta(minutes=5))
    pipeline.send(_failed(first))
    pipeline.until_states(AWAITING_ORIGINAL=1)
    pipeline.send(first)
    pipeline.until(lambda: "AWAITING_ORIGINAL" not in pipeline.states(), "the failure is resolved")
    pipeline.until(lambda: not {"SCHEDULED", "SENDING"} & set(pipeline.states()), "everything is settled")
    assert pipeline.at_targets()[practice] == 0
    story = _story(pipeline, first.payout_id)
    parked = next(event for event in story.events if event.kind == "payout_failed")
    assert parked.waited_as == ("AWAITING_ORIGINAL",)
    assert parked.resolved_at is not None
    assert len(company.deposits()) == len(company.journal_entries())
    pipeline.invariants()

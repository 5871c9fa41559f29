"""What a switch, a link or a mapping keeps from being sent, and what that holds (laws 23 and 24, N-8)."""

from __future__ import annotations

from datetime import date, timedelta

from schemas.codec import decode_result
from schemas.practice_settings import AmountMode
from tests.processors.rules.event_examples import NOON
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import SAVING
from tests.sinks.poster.offices import Offices


def test_a_closed_month_blocks_and_says_so(offices: Offices) -> None:
    """T-12, T-9 HOLD: the API would take it, so the setting is asked before the mark."""
    office = offices.open(ledger_closed_through=NOON.date())
    offices.database.report(office.pay())
    offices.poster()
    until(lambda: office.states()[0] == "BLOCKED_PERIOD", "it is blocked", show=office.shown)
    assert office.payments() == []
    assert office.column("reason")[0] == "PERIOD_CLOSED"
    ((headers,),) = offices.database.rows("SELECT headers::text FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
    assert '["dl-reason", "PERIOD_CLOSED"]' in headers
    assert '["dl-ambiguous", "false"]' in headers


def test_a_missing_fee_type_stops_the_payment_too(offices: Offices) -> None:
    """N-8: half of a pair is not sent when the other half cannot be; one dead letter, on the payment."""
    office = offices.open(mapping={"fee_credit": None})
    offices.database.report(office.pay())
    offices.poster()
    office.until_states("INVALID_CONFIG", "SCHEDULED")
    assert office.payments() == []
    assert offices.database.one("SELECT count(*) FROM outbox WHERE topic = 'writeback-dead-letters.v1'") == 1


def test_a_dead_payment_holds_its_companion_and_nobody_else(offices: Offices) -> None:
    """Law 23, scenario 49: what depends on a dead entry waits; the rest of the lane flows."""
    office = offices.open()
    refused = office.patient("pt-1")
    offices.sandbox.open_dental.fault(
        "status", status=400, text="ProcNum is invalid.", account=office.customer_key, times=1
    )
    offices.database.report(office.pay(gross=10_000), office.pay(gross=20_000))
    offices.poster()
    office.until_states("REJECTED", "SCHEDULED", "POSTED", "POSTED")
    assert office.payments() == [(refused, 19_680)]


def test_master_off_pauses_what_is_due(offices: Offices) -> None:
    """Law 24, E-9 e: the switch as it is now is asked at the mark."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay())
    offices.database.connection.execute("UPDATE settings SET body = body || '{\"master\": false}'")
    offices.poster()
    office.until_states("PAUSED")
    assert office.payments() == []


def test_a_connection_that_is_off_pauses_what_is_due(offices: Offices) -> None:
    """Law 24: the switch of the connection."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay())
    offices.database.connection.execute("UPDATE connections SET enabled = false")
    offices.poster()
    office.until_states("PAUSED")
    assert office.payments() == []
    assert office.column("reason") == ["CONNECTION_REPLACED"]
    assert office.column("planned_reason") == ["AUTO_INSTANT"]


def test_entries_paused_for_a_connection_go_on_when_it_is_saved_again(offices: Offices) -> None:
    """R-6, law 8: no sweep wakes it in vain; saving the connection does."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay())
    offices.database.connection.execute("UPDATE connections SET enabled = false")
    offices.poster()
    office.until_states("PAUSED")
    assert not any(offices.database.sweeps.repair().values())
    assert office.states() == ["PAUSED"]
    office.save_connection()
    office.until_states("POSTED")
    assert (office.column("reason"), office.column("planned_reason")) == (["AUTO_INSTANT"], [None])


def published(offices: Offices) -> list[tuple[str, str | None]]:
    """State and reason of every result that was enqueued, in order."""
    rows = offices.database.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY created_at")
    results = [decode_result(bytes(value)) for (value,) in rows]
    return [(result.state.value, None if result.reason is None else str(result.reason)) for result in results]


def test_a_link_that_was_taken_away_is_awaited(offices: Offices) -> None:
    """Law 8: checked again under the practice's lock before it is written."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay())
    offices.database.connection.execute("DELETE FROM patient_links")
    offices.poster()
    office.until_states("AWAITING_LINK")
    assert office.column("reason") == ["AUTO_INSTANT"], "the decision's reason stays"
    assert published(offices)[-1] == ("AWAITING_LINK", "PATIENT_NOT_LINKED"), "what it waits for is published"
    office.patients.clear()
    office.patient("pt-1")
    assert offices.database.sweeps.repair()["link"] == 1
    office.until_states("POSTED")
    assert published(offices)[-1] == ("POSTED", "AUTO_INSTANT")


def test_the_next_mark_sees_settings_that_were_saved(offices: Offices) -> None:
    """T-12: `ledger_closed_through` is always today's value, whatever version decided."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay("pt-1"))
    offices.database.clock.instant = NOON + timedelta(minutes=1)
    offices.database.save("practice-1", amount=AmountMode.GROSS, ledger_closed_through=date(2026, 12, 31))
    assert SAVING.actor
    offices.poster()
    office.until_states("BLOCKED_PERIOD")

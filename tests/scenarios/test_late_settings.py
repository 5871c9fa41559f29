"""Scenarios 65 to 69, laws 10, 14, 15: settings that are missing, broken, late or changed on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.events import Event
from schemas.topics import TopicName
from streams.fault_injection import Control
from tests.scenarios.business_time import BusinessTime
from tests.scenarios.example_events import membership, payment, payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put

pytestmark = pytest.mark.stack


def test_without_any_settings_events_wait_and_are_released_when_the_practice_is_added(pipeline: Pipeline) -> None:
    """Scenario 65: an empty settings topic is read to its end, the role is ready, what comes waits as
    AWAITING_SETTINGS, and adding the practice posts all of it."""
    pipeline.start_all()
    pipeline.running("rules").until_said("settings are read")
    pipeline.send(payment("p1"), membership("p1", "pt-2"), payout("p1"))
    pipeline.until_states(AWAITING_SETTINGS=3)
    assert pipeline.rows("SELECT DISTINCT reason FROM events") == [{"reason": "NO_SETTINGS"}]
    pipeline.practice("p1", quickbooks=True)
    pipeline.until(lambda: "AWAITING_SETTINGS" not in pipeline.states(), "everything is decided")
    assert {row["settings_version"] for row in pipeline.rows("SELECT settings_version FROM events")} == {1}
    pipeline.until(lambda: set(pipeline.states()) <= {"POSTED", "SKIPPED_DISABLED"}, "everything is posted")
    pipeline.invariants()


def test_an_unknown_practice_blocks_nobody(pipeline: Pipeline) -> None:
    """Scenario 66: events of a practice that nobody knows wait in the ledger, before and between those of another
    practice on the same partition, which are posted."""
    known = pipeline.practice("p1")
    pipeline.start_all()
    mixed: list[Event] = []
    for number in range(10):
        mixed += [payment("nobody", gross=100 + number), payment(known, f"pt-{number % 3 + 1}", 1_000 + number, 30)]
    pipeline.send(*mixed)
    pipeline.until_states(practice=known, POSTED=20)
    pipeline.until_states(practice="nobody", AWAITING_SETTINGS=10)
    pipeline.invariants()


def test_a_tombstone_and_a_broken_record_change_no_settings(pipeline: Pipeline) -> None:
    """Scenarios 67, 69: both are ignored, counted and said aloud; the last good settings go on deciding, also for a
    role that starts after them."""
    practice = pipeline.practice()
    pipeline.start_all()
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=2)
    put(pipeline.world, TopicName.SETTINGS, practice.encode(), None)
    put(pipeline.world, TopicName.SETTINGS, practice.encode(), b"\x00\x00\x00\x00\x07broken")
    rules = pipeline.running("rules")

    def counted() -> bool:
        pipeline.send(payment(practice, "pt-2"))
        return rules.metric("writeback_settings_bad_records_total") == 2

    pipeline.until(counted, "both are counted")
    sent = 1 + pipeline.rows("SELECT count(*) AS n FROM receipts")[0]["n"]
    rules.stop()
    pipeline.start("rules")
    pipeline.send(payment(practice, "pt-3"))
    pipeline.until_stored(sent)
    pipeline.until(lambda: set(pipeline.states()) == {"POSTED"}, "everything is decided and posted")
    pipeline.invariants()


def test_settings_changed_between_the_decision_and_the_posting(pipeline: Pipeline) -> None:
    """Scenario 68, E-8: a daily payment decided as NET is posted as NET under version 1, though GROSS and INSTANT came
    before its cut-off; the payment after them follows version 2 at once."""
    noon = datetime(2026, 3, 3, 17, tzinfo=UTC)
    clock = BusinessTime(pipeline, noon)
    practice = pipeline.practice(timing="DAILY", amount="NET")
    pipeline.start_all()
    first = payment(practice, occurred_at=clock.now())
    pipeline.send(first)
    pipeline.until_states(SCHEDULED=2)
    pipeline.save(practice, timing="INSTANT", amount="GROSS")
    clock.to(noon + timedelta(hours=1))
    second = payment(practice, "pt-2", occurred_at=clock.now())
    pipeline.send(second)
    pipeline.until_states(SCHEDULED=2, POSTED=1)
    clock.to(noon + timedelta(hours=7))
    pipeline.until_states(POSTED=3)
    versions = {row["event_id"]: row["settings_version"] for row in pipeline.rows("SELECT * FROM events")}
    assert versions == {first.event_id: 1, second.event_id: 2}
    amounts = pipeline.rows("SELECT event_id, array_agg(amount_minor ORDER BY effect_id) AS a FROM effects GROUP BY 1")
    assert {row["event_id"]: row["a"] for row in amounts} == {first.event_id: [9_680, 320], second.event_id: [10_000]}
    pipeline.invariants()


def _paid_before_rules_know(pipeline: Pipeline, **intake: str) -> str:
    """A version is saved and in force, and not yet published, when a payment under it is decided."""
    practice = pipeline.practice(amount="NET")
    pipeline.start("rules", "poster", "notifier", "relay")
    pipeline.start("intake", **intake)
    pipeline.send(payment(practice, "pt-1"))
    pipeline.until_states(POSTED=2)
    pipeline.running("relay").stop()
    pipeline.save(practice, amount="GROSS")
    pipeline.send(payment(practice, "pt-2", occurred_at=datetime.now(UTC)))
    pipeline.until_stored(2)
    return practice


def test_settings_saved_while_a_payment_is_in_flight(pipeline: Pipeline) -> None:
    """Law 15: INTAKE finds the decision made under an old version, lets the payment wait, asks for another one, and
    posts that; nothing is posted meanwhile."""
    practice = _paid_before_rules_know(pipeline)
    assert pipeline.states() == {"POSTED": 2, "AWAITING_SETTINGS": 1}
    assert [row["reason"] for row in pipeline.rows("SELECT reason FROM events WHERE waiting IS NOT NULL")] == [
        "SETTINGS_SUPERSEDED"
    ]
    pipeline.start("relay")
    pipeline.until_states(POSTED=3)
    assert sorted(row["settings_version"] for row in pipeline.rows("SELECT settings_version FROM events")) == [1, 2]
    assert pipeline.at_targets() == {practice: 20_000}
    pipeline.invariants()


def test_control_settings_check(pipeline: Pipeline) -> None:
    """Without the check the payment is booked under a version that was not in force when it happened."""
    _paid_before_rules_know(pipeline, test_controls=Control.SETTINGS_CHECK.value)
    pipeline.until_states(POSTED=4)
    assert {row["settings_version"] for row in pipeline.rows("SELECT settings_version FROM events")} == {1}
    in_force = pipeline.rows(
        "SELECT max(version) AS v FROM settings WHERE effective_from <= (SELECT max(occurred_at) FROM events)"
    )
    assert in_force == [{"v": 2}]

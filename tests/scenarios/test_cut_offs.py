"""Scenarios 56 to 58 and 60, T-1 to T-6, T-11: what the day's cut-off does, through every role, in business time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.business_time import BusinessTime
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline

pytestmark = pytest.mark.stack

SECOND = timedelta(seconds=1)
CUT_OFF = datetime(2026, 3, 3, 23, 0, tzinfo=UTC)
"""18:00 in New York on a day without surprises."""


def due_of(pipeline: Pipeline, event_id: str) -> datetime:
    (row,) = pipeline.rows("SELECT DISTINCT due_at FROM effects WHERE event_id = %s", event_id)
    found: datetime = row["due_at"]
    return found.astimezone(UTC)


def test_one_second_before_at_and_after_the_cut_off(pipeline: Pipeline) -> None:
    """Scenario 56: before goes with this cut-off; at and after go with the next one, a day later."""
    clock = BusinessTime(pipeline, CUT_OFF - timedelta(minutes=4))  # with less than the clocks' skew to all of them
    practice = pipeline.practice(timing="DAILY")
    pipeline.start_all()
    before, at, after = (
        payment(practice, patient, gross, 100, occurred_at=CUT_OFF + shift)
        for patient, gross, shift in (("pt-1", 1_001, -SECOND), ("pt-2", 2_002, 0 * SECOND), ("pt-3", 3_003, SECOND))
    )
    pipeline.send(before, at, after)
    pipeline.until_states(SCHEDULED=6)
    assert [due_of(pipeline, each.event_id) for each in (before, at, after)] == [
        CUT_OFF,
        CUT_OFF + timedelta(days=1),
        CUT_OFF + timedelta(days=1),
    ]
    clock.to(CUT_OFF + SECOND)
    pipeline.until_states(SCHEDULED=4, POSTED=2)
    assert pipeline.at_targets() == {practice: 1_001}
    clock.to(CUT_OFF + timedelta(days=1) - timedelta(minutes=30))
    pipeline.until_states(SCHEDULED=4, POSTED=2)
    clock.to(CUT_OFF + timedelta(days=1) + SECOND)
    pipeline.until_states(POSTED=6)
    assert pipeline.at_targets() == {practice: 6_006}
    pipeline.invariants()


DAYS = (
    # zone, cut-off, the payment's local time, the release in UTC
    ("America/New_York", "02:30", "2026-03-08 01:00", "2026-03-08 07:30"),  # in the gap: 03:30 EDT
    ("America/New_York", "18:00", "2026-03-08 04:00", "2026-03-08 22:00"),  # in a day of 23 hours
    ("Europe/London", "01:30", "2026-03-29 00:15", "2026-03-29 01:30"),  # in the gap: 02:30 BST
    ("Australia/Lord_Howe", "01:45", "2026-04-05 00:30", "2026-04-04 14:45"),  # half an hour twice: the earlier
    ("Australia/Lord_Howe", "02:15", "2026-10-04 01:00", "2026-10-03 15:45"),  # half an hour is left out
    ("Europe/London", "01:30", "2026-10-25 00:15", "2026-10-25 00:30"),  # twice: the earlier
    ("America/New_York", "01:30", "2026-11-01 00:15", "2026-11-01 05:30"),  # twice: the earlier
    ("America/New_York", "18:00", "2026-11-01 03:00", "2026-11-01 23:00"),  # in a day of 25 hours
    ("Asia/Kathmandu", "18:00", "2026-11-02 12:00", "2026-11-02 12:15"),  # five hours and three quarters
)


def test_gaps_folds_and_odd_zones(pipeline: Pipeline) -> None:
    """Scenario 57, T-3: a cut-off that a clock skips moves on by the gap, one that comes twice counts the first time,
    and each payment carries the civil date of its practice."""
    clock = BusinessTime(pipeline, datetime(2026, 3, 7, tzinfo=UTC))
    pipeline.start_all()
    for number, (zone, cut_off, paid, release) in enumerate(DAYS):
        local = datetime.fromisoformat(paid).replace(tzinfo=ZoneInfo(zone))
        at, released = local.astimezone(UTC), datetime.fromisoformat(release).replace(tzinfo=UTC)
        clock.to(max(at - timedelta(minutes=2), clock.now() + SECOND))
        practice = pipeline.practice(f"p{number}", zone=zone, cut_off=time.fromisoformat(cut_off), timing="DAILY")
        clock.to(max(at, clock.now() + SECOND))
        paid_event = payment(practice, gross=1_000 + number, fee=10, occurred_at=at)
        pipeline.send(paid_event)
        pipeline.until_states(practice=practice, SCHEDULED=2)
        assert due_of(pipeline, paid_event.event_id) == released, f"{zone}, {cut_off}, paid {paid}"
        (dated,) = pipeline.rows("SELECT DISTINCT ledger_date FROM effects WHERE event_id = %s", paid_event.event_id)
        assert dated["ledger_date"] == local.date()
        clock.to(released + SECOND)
        pipeline.until_states(practice=practice, POSTED=2)
    assert pipeline.at_targets() == {f"p{number}": 1_000 + number for number in range(len(DAYS))}
    pipeline.invariants(replay=False)


def test_a_poster_that_was_down_catches_up(pipeline: Pipeline) -> None:
    """Scenario 58, T-4: nobody is there at two cut-offs; whoever starts next releases both days, each once, under
    their own dates."""
    clock = BusinessTime(pipeline, CUT_OFF - timedelta(minutes=10))
    practice = pipeline.practice(timing="DAILY")
    pipeline.start_all()
    pipeline.send(payment(practice, gross=1_000, fee=30, occurred_at=clock.now()))
    pipeline.until_states(SCHEDULED=2)
    pipeline.running("poster").stop()
    clock.to(CUT_OFF + timedelta(hours=16))
    pipeline.send(payment(practice, "pt-2", 2_000, 60, occurred_at=clock.now()))
    pipeline.until_states(SCHEDULED=4)
    clock.to(CUT_OFF + timedelta(days=1, hours=1))
    assert pipeline.at_targets() == {practice: 0}
    pipeline.start("poster")
    pipeline.until_states(POSTED=4)
    assert pipeline.at_targets() == {practice: 3_000}
    dates = pipeline.rows("SELECT DISTINCT ledger_date FROM effects ORDER BY 1")
    assert [row["ledger_date"] for row in dates] == [date(2026, 3, 3), date(2026, 3, 4)]
    pipeline.invariants()


def test_stored_in_the_instant_of_the_release(pipeline: Pipeline) -> None:
    """Scenario 60: payments stored while their own cut-off passes are released with it or at once, none a day later."""
    clock = BusinessTime(pipeline, CUT_OFF - timedelta(minutes=30))
    practice = pipeline.practice(timing="DAILY")
    pipeline.start_all()
    early = payment(practice, occurred_at=CUT_OFF - timedelta(minutes=40), gross=1_000, fee=10)
    pipeline.send(early)
    pipeline.until_stored(1)
    clock.to(CUT_OFF - 4 * SECOND)
    sent = 1
    while clock.now() < CUT_OFF + SECOND:
        sent += 1
        pipeline.send(payment(practice, f"pt-{sent % 3 + 1}", 1_000, 10, occurred_at=CUT_OFF - timedelta(minutes=1)))
    sent += 1
    pipeline.send(payment(practice, "pt-1", 1_000, 10, occurred_at=CUT_OFF - timedelta(minutes=1)))
    pipeline.until_states(POSTED=2 * sent)
    due = pipeline.rows("SELECT min(due_at) AS first, max(due_at) AS last, count(DISTINCT due_at) AS n FROM effects")[0]
    assert due["first"] == CUT_OFF
    assert due["last"] < CUT_OFF + timedelta(minutes=5)
    assert due["n"] > 1, "some were stored before the cut-off and some after"
    pipeline.invariants(replay=False)

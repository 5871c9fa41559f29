"""T-5 to T-9: weekends, changes of the calendar, blackouts and closed months, through every role, in business time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from schemas.practice_settings import Blackout, ClosedPeriod, LedgerDate, Weekday
from tests.scenarios.business_time import BusinessTime
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline

pytestmark = pytest.mark.stack

FRIDAY_EVENING = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
"""18:00 in New York, two days before its clocks go forward."""
MONDAY_NOON = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY_CLOSE = Blackout(begins=time(11, 30), ends=time(12, 30), days=(Weekday.MON,))


def entry(pipeline: Pipeline, event_id: str, what: str) -> Any:
    (row,) = pipeline.rows(f"SELECT DISTINCT {what} AS found FROM effects WHERE event_id = %s", event_id)
    return row["found"]


def test_a_weekend_with_a_new_cut_off_and_a_blackout(pipeline: Pipeline) -> None:
    """T-5, T-6, T-7, T-8: what is paid under a new cut-off still goes with the boundary that was next; the weekend's
    money goes on Monday at the new one, after the blackout that lies over it, under the business date."""
    clock = BusinessTime(pipeline, FRIDAY_EVENING - 30 * MINUTE)
    office: dict[str, Any] = {
        "timing": "DAILY",
        "business_days_only": True,
        "ledger_date": LedgerDate.BUSINESS_DATE,
        "blackouts": (DAY_CLOSE,),
    }
    practice = pipeline.practice(**office)
    pipeline.start_all()
    old = payment(practice, "pt-1", 1_001, 1, occurred_at=clock.now())
    pipeline.send(old)
    pipeline.until_states(SCHEDULED=2)
    pipeline.save(practice, **office, cut_off=time(12))
    changed = payment(practice, "pt-2", 2_002, 2, occurred_at=clock.now())
    pipeline.send(changed)
    pipeline.until_states(SCHEDULED=4)
    assert [entry(pipeline, each.event_id, "due_at") for each in (old, changed)] == [FRIDAY_EVENING] * 2
    clock.to(FRIDAY_EVENING + timedelta(seconds=1))
    pipeline.until_states(POSTED=4)

    clock.to(FRIDAY_EVENING + timedelta(hours=20))
    saturday = payment(practice, "pt-3", 3_003, 3, occurred_at=clock.now())
    pipeline.send(saturday)
    pipeline.until_states(POSTED=4, SCHEDULED=2)
    assert entry(pipeline, saturday.event_id, "due_at") == MONDAY_NOON
    assert entry(pipeline, saturday.event_id, "ledger_date") == date(2026, 3, 9)
    clock.to(MONDAY_NOON + timedelta(seconds=1))
    ends = MONDAY_NOON + 30 * MINUTE
    pipeline.until(
        lambda: pipeline.rows("SELECT 1 FROM gates WHERE blackout_until = %s", ends) != [], "the gate sleeps to its end"
    )
    pipeline.until_states(POSTED=4, SCHEDULED=2)
    clock.to(ends + timedelta(seconds=1))
    pipeline.until_states(POSTED=6)
    assert pipeline.at_targets() == {practice: 6_006}
    pipeline.invariants()


def test_a_month_is_closed_before_it_was_posted(pipeline: Pipeline) -> None:
    """T-9, T-12: paid on the last evening of February, closed overnight: each practice gets what it chose, and the
    month's end opened again lets the one that held its entries go."""
    evening = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)
    clock = BusinessTime(pipeline, evening - 30 * MINUTE)
    names = {policy: pipeline.practice(policy.value.lower(), timing="DAILY") for policy in ClosedPeriod}
    pipeline.start_all()
    clock.to(evening)
    for practice in names.values():
        pipeline.send(payment(practice, gross=5_000, fee=50, occurred_at=evening))
    pipeline.until_states(SCHEDULED=6)
    for policy, practice in names.items():
        pipeline.save(practice, timing="DAILY", closed_period=policy, ledger_closed_through=date(2026, 2, 28))
    clock.to(datetime(2026, 3, 1, 23, 0, 1, tzinfo=UTC))
    pipeline.until_states(practice=names[ClosedPeriod.POST_TODAY], POSTED=2)
    pipeline.until_states(practice=names[ClosedPeriod.HOLD], BLOCKED_PERIOD=1, SCHEDULED=1)
    pipeline.until_states(practice=names[ClosedPeriod.MANUAL], AWAITING_MANUAL_POST=2)
    dated = pipeline.rows("SELECT DISTINCT ledger_date AS day FROM effects WHERE state = 'POSTED'")
    assert [row["day"] for row in dated] == [date(2026, 3, 1)]
    pipeline.save(names[ClosedPeriod.HOLD], timing="DAILY", ledger_closed_through=date(2026, 1, 31))
    pipeline.until_states(practice=names[ClosedPeriod.HOLD], POSTED=2)
    held = pipeline.rows(
        "SELECT DISTINCT ledger_date AS day FROM effects WHERE practice_id = %s", names[ClosedPeriod.HOLD]
    )
    assert [row["day"] for row in held] == [date(2026, 2, 28)]
    assert pipeline.at_targets()[names[ClosedPeriod.MANUAL]] == 0

"""When a practice's system is read next (SYN-1, SYN-2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sinks.sync.schedule import Every, done_since, next_round, next_try, window_from, window_until
from sinks.targets.reading import ReadKind

AT = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(("every", "hours"), [(Every.DAILY, 24), (Every.HOURLY, 1)])
def test_a_round_begins_a_period_after_the_one_before_began(every: Every, hours: int) -> None:
    assert next_round(every, AT) == AT + timedelta(hours=hours)


@pytest.mark.parametrize("every", Every)
def test_failures_wait_longer_and_never_longer_than_the_period(every: Every) -> None:
    """SYN-1: at least once a day, whatever failed before."""
    waits = [next_try(every, failures, AT) - AT for failures in (*range(1, 40), 10_000)]
    assert waits[0] == timedelta(minutes=1)
    assert waits == sorted(waits)
    assert waits[-1] == (timedelta(days=1) if every is Every.DAILY else timedelta(hours=1))


def test_the_window_begins_a_month_before() -> None:
    """Of appointments a week before, to three months ahead; of what was planned for them, more than a year before."""
    assert window_from(ReadKind.PAYMENTS, AT) == date(2026, 2, 5)
    assert window_from(ReadKind.APPOINTMENTS, AT) == date(2026, 3, 1)
    assert window_until(AT) == date(2026, 6, 7)
    assert window_from(ReadKind.PROCEDURES, AT) == date(2025, 2, 1)
    assert done_since(AT) < window_from(ReadKind.APPOINTMENTS, AT)

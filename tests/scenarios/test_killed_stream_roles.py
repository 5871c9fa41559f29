"""Scenarios 34, 35 and laws 1, 3, 13, 25: SIGKILL of rules, intake or relay around their commits."""

from __future__ import annotations

import pytest

from streams.fault_injection import CrashPoint
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import ALL_ROLES, Pipeline

POINTS = (
    ("rules", CrashPoint.RULES_BEFORE_COMMIT),
    ("rules", CrashPoint.RULES_AFTER_COMMIT),
    ("intake", CrashPoint.INTAKE_BEFORE_COMMIT),
    ("intake", CrashPoint.INTAKE_AFTER_COMMIT),
    ("relay", CrashPoint.RELAY_BEFORE_COMMIT),
    ("relay", CrashPoint.RELAY_AFTER_COMMIT),
)


@pytest.mark.stack
@pytest.mark.parametrize(("role", "point"), POINTS, ids=lambda value: str(getattr(value, "value", value)))
def test_the_next_process_goes_on_where_it_was(pipeline: Pipeline, role: str, point: CrashPoint) -> None:
    """The next process of the slot finishes: every event once in the ledger, every result published at least once."""
    practice = pipeline.practice()
    first = pipeline.start(role, test_crash_at=point.value)
    pipeline.start(*(name for name in ALL_ROLES if name != role))
    pipeline.send(*(payment(practice, f"pt-{n % 3 + 1}", 2_000 + n, 88) for n in range(5)))
    first.until_dead()
    pipeline.start(role)
    pipeline.until_states(POSTED=10)
    pipeline.invariants(replay=False)
    posted = [(each.event_id, each.entry_kind) for each in topics.results(pipeline.world) if each.state == "POSTED"]
    assert len(set(posted)) == 10
    assert len(posted) == 10, "repeats carry the same result id and are dropped by it (law 25)"

"""Outside the hours in which a target takes entries nothing is marked, and nothing is lost (TIM-2, law 24)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from deploy.connector.systems import SYSTEMS
from sinks.poster import pre_send_checks
from sinks.poster.pre_send_checks import Ready, Resting
from sinks.targets.connector.adapter import ConnectorTarget
from sinks.targets.connector.exchange import HttpExchange
from streams.fault_injection.controls import Control, disable
from tests.contract.connector_case import keys, mapping
from tests.sinks.poster.call_examples import TIMES, planned_call

NIGHT_BEGINS = datetime(2026, 3, 10, tzinfo=UTC)


def a_night_system() -> ConnectorTarget:
    document = msgspec.to_builtins(SYSTEMS["cloud9"].limits.capabilities())
    return ConnectorTarget(mapping("office-1", document), HttpExchange("http://127.0.0.1:9", keys("k"), 1))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 9, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(("now", "waits"), [(at(3), False), (at(10, 59), True), (at(12), True), (NIGHT_BEGINS, False)])
def test_an_entry_waits_for_the_next_window(now: datetime, waits: bool) -> None:
    """TIM-2: it stays SCHEDULED, no attempt is spent; what would not end in time waits too."""
    found = pre_send_checks.check(planned_call(request_id="A" * 32), (), a_night_system(), TIMES, now)
    if waits:
        assert found == Resting(NIGHT_BEGINS)
    else:
        assert isinstance(found, Ready)


def test_control_without_the_check_it_would_be_marked() -> None:
    """Control BATCH_WINDOW: the test above would fail."""
    disable([Control.BATCH_WINDOW])
    try:
        assert isinstance(
            pre_send_checks.check(planned_call(request_id="A" * 32), (), a_night_system(), TIMES, at(12)), Ready
        )
    finally:
        disable([])

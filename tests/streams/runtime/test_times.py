"""The times of PROTOCOL section 5, as one record."""

from __future__ import annotations

import pytest

from sinks.ledger.schema.database import STATEMENT_TIMEOUT_S, TRANSACTION_TIMEOUT_S
from sinks.targets.catalogue import ROUTES
from streams.runtime.times import LONGEST_DEADLINE_S, CallLimits, Profile, Times, times_of

CASES = [(profile, route) for profile in Profile for route in ROUTES]


@pytest.mark.parametrize(("profile", "route"), CASES)
def test_a_mark_leaves_time_for_its_call(profile: Profile, route: str) -> None:
    """Laws 16 to 20: a call that starts as late as it may still ends within the lease that the mark asked for."""
    call = times_of(profile).of(ROUTES[route].limits)
    assert call.mark_need_s > call.start_margin_s + call.deadline_s
    assert call.lease_s - call.renew_s >= call.mark_need_s
    assert call.settle_s == call.start_margin_s + call.deadline_s + call.processing_s


@pytest.mark.parametrize(("profile", "route"), CASES)
def test_a_shutdown_outlasts_the_longest_call(profile: Profile, route: str) -> None:
    """PROTOCOL section 5: the grace is long enough for a call that started at the signal."""
    assert times_of(profile).shutdown_grace_s >= times_of(profile).of(ROUTES[route].limits).deadline_s + 3


def test_production_has_the_times_of_section_5() -> None:
    """Open Dental 75 s, QuickBooks 130 s, margin 5 s, need D + 15 s, lease D + 50 s."""
    times = times_of(Profile.PRODUCTION)
    for route, deadline in (("open_dental", 75.0), ("quickbooks", 130.0)):
        call = times.of(ROUTES[route].limits)
        assert (call.deadline_s, call.start_margin_s) == (deadline, 5.0)
        assert call.mark_need_s == deadline + 15
        assert call.lease_s >= deadline + 50
    assert STATEMENT_TIMEOUT_S < TRANSACTION_TIMEOUT_S
    assert times.kafka_transaction_s < times.max_poll_interval_s
    assert (times.retry_base_s, times.retry_cap_s, times.retry_budget_s) == (2.0, 900.0, 86_400.0)


def test_the_sandbox_has_its_own() -> None:
    """PROTOCOL section 5: D 2 s, margin 0.5 s, need D + 1 s, lease D + 3 s, processing 1 s."""
    times: Times = times_of(Profile.SANDBOX)
    for route in ROUTES:
        call = times.of(ROUTES[route].limits)
        assert (call.deadline_s, call.start_margin_s, call.processing_s) == (2.0, 0.5, 1.0)
        assert (call.mark_need_s, call.lease_s) == (3.0, 5.0)


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, LONGEST_DEADLINE_S + 1])
def test_no_system_may_declare_a_call_that_a_stop_does_not_wait_for(deadline_s: float) -> None:
    """The grace at a stop is the longest deadline and 30 s: a longer call would be cut off and end in doubt."""
    with pytest.raises(ValueError, match="deadline"):
        CallLimits(deadline_s=deadline_s, processing_s=1.0)

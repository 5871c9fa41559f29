"""The times of PROTOCOL section 5, as one record."""

from __future__ import annotations

import pytest

from sinks.ledger.schema.database import STATEMENT_TIMEOUT_S, TRANSACTION_TIMEOUT_S
from streams.runtime.times import Profile, Times, Vendor, times_of

CASES = [(profile, vendor) for profile in Profile for vendor in Vendor]


@pytest.mark.parametrize(("profile", "vendor"), CASES)
def test_a_mark_leaves_time_for_its_call(profile: Profile, vendor: Vendor) -> None:
    """Laws 16 to 20: a call that starts as late as it may still ends within the lease that the mark asked for."""
    call = times_of(profile).of(vendor)
    assert call.mark_need_s > call.start_margin_s + call.deadline_s
    assert call.lease_s - call.renew_s >= call.mark_need_s
    assert call.settle_s == call.start_margin_s + call.deadline_s + call.processing_s


@pytest.mark.parametrize(("profile", "vendor"), CASES)
def test_a_shutdown_outlasts_the_longest_call(profile: Profile, vendor: Vendor) -> None:
    """Section 5: the grace is long enough for a call that started at the signal."""
    assert times_of(profile).shutdown_grace_s >= times_of(profile).of(vendor).deadline_s + 3


def test_production_has_the_times_of_section_5() -> None:
    """Open Dental 75 s, QuickBooks 130 s, margin 5 s, need D + 15 s, lease D + 50 s."""
    times = times_of(Profile.PRODUCTION)
    for vendor, deadline in ((Vendor.OPEN_DENTAL, 75.0), (Vendor.QUICKBOOKS, 130.0)):
        call = times.of(vendor)
        assert (call.deadline_s, call.start_margin_s) == (deadline, 5.0)
        assert call.mark_need_s == deadline + 15
        assert call.lease_s >= deadline + 50
    assert STATEMENT_TIMEOUT_S < TRANSACTION_TIMEOUT_S
    assert times.kafka_transaction_s < times.max_poll_interval_s
    assert (times.retry_base_s, times.retry_cap_s, times.retry_budget_s) == (2.0, 900.0, 86_400.0)


def test_the_sandbox_has_its_own() -> None:
    """Section 5: D 2 s, margin 0.5 s, need D + 1 s, lease D + 3 s, processing 1 s."""
    times: Times = times_of(Profile.SANDBOX)
    for vendor in Vendor:
        call = times.of(vendor)
        assert (call.deadline_s, call.start_margin_s, call.processing_s) == (2.0, 0.5, 1.0)
        assert (call.mark_need_s, call.lease_s) == (3.0, 5.0)

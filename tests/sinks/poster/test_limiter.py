"""The limiter, the breaker and the waits between tries (PROTOCOL section 5, law 22)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import ConnectionReason
from sinks.poster import limiter, retry_times
from sinks.poster.call_outcome import Closing
from tests.sinks.poster.call_examples import TIMES


@given(failures=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_waits_are_jittered_and_capped(failures: int, chance: float) -> None:
    """PROTOCOL section 5: full jitter from 2 s, cap 15 min."""
    assert 0 <= retry_times.backoff_s(TIMES, failures, chance) <= min(900.0, 2.0 * 2 ** min(max(failures, 1) - 1, 30))


def test_the_budget_is_a_day_of_expected_waits() -> None:
    """PROTOCOL section 5: 24 h; counted in attempts, so that time behind a closed gate does not count."""
    spent = next(n for n in range(1, 10_000) if retry_times.budget_spent(TIMES, n))
    waited = sum(retry_times.bound_s(TIMES, n) / 2 for n in range(1, spent))
    assert 0.98 * 86_400 <= waited <= 86_400


def test_a_429_with_a_time_is_respected() -> None:
    """Law 22: at least what the target named, and never less than the own step."""
    _, wait_s = limiter.after_closing(limiter.HEALTHY, Closing(ConnectionReason.THROTTLED, 120.0), TIMES, 0.0)
    assert wait_s == 120.0
    _, wait_s = limiter.after_closing(limiter.HEALTHY, Closing(ConnectionReason.THROTTLED), TIMES, 0.0)
    assert wait_s == limiter.THROTTLED_S


def test_closings_in_a_row_wait_longer_and_longer() -> None:
    """PROTOCOL section 5."""
    breaker, waits = limiter.HEALTHY, []
    for _ in range(12):
        breaker, wait_s = limiter.after_closing(breaker, Closing(ConnectionReason.UNREACHABLE), TIMES, 0.999)
        waits.append(wait_s)
    assert waits == sorted(waits)
    assert waits[-1] <= TIMES.retry_cap_s
    assert breaker.probing


def test_silence_closes_after_three_calls_and_a_probe_after_one() -> None:
    """A target that answers nothing leaves few effects in doubt."""
    breaker, closing = limiter.after_silence(limiter.HEALTHY)
    assert closing is None
    breaker, closing = limiter.after_silence(breaker)
    assert closing is None
    breaker, closing = limiter.after_silence(breaker)
    assert closing == Closing(ConnectionReason.TARGET_DOWN)
    assert limiter.after_silence(limiter.Breaker(failures=1))[1] is not None

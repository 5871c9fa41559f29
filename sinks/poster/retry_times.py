"""When a refused effect is tried again: full jitter, capped, with a budget (PROTOCOL section 5). Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from streams.runtime.times import Times

READ_ROUND: Final = 5
"""A failed read waits as the fifth failure of a call would."""
LOOK_CAP_S: Final = 300.0
"""Longest time between two looks for the outcome of what a target has taken."""


def backoff_s(times: Times, failures: int, chance: float) -> float:
    """Seconds to wait after the n-th failure (from 1): uniform up to `bound_s`; `chance` in [0, 1)."""
    return chance * bound_s(times, failures)


def read_again_s(times: Times, retry_after_s: float | None, chance: float) -> float:
    """Seconds to wait after a read of one entry failed, or longer where the target asked. Such failures are not counted
    in the ledger, so each waits as the READ_ROUND-th would."""
    return max(retry_after_s or 0.0, times.retry_base_s + backoff_s(times, READ_ROUND, chance))


def look_again_s(times: Times, sent_ago_s: float) -> float:
    """Seconds until the next look for an entry that its target writes later: half as long as it has been on its way, so
    that each look comes half as late again as the one before; never sooner than the first retry would."""
    return max(times.retry_base_s, min(sent_ago_s / 2, LOOK_CAP_S, times.retry_cap_s))


def bound_s(times: Times, failures: int) -> float:
    """The longest wait after the n-th failure. The exponent is limited, so that no count overflows it."""
    return min(times.retry_cap_s, times.retry_base_s * 2.0 ** min(max(failures, 1) - 1, 32))


def budget_spent(times: Times, attempts: int) -> bool:
    """Whether an effect has been tried for the whole budget.

    The budget is kept in attempts: as many as have expected waits of `retry_budget_s` in sum. An attempt that met a
    closed or failing connection is given back, so time behind a closed gate does not count, whatever it was.
    """
    return attempts >= _attempts_within(times.retry_base_s, times.retry_cap_s, times.retry_budget_s)


@lru_cache(maxsize=8)
def _attempts_within(base_s: float, cap_s: float, budget_s: float) -> int:
    waited, attempts = 0.0, 1
    step = base_s
    while step < cap_s and waited < budget_s:
        waited += step / 2
        attempts += 1
        step *= 2
    if waited < budget_s and cap_s > 0:
        attempts += int((budget_s - waited) / (cap_s / 2))
    return attempts

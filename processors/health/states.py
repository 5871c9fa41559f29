"""Decides the state of a target from one moment to the next: worse at once, better only after some calm. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from processors.health.panes import Sums
from schemas.vocabulary import AnswerClass, HealthState

AWAY_ATTEMPTS: Final = 3
"""Attempts without any answer between them that say OFFLINE, however far apart: one alone may be a network's hiccup."""
FAILING_ATTEMPTS: Final = 4
FAILING_SHARE: Final = 0.5
"""Most of the short window."""
RECOVERED_SHARE: Final = 0.25
"""FAILING lasts until fewer than this fail: half of the share that it begins with, so that it does not flap."""
DEGRADED_ATTEMPTS: Final = 10
DEGRADED_SHARE: Final = 0.1
"""Of the long window, while the short one has failures too."""
CALM_ATTEMPTS: Final = 20
CALM_SHARE: Final = 0.05
"""A busy target need not be without any failure to be well."""
SLOW_SHARE: Final = 0.5
QUICK_SHARE: Final = 0.25
"""Slow from half of the answers on, until less than a quarter of them is."""

_SEVERITY: Final = {
    HealthState.HEALTHY: 0,
    HealthState.DEGRADED: 1,
    HealthState.FAILING: 2,
    HealthState.OFFLINE: 3,
    HealthState.NEEDS_RECONNECT: 4,
}
_UNREACHED: Final = frozenset({HealthState.OFFLINE, HealthState.NEEDS_RECONNECT})


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at one moment."""

    short: Sums
    long: Sums
    answered_at: datetime | None
    failed_at: datetime | None
    """The last attempt of each sort, however long ago."""
    away: int
    """Attempts since something last answered: a system that is away is asked ever more seldom."""

    @property
    def answers_again(self) -> bool:
        """The newest attempt was answered."""
        return self.answered_at is not None and (self.failed_at is None or self.answered_at > self.failed_at)

    @property
    def share(self) -> float:
        """Of failures, in the short window."""
        return self.short.failed / self.short.attempts if self.short.attempts else 0.0

    @property
    def slow_share(self) -> float:
        return self.short.slow / self.short.attempts if self.short.attempts else 0.0

    @property
    def calm(self) -> bool:
        """Nothing failed for the whole short window, or next to nothing of much; and the answers are quick."""
        few = self.short.attempts >= CALM_ATTEMPTS and self.share < CALM_SHARE
        return self.answers_again and self.slow_share < QUICK_SHARE and (self.short.failed == 0 or few)


def next_state(state: HealthState, evidence: Evidence) -> HealthState:
    """The state after `state`. Without new evidence it stays: silence is no recovery."""
    found = _found(evidence)
    if _SEVERITY[found] >= _SEVERITY[state]:
        return found
    if evidence.calm:
        return HealthState.HEALTHY
    if evidence.short.answered == 0:
        return state
    if found is HealthState.FAILING:
        return found
    if state in _UNREACHED or (state is HealthState.FAILING and evidence.share < RECOVERED_SHARE):
        return HealthState.DEGRADED
    return state


def _found(evidence: Evidence) -> HealthState:
    """What the windows alone say."""
    short, long = evidence.short, evidence.long
    if short.answers.get(AnswerClass.CREDENTIALS) and not evidence.answers_again:
        return HealthState.NEEDS_RECONNECT
    if short.away and short.away == short.attempts and evidence.away >= AWAY_ATTEMPTS:
        return HealthState.OFFLINE
    if short.attempts >= FAILING_ATTEMPTS and evidence.share >= FAILING_SHARE:
        return HealthState.FAILING
    if long.attempts >= DEGRADED_ATTEMPTS:
        failing = short.failed > 0 and long.failed / long.attempts >= DEGRADED_SHARE and not evidence.calm
        if failing or (short.attempts > 0 and evidence.slow_share >= SLOW_SHARE):
            return HealthState.DEGRADED
    return HealthState.HEALTHY

"""How a practice's targets answer and stand: classes of answers, and the states that HEALTH publishes."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AnswerClass(StrEnum):
    """What one attempt at a target came to, as `poster-heartbeats.v1` counts it. Reads are attempts too."""

    ANSWERED = "ANSWERED"
    """The target did what it was asked for, or said what was there."""
    REFUSED = "REFUSED"
    """It refused this one entry for good: a mapping, a closed period, a rule of its own."""
    BUSY = "BUSY"
    """It asked to come back later."""
    UNREACHABLE = "UNREACHABLE"
    """No connection: the practice's machine is off, or the network is."""
    NO_ANSWER = "NO_ANSWER"
    """The request left and nothing came that can be trusted."""
    DOWN = "DOWN"
    """It answered that it cannot work."""
    CREDENTIALS = "CREDENTIALS"
    """It does not let us in: keys, a revoked consent, an ended subscription, another company."""


class HealthState(StrEnum):
    """How a practice's target stands, by what posters' attempts came to; SILENT by what the ledger holds (law 27)."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    """Some attempts fail, or answers are slow."""
    FAILING = "FAILING"
    """Most attempts fail."""
    OFFLINE = "OFFLINE"
    """Nothing has been reached since the last success."""
    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    """It does not let us in: a person has to connect it anew."""
    SILENT = "SILENT"
    """It answers, and nothing is reported that would be posted there for longer than is usual: payments for the PMS,
    payouts for QuickBooks."""


AWAY: Final = frozenset({AnswerClass.UNREACHABLE, AnswerClass.NO_ANSWER, AnswerClass.DOWN})
"""The target did not answer, or could not work."""

FAILED: Final = AWAY | {AnswerClass.REFUSED, AnswerClass.BUSY, AnswerClass.CREDENTIALS}
"""Every answer but the wanted one."""

UNHEALTHY: Final = frozenset(
    {HealthState.DEGRADED, HealthState.FAILING, HealthState.OFFLINE, HealthState.NEEDS_RECONNECT}
)
"""States of a target that are news while they last."""

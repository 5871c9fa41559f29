"""Every time span of the protocol in one frozen record (PROTOCOL section 5).

All follow from the call deadline D, the margins and the target's own processing time; no role keeps a second copy.
Seconds throughout. Leases and deadlines are measured with the database's and the machine's clock, never with
business time.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Profile(StrEnum):
    """Which set of times is in force."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    """Short times, for targets on loopback only."""


LONGEST_DEADLINE_S: Final = 130.0
"""No target system may declare more: how long a stopping process is waited for follows from it."""


class CallLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a target system declares of its calls (`sinks.targets.route.Route.limits`). Raises ValueError for a
    deadline that no stopping process would be waited for."""

    deadline_s: float
    """D: one total wall-clock deadline for a call (law 17)."""
    processing_s: float
    """The longest time the target may still work on a request that we no longer wait for (law 19)."""

    def __post_init__(self) -> None:
        if not 0 < self.deadline_s <= LONGEST_DEADLINE_S:
            raise ValueError(f"a deadline of {self.deadline_s} s is not between 0 and {LONGEST_DEADLINE_S} s")


class CallTimes(msgspec.Struct, frozen=True):
    """The times of one system's calls. Those after the first four follow from them."""

    deadline_s: float
    """D: one total wall-clock deadline for a call (law 17)."""
    start_margin_s: float
    """The longest time from the mark to the first byte; a later start sends nothing (law 17)."""
    processing_s: float
    """The longest time the target may still work on a request that we no longer wait for (law 19)."""
    mark_need_s: float
    """Lease that must be left for a mark."""
    lease_s: float

    @property
    def renew_s(self) -> float:
        """A lease is renewed each third of it, so that one failed renewal does not lose it."""
        return self.lease_s / 3

    @property
    def settle_s(self) -> float:
        """From the mark until absence at the target means absence (law 19)."""
        return self.start_margin_s + self.deadline_s + self.processing_s


class HealthTimes(msgspec.Struct, frozen=True):
    """The windows of HEALTH, and how often it states what it found (law 27)."""

    pane_s: float = 60.0
    """A tumbling window. The hopping ones are made of these, and begin anew with each."""
    short_panes: int = 5
    """The hopping window that says that most attempts fail, and for how long nothing may fail before all is well."""
    long_panes: int = 15
    """The hopping window that says that some attempts fail."""
    kept_panes: int = 30
    """Later than this a heartbeat counts no more: twice the longest window."""
    look_s: float = 2.0
    """Between two rounds that state what has changed."""
    repeat_s: float = 60.0
    """A state that is news is stated again after this; three missing expire it."""
    repeat_healthy_s: float = 900.0
    """So is one that is none: 200,000 healthy practices are 222 records a second."""
    tell_failing_s: float = 600.0
    """Of the practice's office hours, before people are told: of less they have heard from their own staff, or it is
    over."""
    tell_offline_s: float = 3600.0
    tell_degraded_s: float = 4 * 3600.0
    silence_look_s: float = 300.0
    """While nothing is reported of a practice: how soon it is noticed that it is again."""
    stuck_s: float = 120.0
    """Heartbeats lie there and none was taken for so long: the consumer hangs, and a restart is the cure."""


class Times(msgspec.Struct, frozen=True):
    """All times of one profile."""

    every_call: CallTimes | None = None
    """For all systems alike; None: each system's follow from what it declares."""
    kafka_transaction_s: float = 15.0
    """Three times the slowest batch; a hanging transaction blocks readers no longer than this (law 13)."""
    max_poll_interval_s: float = 60.0
    retry_base_s: float = 2.0
    retry_cap_s: float = 900.0
    retry_budget_s: float = 86_400.0
    """Time behind a closed gate does not count."""
    shutdown_grace_s: float = LONGEST_DEADLINE_S + 30.0
    """From the first signal until calls in flight must have ended: LONGEST_DEADLINE_S + 30 s."""
    claim_idle_s: float = 1.0
    """How long an idle poster waits before it looks again without a notification."""
    heartbeat_s: float = 10.0
    """Between two heartbeats of a poster: an outage shows within seconds, for six small records a minute where there is
    work."""
    frozen_s: float = 60.0
    """A process that is watched from outside and does not answer for so long is ended and started anew."""
    health: HealthTimes = HealthTimes()
    """How HEALTH measures."""

    def of(self, limits: CallLimits) -> CallTimes:
        """The times of the calls to a system with these limits. Pure."""
        return self.every_call or _derived(limits.deadline_s, limits.processing_s)


def times_of(profile: Profile) -> Times:
    """The times of `profile`. Pure."""
    return _PRODUCTION if profile is Profile.PRODUCTION else _SANDBOX


def _derived(deadline_s: float, processing_s: float) -> CallTimes:
    return CallTimes(
        deadline_s=deadline_s,
        start_margin_s=5.0,
        processing_s=processing_s,
        mark_need_s=deadline_s + 15.0,
        # At least D + 50 s, and enough that a lease which is due for renewal still lets a call be marked.
        lease_s=max(deadline_s + 50.0, 1.5 * (deadline_s + 15.0)),
    )


_PRODUCTION: Final = Times()
_SANDBOX_CALL: Final = CallTimes(
    deadline_s=2.0, start_margin_s=0.5, processing_s=1.0, mark_need_s=2.0 + 1.0, lease_s=2.0 + 3.0
)
_SANDBOX: Final = Times(
    every_call=_SANDBOX_CALL,
    retry_base_s=0.2,
    retry_cap_s=5.0,
    shutdown_grace_s=2.0 + 3.0,
    claim_idle_s=0.1,
    heartbeat_s=0.5,
    frozen_s=10.0,
    health=HealthTimes(
        pane_s=1.0,
        short_panes=3,
        long_panes=8,
        kept_panes=60,
        look_s=0.3,
        repeat_s=2.0,
        repeat_healthy_s=5.0,
        tell_failing_s=1.0,
        tell_offline_s=2.0,
        tell_degraded_s=5.0,
        silence_look_s=0.5,
        stuck_s=30.0,
    ),
)

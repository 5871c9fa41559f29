"""Insurance of a practice's patients, as it is read into the mirror: subscriptions and whom they cover (RD-3)."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

LONGEST_NUMBER: Final = 120
LONGEST_RELATION: Final = 40
PRIORITIES: Final = range(1, 100)


class MirrorSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription to an insurance plan, as it was read."""

    subscription_id: str
    plan_id: str | None
    subscriber_id: str | None
    """The patient whose it is, where the system says."""
    effective_on: date | None
    ends_on: date | None
    number: str
    """By which the insurer knows the subscriber. Stored sealed, never logged (H-1, H-13)."""
    deleted: bool = False

    def __repr__(self) -> str:
        return "MirrorSubscription()"


class MirrorCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """A patient who is covered by a subscription, as it was read."""

    coverage_id: str
    pms_patient_id: str
    subscription_id: str
    priority: int
    """1: it pays first."""
    relation: str
    """To the subscriber, in the system's own word."""
    pending: bool = False
    """The practice has not verified it."""
    deleted: bool = False

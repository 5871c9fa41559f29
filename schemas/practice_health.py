"""The record on `practice-health.v1`: how each target of a practice stands, repeated while it lasts (law 27)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import AnswerClass, HealthState, Target


class TargetHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One target of a practice. Counts are those of the window that ends with the last attempt."""

    target: Target
    state: HealthState
    since: datetime
    """When it came into this state, to the minute in which it was noticed."""
    attempts: int
    failed: int
    """Of `attempts`; `failed / attempts` is the share of failures."""
    failure: AnswerClass | None
    """The most common class of failures; None where nothing failed."""
    slow: int
    """Of `attempts`: those that took longer than an answer should."""
    retries: int
    last_answered_at: datetime | None
    """None: not since HEALTH has known the target."""
    last_failed_at: datetime | None
    posted: int
    """Entries that the results of the window say are posted, and that are dead."""
    dead: int


class PracticeHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The newest record of a practice counts; one that is past `expires_at` says nothing any more."""

    practice_id: str
    stated_at: datetime
    expires_at: datetime
    """Three repetitions after `stated_at`: without them nobody watches, and the state is unknown."""
    targets: tuple[TargetHealth, ...]
    refused_records: int
    """Records of the practice in the window that became dead letters before they were entries."""

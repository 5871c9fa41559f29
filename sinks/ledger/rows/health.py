"""How the practices' targets stand, as HEALTH states it (law 27)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import AnswerClass, HealthState, Target


class TargetHealthRow(msgspec.Struct, frozen=True):
    """Table `target_health`: the last statement about a target; past `expires_at` nothing is known."""

    practice_id: str
    target: Target
    state: HealthState
    since: datetime
    attempts: int
    failed: int
    failure: AnswerClass | None
    slow: int
    last_answered_at: datetime | None
    last_failed_at: datetime | None
    posted: int
    dead: int
    stated_at: datetime
    expires_at: datetime
    tell_at: datetime | None
    """From when on people are told; None: never."""

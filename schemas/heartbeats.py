"""The record on `poster-heartbeats.v1`: what one poster's attempts at one practice's target came to in some seconds.

Input of HEALTH alone, never of the ledger: losing one or reading it twice does no harm.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from schemas.vocabulary import AnswerClass, Target

LATENCY_BOUNDS_MS: Final = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 75_000)
"""Upper bounds of the buckets of latencies: from a local call to the deadline of a call at a practice's own server.
What took longer has the bucket -1. They can change: each count carries its own bound."""
LONGER: Final = -1


class AnswerCount(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of one class."""

    answer: AnswerClass
    count: int


class LatencyCount(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts that ended within `up_to_ms`, and not within the next smaller bound; LONGER: above all of them."""

    up_to_ms: int
    count: int


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What happened since the poster's last heartbeat for the same practice and target; none for who had no work.

    `heartbeat_id` is unique among all posters: whoever counts drops repeats by it.
    """

    heartbeat_id: str
    practice_id: str
    target: Target
    began_at: datetime
    ended_at: datetime
    """Machine time of the poster; `began_at` <= every attempt's end <= `ended_at`."""
    answers: tuple[AnswerCount, ...]
    retries: int
    """Attempts of these after which the entry is to be tried again."""
    latencies: tuple[LatencyCount, ...]
    last_answered_at: datetime | None
    last_failed_at: datetime | None

"""The record on `writeback-results.v1` that tells an upstream what it does wrong although its records are taken."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import SenderFault


class SenderWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Once for a source and a topic, by the example of one record; no value of it (H-4)."""

    result_id: str
    """The same for the same source and topic: consumers drop repeats by it (law 25)."""
    practice_id: str
    """Of the record that showed it."""
    source: str
    event_id: str
    """Of the record that showed it; it was taken."""
    topic: str
    partition: int
    offset: int
    expected_partition: int
    fault: SenderFault
    problem: str
    sender_does: str
    noticed_at: datetime

"""The record on `writeback-results.v1` that tells an upstream of a source record that was refused."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import DeadLetterReason, FieldFault, Stage


class RecordRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A source record that became no event: where it stands, and what its sender has to do. No value of it (H-4)."""

    result_id: str
    """The same for the same refusal: consumers drop repeats by it (law 25)."""
    practice_id: str
    """`?` where neither its body nor its key names a practice that was added."""
    topic: str
    """The name in the contract, without the environment's prefix."""
    partition: int
    offset: int
    source: str | None = None
    event_id: str | None = None
    """These and `trace_id` where the record could be read and they are ids."""
    trace_id: str | None = None
    stage: Stage
    reason: DeadLetterReason
    field: str | None = None
    """As the contract names it, parts by number from 0: `splits.0.amount_minor`."""
    fault: FieldFault | None = None
    problem: str
    """What is wrong, in sentences."""
    sender_does: str
    """What to do about it."""
    redrives: int = 0
    """How often an operator had sent it again before it was refused."""
    refused_at: datetime

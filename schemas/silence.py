"""The record on `poster-heartbeats.v1` that tells HEALTH what the ledger measured: nothing is reported any more.

Stated again while it lasts, as HEALTH's own states are: losing one or reading it twice does no harm.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import Target


class UpstreamSilence(msgspec.Struct, frozen=True, kw_only=True):
    """Whether what would be posted at one target of a practice is still reported."""

    practice_id: str
    target: Target
    silent_since: datetime | None
    """When the silence became longer than is usual there; None: it is over."""
    stated_at: datetime
    expires_at: datetime
    """Three repetitions after `stated_at`: without them nobody measures, and nothing is known of silence."""

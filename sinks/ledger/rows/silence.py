"""For how long nothing has been reported of a practice that would be posted at one of its targets (law 27)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from schemas.vocabulary import Target


class UpstreamSilenceRow(msgspec.Struct, frozen=True):
    """Table `upstream_silence`: what is usual, and whether it is silent now."""

    practice_id: str
    target: Target
    usual: timedelta | None
    """Office time between two reports; None: too few of them to say."""
    learned_at: datetime
    silent_since: datetime | None
    """When the silence became longer than is usual; None: it has not."""
    stated_at: datetime
    """When HEALTH was told last. Machine time; all others are business time."""
    look_at: datetime

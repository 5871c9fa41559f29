"""No event happens after it was told (E-10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from processors.refusal import Refused
from schemas.reasons import DeadLetterReason

CLOCK_SKEW = timedelta(minutes=5)
"""How far a sender's clock may be ahead of the broker's before the instant is taken as wrong."""


def refuse_future(occurred_at: datetime, arrived_at: datetime) -> None:
    """Refused when the event claims to have happened more than five minutes after its arrival."""
    if occurred_at - arrived_at > CLOCK_SKEW:
        raise Refused(DeadLetterReason.OCCURRED_IN_FUTURE, "occurred_at")

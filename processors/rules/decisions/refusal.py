"""How a rule refuses an event: with one closed reason and the name of a field, never with data."""

from __future__ import annotations

from schemas.vocabulary import DeadLetterReason
from streams.runtime.errors import Poison


class Refused(Poison):
    """This event can be decided by nobody; it becomes a dead letter of stage `rules` (law 9).

    `field` names the field at fault. The message carries no value of the event (H-1).
    """

    def __init__(self, reason: DeadLetterReason, field: str) -> None:
        super().__init__(f"{field}: {reason.value}")
        self.reason = reason
        self.field = field

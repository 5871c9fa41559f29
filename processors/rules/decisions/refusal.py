"""The error of a rule that refuses an event: a closed reason and the name of a field, no data."""

from __future__ import annotations

from schemas.vocabulary import DeadLetterReason, FieldFault
from streams.runtime.errors import Poison


class Refused(Poison):
    """The event cannot be decided; it becomes a dead letter of stage `rules` (law 9).

    `field` names the field at fault, `fault` what is wrong with it. The message carries no value of the event (H-1).
    """

    def __init__(self, reason: DeadLetterReason, field: str, fault: FieldFault | None = None) -> None:
        super().__init__(f"{field}: {reason.value}")
        self.reason = reason
        self.field = field
        self.fault = fault

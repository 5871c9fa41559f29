"""The outcome of a call: what its answer means for the effect and for the connection, on its way to the ledger."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.vocabulary import ConnectionReason, DeadLetterReason, Stage, State
from sinks.poster.planned_call import PlannedCall


class Closing(msgspec.Struct, frozen=True):
    """An error of the connection: it is closed for this reason, at least as long as the target asked for."""

    reason: ConnectionReason
    retry_after_s: float | None = None


class Wait(msgspec.Struct, frozen=True):
    """When an effect is due again, counted from the confirmation. One of the two, or neither: its due time stays."""

    seconds: float | None = None
    until_settled: bool = False

    def longest_s(self, settle_s: float) -> float | None:
        """Seconds after which it is due again for certain; None where its due time stays. `settle_s`: from the mark
        until absence at the target means absence."""
        return settle_s if self.until_settled else self.seconds


UNCHANGED = Wait()
AT_ONCE = Wait(seconds=0.0)
WHEN_SETTLED = Wait(until_settled=True)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer means for its effect. Made by `verdicts` alone."""

    state: State
    """The state that it goes to; its present one means that it stays."""
    reason: DeadLetterReason | None = None
    """Set exactly where that state is a dead one."""
    positive: bool = False
    """Proof that the entry stands: never fenced (law 20)."""
    wait: Wait = UNCHANGED
    gives_back: bool = False
    """The attempt does not count (laws 17 and 22)."""
    proven_absent: bool = False
    """The target proved that nothing stands: `look_first` has been answered (law 4)."""
    stage: Stage = Stage.POST
    closes: Closing | None = None
    suspicious: bool = False
    """No answer at all: several in a row close the connection."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """An id at the target that is the entry with other content, or (`possible`) could be the entry."""

    external_id: str
    possible: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict on its way to the ledger, with what the attempts table keeps of the answer."""

    call: PlannedCall
    verdict: Verdict
    phase: Stage
    """POST or READBACK."""
    epoch: int
    """The practice lease's epoch under which the call was made."""
    attempt: int
    n: int
    """Number of the row in `attempts`: the attempt's own, negative where it was given back (then counted per owner)."""
    generation: int
    request_id: str
    answer: str
    """The answer's type, such as `Posted`."""
    scope: str | None
    code: str | None
    external_ids: tuple[str, ...]
    sightings: tuple[Sighting, ...] = ()
    """What else of the entry was seen at the target, to be kept and read again (law 19)."""
    vendor_request_id: str | None
    began_at: datetime
    ended_at: datetime

"""The port of the work list: people write, so there is nothing to compose, to send or to read."""

from __future__ import annotations

from schemas.vocabulary import DeadLetterReason, State
from sinks.targets.port import (
    Answer,
    Capabilities,
    Composed,
    ConnectionReport,
    Found,
    NotComposed,
    NothingSent,
    OriginReading,
    Prepared,
    ReadFailed,
    Scope,
    StartGuard,
    TargetEntry,
)
from sinks.targets.worklist.capabilities import CAPABILITIES

_BY_HAND = "BY_HAND"


class WorklistTarget:
    """A `PaymentTarget` that INTAKE plans nothing for: every entry waits for a person."""

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        return NotComposed(state=State.INVALID_CONFIG, reason=DeadLetterReason.MAPPING_INVALID, field="entry_kind")

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        return Prepared(posts_to=entry.pms_patient_id or "")

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        return NothingSent(scope=Scope.EFFECT, reason=None, code=_BY_HAND)

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=_BY_HAND)

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=_BY_HAND)

    async def test(self, deadline_s: float) -> ConnectionReport:
        note = "no test post: nothing is written by a program, people enter and record each payment"
        return ConnectionReport(ok=True, checks=(("the work list is used", True, ""),), notes=(note,))

    async def close(self) -> None:
        """Nothing is open."""

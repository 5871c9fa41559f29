"""An adapter whose answers count against the memory of the process: each use is one operation of it."""

from __future__ import annotations

from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.port import (
    Answer,
    Capabilities,
    Composed,
    ConnectionReport,
    Found,
    NotComposed,
    OriginReading,
    PaymentTarget,
    Prepared,
    ReadFailed,
    StartGuard,
    TargetEntry,
)


class BoundedTarget:
    """A `PaymentTarget`: the adapter's own, within `AnswerMemory`. A write never waits for memory: it is marked."""

    def __init__(self, target: PaymentTarget, memory: AnswerMemory) -> None:
        self._target = target
        self._memory = memory

    @property
    def capabilities(self) -> Capabilities:
        return self._target.capabilities

    def compose(self, entry: TargetEntry) -> Composed | NotComposed:
        return self._target.compose(entry)

    async def prepare(self, entry: TargetEntry, deadline_s: float) -> Prepared | ReadFailed:
        with self._memory.operation(self):
            return await self._target.prepare(entry, deadline_s)

    async def post(self, entry: TargetEntry, request: Composed, guard: StartGuard, deadline_s: float) -> Answer:
        with self._memory.operation(self, waits=False):
            return await self._target.post(entry, request, guard, deadline_s)

    async def read_back(self, entry: TargetEntry, deadline_s: float) -> Found | ReadFailed:
        with self._memory.operation(self):
            return await self._target.read_back(entry, deadline_s)

    async def read_origin(self, entry: TargetEntry, deadline_s: float) -> OriginReading | ReadFailed:
        with self._memory.operation(self):
            return await self._target.read_origin(entry, deadline_s)

    async def test(self, deadline_s: float) -> ConnectionReport:
        with self._memory.operation(self):
            return await self._target.test(deadline_s)

    async def close(self) -> None:
        await self._target.close()

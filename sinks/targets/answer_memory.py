"""Bounds the bytes of answers that one process holds at once, whoever sends them; waits fairly, within the deadline.

An operation is one use of an adapter, with all its calls. What it reads is counted as it comes, and given back when it
ends. Its first SMALL bytes are always there: most answers are smaller, so nobody's large ones delay them. What goes
beyond comes from a pool, of which one connection holds at most a quarter. Where that is used up operations wait, the
first first; where all who hold a part wait for each other, the one that holds most fails.

After a mark nothing waits: an answer to a write that does not fit is given up, and the entry is read back. A part of
the pool is for writes alone, and a write whose answer may be large is marked only while there is room for that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from streams.fault_injection import Control, disabled
from streams.runtime.metrics import ANSWER_BYTES, ANSWERS_WITHOUT_MEMORY

ANSWER_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of one answer that are read; the largest page of a list is far below."""
SMALL: Final = 128 * 1024
FOR_WRITES: Final = 8
"""One part in so many of the pool is for the answers to writes alone."""
FOR_ONE_CONNECTION: Final = 4
ECHOED: Final = 4
"""An answer to a write repeats it, with more around each of its lines."""


class Operation:
    """What one use of an adapter holds. `connection`: whose answers those are; any object of its own."""

    __slots__ = ("_memory", "connection", "held", "waits")

    def __init__(self, memory: AnswerMemory, connection: object, *, waits: bool) -> None:
        self._memory = memory
        self.connection = connection
        self.waits = waits
        self.held = 0

    @property
    def pooled(self) -> int:
        """Of what it holds, what the pool gave."""
        return max(0, self.held - SMALL)

    def more(self, count: int) -> int:
        """What the pool has to give for so many bytes more."""
        return max(0, self.held + count - SMALL) - self.pooled

    async def take(self, count: int) -> bool:
        """Whether so many bytes more may be held. May wait, until it is cancelled."""
        return await self._memory.take(self, count)


_operation: ContextVar[Operation | None] = ContextVar("operation", default=None)


class AnswerMemory:
    """The bytes of answers of one process. Used by one event loop."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes of the pool."""
        self.limit = limit
        self._pooled: Counter[object] = Counter()
        self._holders: set[Operation] = set()
        """Those that the pool gave something."""
        self._waiting: dict[Operation, tuple[int, asyncio.Future[bool]]] = {}
        """In the order in which they came."""
        self._to_wake: set[asyncio.Future[None]] = set()

    @contextmanager
    def operation(self, connection: object, *, waits: bool = True) -> Iterator[Operation]:
        """One use of an adapter; `waits` False after a mark. What it holds is given back at its end. One inside
        another is part of that."""
        outer = _operation.get()
        if outer is not None:
            yield outer
            return
        own = Operation(self, connection, waits=waits)
        token = _operation.set(own)
        try:
            yield own
        finally:
            _operation.reset(token)
            self._end(own)

    async def take(self, operation: Operation, count: int) -> bool:
        """`Operation.take`."""
        if not operation.more(count) or disabled(Control.ANSWER_MEMORY):
            return self._hold(operation, count)
        if operation.pooled + operation.more(count) > self.limit // FOR_ONE_CONNECTION:
            return _given_up()
        if not operation.waits:
            return self._hold(operation, count) if self._has_room(operation, count) else _given_up()
        waits: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[operation] = (count, waits)
        self._admit()
        if not waits.done():
            ANSWERS_WITHOUT_MEMORY.labels("waited").inc()
            self._end_stalls()
        try:
            return await waits or _given_up()
        finally:
            self._waiting.pop(operation, None)

    def has_room_for_write(self, body: bytes, connection: object) -> bool:
        """Whether the answer to a write of so many bytes will fit, as things are. Asked before its mark."""
        write = Operation(self, connection, waits=False)
        expected = min(len(body) * ECHOED, ANSWER_LIMIT)
        return not write.more(expected) or disabled(Control.ANSWER_MEMORY) or self._has_room(write, expected)

    async def freed(self, within_s: float) -> None:
        """Wait until something is given back, at most so long."""
        freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._to_wake.add(freed)
        try:
            await asyncio.wait([freed], timeout=within_s)
        finally:
            self._to_wake.discard(freed)

    def _used(self) -> int:
        return self._pooled.total()

    def _hold(self, operation: Operation, count: int) -> bool:
        if more := operation.more(count):
            self._pooled[operation.connection] += more
            self._holders.add(operation)
        operation.held += count
        ANSWER_BYTES.inc(count)
        return True

    def _end(self, operation: Operation) -> None:
        ANSWER_BYTES.dec(operation.held)
        if operation not in self._holders:
            return
        self._holders.discard(operation)
        self._pooled[operation.connection] -= operation.pooled
        if not self._pooled[operation.connection]:
            del self._pooled[operation.connection]
        self._admit()
        self._end_stalls()
        for each in self._to_wake:
            if not each.done():
                each.set_result(None)

    def _admit(self) -> None:
        """Those who wait, in their order. One whose connection has its share lets the next by; one for whom the pool
        has no room does not."""
        for operation, (count, waits) in [*self._waiting.items()]:
            if waits.done():
                continue
            if self._has_room(operation, count):
                waits.set_result(self._hold(operation, count))
            elif not self._pool_has_room(operation, count):
                return

    def _end_stalls(self) -> None:
        """Where all who hold a part of what they wait for wait themselves, the one that holds most fails."""
        for connection in (None, *self._pooled):
            holders = [each for each in self._holders if connection in (None, each.connection)]
            waiting = [each for each in holders if each in self._waiting and not self._waiting[each][1].done()]
            if len(waiting) == len(holders) > 0:
                _, waits = self._waiting[max(waiting, key=lambda each: each.pooled)]
                waits.set_result(False)

    def _has_room(self, operation: Operation, count: int) -> bool:
        mine = self._pooled.get(operation.connection, 0)
        connection_has = mine + operation.more(count) <= self.limit // FOR_ONE_CONNECTION
        return connection_has and self._pool_has_room(operation, count)

    def _pool_has_room(self, operation: Operation, count: int) -> bool:
        most = self.limit - (self.limit // FOR_WRITES if operation.waits else 0)
        return self._used() + operation.more(count) <= most


def _given_up() -> bool:
    ANSWERS_WITHOUT_MEMORY.labels("given_up").inc()
    return False

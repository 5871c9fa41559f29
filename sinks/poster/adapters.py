"""The adapters of this process, kept between leases so that their HTTP connections stay warm."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime
from typing import Final

from sinks.poster.bounded_target import BoundedTarget
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.planned_call import ConnectionKey
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.catalogue import open_target
from sinks.targets.port import PaymentTarget
from sinks.targets.route import AdapterContext

MOST_IDLE: Final = 1_000
"""Adapters are kept up to so many, those in use aside; one is 24 to 31 KB. The longest unused is closed first, and
opened anew when it is needed."""
LOOKED_AT: Final = 8
"""Adapters that are looked at for closing whenever one is opened: more than one, so that none pile up, and few, so that
opening stays quick."""


class _Open:
    """An adapter with the leases that it was given to."""

    __slots__ = ("_users", "changed_at", "target")

    def __init__(self, changed_at: datetime, target: PaymentTarget) -> None:
        self.changed_at = changed_at
        self.target = target
        self._users: list[ConnectionLease] = []

    def give_to(self, connection: ConnectionLease) -> None:
        self._users = [user for user in self._users if user.uses_adapter and user is not connection]
        self._users.append(connection)

    @property
    def in_use(self) -> bool:
        return any(user.uses_adapter for user in self._users)


class Adapters:
    """By connection; opened anew when the connection's settings changed (E-9 b). None is closed under a lease that is
    held, or while a call is in flight on it."""

    def __init__(self, context: AdapterContext, memory: AnswerMemory | None = None) -> None:
        """`memory`: that the answers of every adapter count against."""
        self._context = context
        self._memory = memory
        self._open: OrderedDict[ConnectionKey, _Open] = OrderedDict()
        self._replaced: deque[_Open] = deque()
        """Of earlier settings: closed once nothing uses them."""

    async def open_for(self, connection: ConnectionLease) -> None:
        """Give a leased connection its adapter. Raises UnusableConnectionError."""
        known = self._open.get(connection.key)
        if known is not None and known.changed_at == connection.changed_at:
            self._open.move_to_end(connection.key)
        else:
            stored, changed_at = connection.stored, connection.changed_at
            if stored is None or changed_at is None:
                raise RuntimeError("a connection is claimed before its adapter is opened")
            if known is not None:
                self._replaced.append(self._open.pop(connection.key))
            known = self._open[connection.key] = _Open(changed_at, self._bounded(open_target(stored, self._context)))
        known.give_to(connection)
        connection.adapter, connection.stale = known.target, False
        await self._close_unused()

    def _bounded(self, target: PaymentTarget) -> PaymentTarget:
        return target if self._memory is None else BoundedTarget(target, self._memory)

    async def _close_unused(self) -> None:
        for _ in range(min(LOOKED_AT, len(self._open) - MOST_IDLE)):
            key, known = self._open.popitem(last=False)
            if known.in_use:
                self._open[key] = known
            else:
                await known.target.close()
        for _ in range(min(LOOKED_AT, len(self._replaced))):
            known = self._replaced.popleft()
            if known.in_use:
                self._replaced.append(known)
            else:
                await known.target.close()

    async def close(self) -> None:
        """Close all of them; no call may be in flight."""
        targets = [known.target for known in (*self._open.values(), *self._replaced)]
        self._open.clear()
        self._replaced.clear()
        for target in targets:
            await target.close()

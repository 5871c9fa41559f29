"""The adapters of this process, kept between leases so that their HTTP connections stay warm."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from datetime import datetime
from typing import Final

import msgspec

from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.planned_call import ConnectionKey
from sinks.targets.catalogue import open_target
from sinks.targets.port import PaymentTarget
from sinks.targets.route import AdapterContext

MOST_OPEN: Final = 1_000
"""Adapters beyond this are opened anew when they are needed, longest unused first."""
RETIRED_S: Final = 300.0
"""Longer than any call: what was retired this long ago has none in flight and is closed. A process that serves more
practices than it keeps adapters would otherwise hold all of them for ever."""


class _Open(msgspec.Struct):
    changed_at: datetime
    target: PaymentTarget


class Adapters:
    """By connection; opened anew when the connection's settings changed (E-9 b)."""

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._open: OrderedDict[ConnectionKey, _Open] = OrderedDict()
        self._retired: deque[tuple[float, PaymentTarget]] = deque()

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
                # Calls may still be in flight on it.
                self._retire(self._open.pop(connection.key))
            known = self._open[connection.key] = _Open(changed_at, open_target(stored, self._context))
        connection.adapter, connection.stale = known.target, False
        while len(self._open) > MOST_OPEN:
            self._retire(self._open.popitem(last=False)[1])
        while self._retired and time.monotonic() - self._retired[0][0] > RETIRED_S:
            _, target = self._retired.popleft()
            await target.close()

    def _retire(self, known: _Open) -> None:
        self._retired.append((time.monotonic(), known.target))

    async def close(self) -> None:
        """Close all of them; no call may be in flight."""
        targets = [known.target for known in self._open.values()] + [target for _, target in self._retired]
        self._open.clear()
        self._retired.clear()
        for target in targets:
            await target.close()

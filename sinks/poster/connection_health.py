"""Closes a connection after an error of its own, and opens it again after an answer (law 22)."""

from __future__ import annotations

import random
from collections import deque
from typing import Final

from sinks.poster import counters, limiter
from sinks.poster.call_outcome import Closing, Verdict
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.lease_store import LeaseStore
from streams.runtime.logging import log
from streams.runtime.times import Times

_LOG: Final = log(__name__)
_JITTER: Final = random.SystemRandom()


class ConnectionHealth:
    """Closes and opens the connections that this process holds; written to the ledger once a round."""

    def __init__(self, store: LeaseStore, times: Times) -> None:
        self._store = store
        self._times = times
        self._closings: deque[tuple[ConnectionLease, Closing]] = deque()
        self._reopened: deque[ConnectionLease] = deque()

    def after_call(self, connection: ConnectionLease, verdict: Verdict) -> None:
        """What the verdict of a call or a read-back says of its connection."""
        if verdict.closes is not None:
            self.close(connection, verdict.closes)
        elif verdict.suspicious:
            connection.breaker, closing = limiter.after_silence(connection.breaker)
            connection.narrow()
            if closing is not None:
                self.close(connection, closing)
        elif not verdict.gives_back:
            self._answered(connection)

    def after_read(self, connection: ConnectionLease, closing: Closing | None) -> None:
        """What a read said of its connection: an error that closes it, or that it answers."""
        if closing is None:
            self._answered(connection)
        else:
            self.close(connection, closing)

    def close(self, connection: ConnectionLease, closing: Closing) -> None:
        """Nothing more is started there; for how long is decided when it is stored."""
        if not connection.closed:
            connection.closed = True
            self._closings.append((connection, closing))

    def _answered(self, connection: ConnectionLease) -> None:
        if connection.widen():
            self._reopened.append(connection)

    def owes(self, connection: ConnectionLease) -> bool:
        """Whether the ledger does not know yet what was learned of it; its lease is needed until then."""
        closing = any(closed is connection for closed, _ in self._closings)
        return closing or any(reopened is connection for reopened in self._reopened)

    async def store(self) -> None:
        """Write what was learned since the last round. Raises psycopg.Error; the rest is written in the next one.

        The oldest first: calls end while a statement is awaited, and add behind it.
        """
        while self._reopened:
            reopened = self._reopened[0]
            await self._store.open_connection(reopened)
            self._reopened.popleft()
        while self._closings:
            connection, closing = self._closings[0]
            connection.breaker, wait_s = limiter.after_closing(
                connection.breaker, closing, self._times, _JITTER.random()
            )
            await self._store.close_connection(connection, closing.reason.value, wait_s)
            self._closings.popleft()
            counters.closed(connection.route, closing.reason.value)
            _LOG.warning(
                "a connection is closed for a while",
                practice_id=connection.key.home_practice_id,
                connection_id=connection.key.connection_id,
                target=connection.target_name,
                reason=closing.reason.value,
                seconds=round(wait_s, 1),
            )

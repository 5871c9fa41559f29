"""The log of requests that reached a server, with their times, for tests to read."""

from __future__ import annotations

import hashlib
from collections import deque

import msgspec

KEPT = 200_000
"""Calls kept in memory: enough for a benchmark run, bounded for a server that stands for weeks."""


class Call(msgspec.Struct, array_like=True):
    """One request. Times are nanoseconds since the epoch on this machine's wall clock.

    `arrived_ns`: the headers were read. `answered_ns`: the first byte of the answer was handed to the
    socket, 0 when there was none. `status` 0 means no answer. `authorization` is a fingerprint (the
    first 12 hex digits of SHA-256), never the secret. `marker` is the one that the body carries.
    """

    number: int
    account: str
    method: str
    path: str
    query: str
    arrived_ns: int
    answered_ns: int = 0
    status: int = 0
    authorization: str = ""
    request_id: str = ""
    marker: str = ""
    fault: str = ""
    size: int = 0


class CallLog:
    """Bounded log; numbers rise for ever."""

    def __init__(self) -> None:
        self.calls: deque[Call] = deque(maxlen=KEPT)
        self.count = 0
        self._fingerprints: dict[str, str] = {}

    def next_number(self) -> int:
        self.count += 1
        return self.count

    def fingerprint(self, authorization: str) -> str:
        """Tells credentials apart without keeping them."""
        if not authorization:
            return ""
        known = self._fingerprints.get(authorization)
        if known is None:
            if len(self._fingerprints) >= 10_000:
                self._fingerprints.clear()
            known = hashlib.sha256(authorization.encode()).hexdigest()[:12]
            self._fingerprints[authorization] = known
        return known

    def after(self, number: int, account: str | None) -> list[Call]:
        return [c for c in self.calls if c.number > number and (account is None or c.account == account)]

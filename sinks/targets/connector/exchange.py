"""Carries one signed request to a connector and its answer back; push is one HTTP call (`HttpExchange`)."""

from __future__ import annotations

import math
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from schemas.connector.signatures import Direction, KeyPair, sign
from sinks.targets.answer_memory import AnswerMemory
from sinks.targets.http_call import HttpCaller, HttpOutcome
from sinks.targets.port import StartGuard

NONCE_BYTES: Final = 18
JSON: Final = "application/json"


class Exchange(Protocol):
    """How requests reach one connector. Used by one event loop; `close` ends it."""

    async def call(
        self, method: str, target: str, body: bytes | None, *, deadline_s: float, guard: StartGuard | None = None
    ) -> HttpOutcome:
        """One request, signed for this one time, at most once. Never raises for what network or connector do.
        `target` is path and query below the connection's address."""
        ...

    async def close(self) -> None: ...


class HttpExchange:
    """Push: a call to the connector's own address."""

    def __init__(self, base_url: str, keys: KeyPair, connections: int, *, memory: AnswerMemory | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._keys = keys
        self._http = HttpCaller(headers={"Accept": JSON}, connections=connections, memory=memory)

    async def call(
        self, method: str, target: str, body: bytes | None, *, deadline_s: float, guard: StartGuard | None = None
    ) -> HttpOutcome:
        url = self._base_url + target
        headers = signed_headers(method, _path_of(self._base_url) + target, body, self._keys, deadline_s)
        return await self._http.call(method, url, body=body, headers=headers, guard=guard, deadline_s=deadline_s)

    async def close(self) -> None:
        await self._http.close()


def signed_headers(method: str, target: str, body: bytes | None, keys: KeyPair, deadline_s: float) -> dict[str, str]:
    """Signature and content type. It expires when its caller has given up: what comes later is not begun (law 19)."""
    headers = sign(
        method,
        target,
        body or b"",
        key=keys.keys[0],
        direction=Direction.TO_CONNECTOR,
        nonce=secrets.token_urlsafe(NONCE_BYTES),
        created=datetime.now(UTC),
        life=timedelta(seconds=math.ceil(deadline_s) + 1),
    )
    return headers | ({"Content-Type": JSON} if body is not None else {})


def _path_of(base_url: str) -> str:
    """What stands before the contract's own path, where a connector is served below one."""
    return "/" + rest if (rest := base_url.partition("://")[2].partition("/")[2]) else ""

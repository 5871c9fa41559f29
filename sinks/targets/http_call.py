"""One HTTP call to a target: connect first, ask the guard, one total deadline, no redirects, and a closed outcome.

What a caller learns is exactly what it needs to know about a request that is not idempotent: it never left
(`NotSent`), it left and no trustworthy answer came (`Lost`), or the target answered (`HttpAnswer`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from contextvars import ContextVar
from typing import Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractStreamWriter

from sinks.targets.answer_memory import ANSWER_LIMIT, AnswerMemory
from sinks.targets.http_traces import end_request, request_span
from sinks.targets.port import StartGuard
from streams.fault_injection import Control, CrashPoint, disabled, reach_after_write
from streams.runtime.errors import WritebackError

TOO_LARGE: Final = "ANSWER_TOO_LARGE"
NO_MEMORY: Final = "NO_MEMORY_FOR_ANSWER"
GIVEN_UP: Final = frozenset({TOO_LARGE, NO_MEMORY})
"""Codes of an answer that was given up: it says nothing, of whatever it was asked."""
KEEP_ALIVE_S: Final = 10.0
"""Idle connections are dropped before a server usually drops them: a request on a dying connection is in doubt."""


class HttpAnswer(msgspec.Struct, frozen=True):
    """A complete answer. `body` is the target's own text: it is classified, never logged or stored (H-3)."""

    status: int
    body: bytes
    content_type: str
    retry_after_s: float | None
    request_id: str | None
    """The vendor's own id of the request where it sends one (`intuit_tid`)."""


class NotSent(msgspec.Struct, frozen=True):
    """Proof that no byte of the request left this process."""

    code: str
    late: bool = False
    """The guard said no: too long after the mark (law 17)."""


class Lost(msgspec.Struct, frozen=True):
    """The request may have arrived; no complete answer did."""

    code: str


HttpOutcome = HttpAnswer | NotSent | Lost


class _TooLateError(WritebackError):
    """Raised inside the connector, so that aiohttp sends nothing."""


class _Attempt:
    """What one call asks of the connector, and learns from it."""

    __slots__ = ("guard", "late", "started")

    def __init__(self, guard: StartGuard | None) -> None:
        self.guard = guard
        self.late = False
        self.started = False

    def may_start(self) -> bool:
        """Asks the guard; its no is remembered, since aiohttp wraps what is raised while it writes."""
        self.late = self.guard is not None and not self.guard.may_start()
        return not self.late


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


class _GuardedConnector(aiohttp.TCPConnector):
    """Asks the call's guard between 'the connection stands' and 'the first byte' (law 17)."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[aiohttp.tracing.Trace], timeout: aiohttp.ClientTimeout
    ) -> aiohttp.connector.Connection:
        connection = await super().connect(req, traces, timeout)
        attempt = _attempt.get()
        if attempt is None:
            return connection
        if attempt.started and attempt.guard is not None:
            # The library's own repetition of a PUT whose kept connection dropped: its first bytes have left (law 18).
            connection.release()
            raise aiohttp.ClientConnectionError
        if not attempt.may_start():
            connection.release()
            raise _TooLateError
        attempt.started = True
        return connection


class _GuardedBody(aiohttp.BytesPayload):
    """Asks again at the first byte: head and body leave together, a turn of the loop after the connection was taken,
    and every turn holds the work of other calls. What is left of law 20's window is the write itself."""

    def __init__(self, body: bytes, attempt: _Attempt) -> None:
        super().__init__(body)
        self._attempt = attempt

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if not self._attempt.may_start():
            raise _TooLateError
        await super().write_with_length(writer, content_length)
        reach_after_write(CrashPoint.POSTER_AFTER_SEND)


class HttpCaller:
    """The HTTP session of one connection to a target. Used by one event loop; `close` ends it."""

    def __init__(
        self,
        *,
        headers: Mapping[str, str],
        connections: int,
        memory: AnswerMemory | None = None,
    ) -> None:
        """`memory`: of the process; None where only one call is made at a time."""
        self._memory = memory
        self._headers = dict(headers)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        url: str,
        *,
        deadline_s: float,
        body: bytes | None = None,
        guard: StartGuard | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpOutcome:
        """One request. Never raises for what the network or the target does; never repeats a POST (law 18).

        The deadline is one for everything, from the first look-up to the last byte of the answer (law 17).
        """
        span = request_span(method, url)
        outcome = await self._call_once(method, url, deadline_s, body, _Attempt(guard), headers)
        if span is not None:
            status, code = getattr(outcome, "status", None), getattr(outcome, "code", None)
            end_request(span, type(outcome).__name__, status, code)
        return outcome

    async def _call_once(
        self,
        method: str,
        url: str,
        deadline_s: float,
        body: bytes | None,
        attempt: _Attempt,
        headers: Mapping[str, str] | None,
    ) -> HttpOutcome:
        token = _attempt.set(attempt)
        try:
            async with asyncio.timeout(None if disabled(Control.TOTAL_DEADLINE) else deadline_s):
                guarded = body if body is None or attempt.guard is None else _GuardedBody(body, attempt)
                return await self._exchange(method, url, guarded, headers, deadline_s)
        except (_TooLateError, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return _failure(error, attempt)
        finally:
            _attempt.reset(token)

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | _GuardedBody | None,
        headers: Mapping[str, str] | None,
        deadline_s: float,
    ) -> HttpOutcome:
        async with self._open(deadline_s).request(
            method, url, data=body, headers=headers, allow_redirects=False
        ) as response:
            content = bytearray()
            with nullcontext() if self._memory is None else self._memory.operation(self) as operation:
                while not response.content.at_eof():
                    # What is already buffered; a client's buffer is small beside SMALL.
                    content += (more := await response.content.read(ANSWER_LIMIT + 1))
                    if len(content) > ANSWER_LIMIT:
                        return Lost(TOO_LARGE)
                    if operation is not None and not await operation.take(len(more)):
                        return Lost(NO_MEMORY)
            return HttpAnswer(
                status=response.status,
                body=bytes(content),
                content_type=response.content_type,
                retry_after_s=_retry_after(response.headers.get("Retry-After")),
                request_id=_plain(response.headers.get("intuit_tid")),
            )

    def _open(self, deadline_s: float) -> aiohttp.ClientSession:
        """The session, made at the first call: it belongs to the loop that runs then."""
        if self._session is None:
            per_operation = deadline_s if disabled(Control.TOTAL_DEADLINE) else None
            self._session = aiohttp.ClientSession(
                connector=_GuardedConnector(limit=self._connections, keepalive_timeout=KEEP_ALIVE_S),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_read=per_operation, sock_connect=per_operation),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    async def close(self) -> None:
        """Close idle connections; calls in flight must have ended."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _failure(error: Exception, attempt: _Attempt) -> HttpOutcome:
    """What a call without an answer proves."""
    if attempt.late:
        return NotSent("LATE", late=True)
    if isinstance(error, TimeoutError):
        return Lost("TIMEOUT") if attempt.started else NotSent("CONNECT_TIMEOUT")
    if isinstance(error, aiohttp.ClientPayloadError):
        return Lost("TRUNCATED")
    code = _code_of(error)
    return Lost(code) if attempt.started else NotSent(code)


def _code_of(error: BaseException) -> str:
    """A closed code for a network failure; never the error's own text."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "TLS"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "DNS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "CONNECT"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | aiohttp.ClientOSError):
        return "DISCONNECTED"
    if isinstance(error, aiohttp.InvalidURL):
        return "INVALID_URL"
    return "PROTOCOL"


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header; the date form and nonsense are None (the caller's own wait applies)."""
    if value is None or not value.strip().isdecimal() or len(value) > 9:
        return None
    return float(value)


def _plain(value: str | None) -> str | None:
    """A vendor's request id, only if it looks like one."""
    if value is None or not value.isascii() or not value.replace("-", "").isalnum() or len(value) > 80:
        return None
    return value

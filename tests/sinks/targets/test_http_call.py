"""One call, one deadline: what a caller may conclude from each way in which a server answers (laws 17, 18)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sinks.targets.http_call import HttpAnswer, HttpCaller, HttpOutcome, Lost, NotSent
from streams.fault_injection import Control, install

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Guard:
    def __init__(self, says: bool) -> None:
        self.says = says

    def may_start(self) -> bool:
        return self.says


class Aging(Guard):
    """Says yes once: by the time the body is written, other calls' work has taken too long."""

    def may_start(self) -> bool:
        says, self.says = self.says, False
        return says


class Server:
    """A raw server: what it does with a connection is the test's."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/x"
        self.requests = 0


@asynccontextmanager
async def serving(act: Serve) -> AsyncIterator[Server]:
    """Reads a request's head, then acts; counts the requests."""

    handlers: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.create_task(handle(reader, writer)))

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            server.requests += 1
            await act(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    server = Server(listening.sockets[0].getsockname()[1])
    try:
        yield server
    finally:
        listening.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def called(url: str, *, deadline_s: float = 60.0, guard: Guard | None = None) -> HttpOutcome:
    caller = HttpCaller(headers={}, connections=1)
    try:
        return await caller.call("POST", url, deadline_s=deadline_s, body=b"{}", guard=guard)
    finally:
        await caller.close()


def _sends(content: bytes) -> Serve:
    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()

    return act


async def _trickles(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A complete answer, a byte every 50 ms: each read is quick, the whole takes 3 s."""
    for byte in b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}".ljust(60, b" ")[:47]:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.06)


async def _hangs(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def _resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_an_answer_is_given_whole() -> None:
    content = b"HTTP/1.1 429 Slow\r\nContent-Length: 4\r\nRetry-After: 17\r\nContent-Type: text/plain\r\n\r\nwait"
    async with serving(_sends(content)) as server:
        outcome = await called(server.url)
    assert outcome == HttpAnswer(429, b"wait", "text/plain", 17.0, None)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (_hangs, "TIMEOUT"),
        (_trickles, "TIMEOUT"),
        (_resets, "DISCONNECTED"),
        (_sends(b""), "DISCONNECTED"),
        (_sends(b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{"), "TRUNCATED"),
        (_sends(b"\x00\x01 not http\r\n\r\n"), "PROTOCOL"),
    ],
)
async def test_what_left_and_was_not_answered_is_lost(act: Serve, code: str) -> None:
    """Law 17: the total deadline ends a trickle too; law 18: one request, never a second."""
    async with serving(act) as server:
        outcome = await called(server.url, deadline_s=1.0 if code == "TIMEOUT" else 60.0)
        assert outcome == Lost(code)
        assert server.requests == 1


async def test_control_without_the_total_deadline_a_trickle_holds_the_call() -> None:
    """The control of law 17: a timeout per operation lets an answer trickle past any deadline."""
    async with serving(_trickles) as server:
        began = time.monotonic()
        install([Control.TOTAL_DEADLINE])
        outcome = await called(server.url, deadline_s=2.0)
        assert isinstance(outcome, HttpAnswer)
        assert time.monotonic() - began > 2.0


async def test_a_guard_that_says_no_sends_nothing() -> None:
    """Law 17: the connection stands, and no byte leaves."""
    async with serving(_sends(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")) as server:
        assert await called(server.url, guard=Guard(False)) == NotSent("LATE", late=True)
        assert server.requests == 0
        assert isinstance(await called(server.url, guard=Guard(True)), HttpAnswer)


async def test_no_connection_is_proof_that_nothing_left() -> None:
    """Law 17."""
    assert await called("http://127.0.0.1:9/x") == NotSent("CONNECT")
    assert isinstance(await called("http://no-such-host.invalid/x"), NotSent)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    """Law 18, S-7."""
    content = b"HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with serving(_sends(content)) as server:
        outcome = await called(server.url)
        assert isinstance(outcome, HttpAnswer)
        assert outcome.status == 307
        assert server.requests == 1


async def test_an_endless_answer_is_cut() -> None:
    """Memory stays bounded whatever a target sends."""

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
        for _turn in range(20):
            writer.write(b"x" * (1 << 20))
            await writer.drain()

    async with serving(endless) as server:
        assert await called(server.url, deadline_s=60.0) == Lost("ANSWER_TOO_LARGE")


async def test_the_guard_has_the_last_word_at_the_first_byte() -> None:
    """Law 17: what runs between the connection and the body counts too; nothing is sent, and that is known."""
    async with serving(_hangs) as server:
        outcome = await called(server.url, guard=Aging(True))
        await asyncio.sleep(0)
    assert outcome == NotSent("LATE", late=True)
    assert server.requests == 0


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_write_is_not_repeated_on_a_connection_that_was_kept(method: str) -> None:
    """Law 18: the client's library repeats a PUT by itself when a kept connection drops; the caller has to know."""
    heads: list[bytes] = []

    async def once_then_drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(b"first")
        await reader.readexactly(2)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(2)

    async with serving(once_then_drop) as server:
        caller = HttpCaller(headers={}, connections=2)
        try:
            answers = [
                await caller.call(method, server.url, deadline_s=10.0, body=b"{}", guard=Guard(True)) for _ in range(2)
            ]
        finally:
            await caller.close()
    assert isinstance(answers[0], HttpAnswer)
    assert isinstance(answers[1], Lost)
    assert len(heads) == 2, "one request for each call"

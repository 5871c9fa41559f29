"""A small compressed answer that becomes a large one costs the poster an answer, not its memory (ANSWER_LIMIT)."""

from __future__ import annotations

import asyncio
import tracemalloc
import zlib

from sinks.targets.answer_memory import ANSWER_LIMIT
from sinks.targets.http_call import HttpCaller, Lost

SWOLLEN_MIB = 512


def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1024 * 1024)
    return b"".join(packer.compress(zeros) for _ in range(SWOLLEN_MIB)) + packer.flush()


async def test_a_bomb_is_an_answer_that_is_too_large() -> None:
    """S-7: it is not trusted, and what is unpacked stays near the limit, whatever the target sends."""
    body = _bomb()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    caller = HttpCaller(headers={}, connections=1)
    tracemalloc.start()
    try:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        outcome = await caller.call("GET", url, deadline_s=60)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await caller.close()
        server.close()
    assert outcome == Lost("ANSWER_TOO_LARGE")
    assert peak < 16 * ANSWER_LIMIT

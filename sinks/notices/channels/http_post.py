"""Posts one message by HTTP, and says what is known about it afterwards: bounded in time and in what is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp

from sinks.notices.channels.port import Outcome, SendResult
from sinks.notices.channels.public_address import NotPublicError, PublicResolver, checked_url
from streams.runtime.errors import ConfigurationError

DEADLINE_S: Final = 15.0
"""Total time of one post. A receiver that needs longer takes the message first and works on it afterwards."""
ANSWER_LIMIT: Final = 4_096
"""Bytes of an answer that are read: nobody reads more than its status and a code."""
AT_ONCE: Final = 8
NOT_PUBLIC: Final = "ADDRESS_NOT_PUBLIC"


class Answer:
    """What the other side said: its status, and the beginning of its text, which is classified and never kept."""

    def __init__(self, status: int, text: bytes) -> None:
        self.status = status
        self.text = text


async def post(url: str, body: bytes, headers: Mapping[str, str], *, loopback: bool) -> Answer | SendResult:
    """The answer, or what is known without one. Waits for the network; never raises for what it or the receiver does.

    Steps whose order is the guarantee: 1. the address is checked, and what its name resolves to: nothing has left. 2.
    connect: a failure proves that nothing was sent. 3. the request: from the moment its headers are written silence is
    UNCERTAIN. No redirect is followed and no proxy of the environment is asked.
    """
    try:
        checked_url(url, "address", loopback=loopback)
    except ConfigurationError:
        return SendResult(Outcome.REFUSED, NOT_PUBLIC)
    written = False

    async def on_written(*_: object) -> None:
        nonlocal written
        written = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(on_written)
    connector = aiohttp.TCPConnector(resolver=PublicResolver(loopback=loopback), force_close=True)
    try:
        async with (
            asyncio.timeout(DEADLINE_S),
            aiohttp.ClientSession(connector=connector, trace_configs=[trace], auto_decompress=False) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return Answer(response.status, await _beginning(response))
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, NotPublicError):
            return SendResult(Outcome.REFUSED, NOT_PUBLIC)
        return SendResult(Outcome.NOT_SENT, type(error).__name__)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return SendResult(Outcome.UNCERTAIN if written else Outcome.NOT_SENT, type(error).__name__)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    found = b""
    while len(found) < ANSWER_LIMIT and (part := await response.content.read(ANSWER_LIMIT - len(found))):
        found += part
    return found

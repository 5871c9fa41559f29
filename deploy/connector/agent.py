"""The reference agent (pull): fetches requests from Writeback and lets the connector beside it answer. Outbound only.

A request that was fetched is carried out once and answered once; nothing is repeated. Writeback's own signature is on
every request, and the connector proves it as if it had been called.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec

from deploy.connector.service import Arrived, Connector
from schemas.connector.agent_records import ANSWER, LONGEST_ANSWER, POLL, Failure, HandedItem, ItemAnswer, WorkItem
from schemas.connector.signatures import Direction, SigningKey, sign

POLL_S: Final = 40.0
"""Longer than Writeback holds a poll."""
ANSWER_S: Final = 30.0
PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0

CarryOut = Callable[[WorkItem, float], Awaitable[ItemAnswer]]
"""Answers a request within so many seconds."""


class Agent:
    """One practice's agent. `workers`: requests at once, at least as many as the connector says it takes."""

    def __init__(self, url: str, practice: str, key: SigningKey, carry_out: CarryOut, workers: int = 4) -> None:
        self._url = url.rstrip("/")
        self._practice = quote(practice, safe="")
        self._key = key
        self._carry_out = carry_out
        self._workers = workers

    async def run(self) -> None:
        """Until cancelled. While Writeback is away it tries again, ever more seldom."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            await asyncio.gather(*(self._work(session) for _ in range(self._workers)))

    async def _work(self, session: aiohttp.ClientSession) -> None:
        pause_s = PAUSE_S
        while True:
            try:
                handed = await self._fetch(session)
                pause_s = PAUSE_S
                if handed is not None:
                    await self._handle(session, handed)
            except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError, RefusedPollError) as error:
                print(f"no request was fetched: {type(error).__name__}; again in {pause_s:.0f} s", flush=True)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _fetch(self, session: aiohttp.ClientSession) -> HandedItem | None:
        status, body = await self._call(session, POLL.format(practice=self._practice), b"{}", POLL_S)
        if status == 204:
            return None
        if status != 200:
            raise RefusedPollError(status)
        return msgspec.json.decode(body, type=HandedItem)

    async def _handle(self, session: aiohttp.ClientSession, handed: HandedItem) -> None:
        """Never ends without an answer while somebody waits for one."""
        try:
            async with asyncio.timeout(handed.left_s):
                answer = await self._carry_out(handed.item, handed.left_s)
        except TimeoutError:
            answer = ItemAnswer(failure=Failure.NO_ANSWER)
        path = ANSWER.format(practice=self._practice, request=handed.request_id)
        await self._call(session, path, msgspec.json.encode(answer), ANSWER_S)

    async def _call(self, session: aiohttp.ClientSession, path: str, body: bytes, within_s: float) -> tuple[int, bytes]:
        headers = sign(
            "POST",
            path,
            body,
            key=self._key,
            direction=Direction.FROM_AGENT,
            nonce=secrets.token_urlsafe(18),
            created=datetime.now(UTC),
            life=timedelta(seconds=math.ceil(within_s)),
        )
        timeout = aiohttp.ClientTimeout(total=within_s)
        headers["Content-Type"] = "application/json"
        url = self._url + path
        async with session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as response:
            return response.status, await response.content.read(2 * LONGEST_ANSWER)


class RefusedPollError(Exception):
    """Writeback does not know this agent: wrong practice, keys, or clock."""


def in_process(connector: Connector) -> CarryOut:
    """For a connector in the same process."""

    async def carry_out(item: WorkItem, within_s: float) -> ItemAnswer:
        arrived = Arrived(method=item.method, target=item.target, headers=item.headers, body=item.body)
        reply = await asyncio.to_thread(connector.answer, arrived)
        wait = reply.headers.get("Retry-After")
        return ItemAnswer(
            status=reply.status,
            content_type=reply.content_type,
            retry_after_s=None if wait is None else float(wait),
            body=reply.body,
        )

    return carry_out


def over_http(url: str) -> CarryOut:
    """For a connector on the practice's own network."""
    base = url.rstrip("/")

    async def carry_out(item: WorkItem, within_s: float) -> ItemAnswer:
        timeout = aiohttp.ClientTimeout(total=within_s)
        try:
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.request(
                    item.method,
                    base + item.target,
                    data=item.body or None,
                    headers=item.headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response,
            ):
                body = await response.content.read(LONGEST_ANSWER + 1)
                while len(body) <= LONGEST_ANSWER and not response.content.at_eof():
                    body += await response.content.read(LONGEST_ANSWER + 1)
        except aiohttp.ClientConnectorError:
            return ItemAnswer(failure=Failure.NOT_REACHED)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return ItemAnswer(failure=Failure.NO_ANSWER)
        if len(body) > LONGEST_ANSWER:
            return ItemAnswer(failure=Failure.NO_ANSWER)
        wait = response.headers.get("Retry-After", "")
        return ItemAnswer(
            status=response.status,
            content_type=response.content_type,
            retry_after_s=float(wait) if wait.isdecimal() and len(wait) <= 6 else None,
            body=body,
        )

    return carry_out

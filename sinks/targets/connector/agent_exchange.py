"""Pull: a request waits in the ledger until the practice's agent has fetched and answered it.

The first byte leaves when the agent fetches it. So what is withdrawn before that was never sent, and what was fetched
and not answered in time is in doubt. Nothing is handed out after its caller has given up, and its signature expires
then.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg import AsyncConnection

from schemas.connector.agent_records import ItemAnswer, WorkItem
from schemas.connector.signatures import KeyPair
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.row_factory import rows_as
from sinks.targets.connector.answer_listener import AnswerListener
from sinks.targets.connector.exchange import signed_headers
from sinks.targets.connector.work_items import ASKED, LEDGER, NOT_ANSWERED, NOT_FETCHED, outcome_of
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from sinks.targets.http_call import HttpOutcome, Lost, NotSent
from sinks.targets.port import StartGuard
from streams.fault_injection import CrashPoint, reach

FETCHED_WITHIN_S: Final = 10.0
"""An agent that is connected fetches at once; one that is not is not waited for to the end of the deadline."""
LOOK_EVERY_S: Final = 1.0
LEFT_TO_WITHDRAW_S: Final = 0.5
"""Of the deadline: the last statement is inside it too."""
_SQL: Final = named_queries("sinks.targets.connector", "requests_queue.sql")

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]


class Looked(msgspec.Struct, frozen=True):
    """How a request stands."""

    handed: bool
    answer: bytes | None


class AgentExchange:
    """An `Exchange` with one practice's agent. Used by one event loop."""

    def __init__(
        self, practice_id: str, connection_id: str, keys: KeyPair, ring: KeyRing, connect: Connect, database_url: str
    ) -> None:
        self._owner = (practice_id, connection_id)
        self._keys = keys
        self._ring = ring
        self._connect = connect
        self._database_url = database_url
        self._listener: AnswerListener | None = None

    async def call(
        self, method: str, target: str, body: bytes | None, *, deadline_s: float, guard: StartGuard | None = None
    ) -> HttpOutcome:
        if guard is not None and not guard.may_start():
            return NotSent("LATE", late=True)
        headers = signed_headers(method, target, body, self._keys, deadline_s)
        item = WorkItem(method=method, target=target, headers=headers, body=body or b"")
        ends_at = asyncio.get_running_loop().time() + max(deadline_s - LEFT_TO_WITHDRAW_S, deadline_s / 2)
        request_id = str(uuid.uuid4())
        if self._listener is None:
            self._listener = AnswerListener.shared(self._database_url)
        answered = self._listener.expect(request_id)
        try:
            async with asyncio.timeout(deadline_s):
                await self._ask(request_id, item, deadline_s)
                reach(CrashPoint.POSTER_AFTER_SEND)
                return await self._answer(request_id, answered, ends_at)
        except (psycopg.Error, TimeoutError, SecretUnreadableError, msgspec.MsgspecError):
            # Whether it was fetched is not known: never "nothing was sent".
            return Lost(LEDGER)
        finally:
            self._listener.forget(request_id)

    async def _ask(self, request_id: str, item: WorkItem, deadline_s: float) -> None:
        expires_at = datetime.now(UTC) + timedelta(seconds=deadline_s)
        parameters = {
            "request": self._ring.seal(*self._owner, msgspec.json.encode(item)),
            "wait_s": deadline_s,
            "expires_at": expires_at,
            "channel": ASKED,
        }
        async with self._connect() as connection:
            await connection.execute(_SQL["ask"], self._key(request_id) | parameters)

    async def _answer(self, request_id: str, answered: asyncio.Event, ends_at: float) -> HttpOutcome:
        """1. Look whenever woken, and each second. 2. Not fetched in time: withdrawn, if still nobody has it. 3. At the
        end: what stands in the row decides."""
        loop = asyncio.get_running_loop()
        fetched_by = min(loop.time() + FETCHED_WITHIN_S, ends_at)
        while (left_s := ends_at - loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), min(LOOK_EVERY_S, left_s))
            answered.clear()
            found = await self._look(_SQL["look"], request_id)
            if found is None or found.answer is not None:
                break
            if not found.handed and loop.time() >= fetched_by and await self._withdrawn(request_id):
                return NotSent(NOT_FETCHED)
        found = await self._look(_SQL["withdraw"], request_id)
        if found is None:
            return Lost(LEDGER)
        if found.answer is not None:
            opened = self._ring.open(*self._owner, found.answer)
            return outcome_of(msgspec.json.decode(opened, type=ItemAnswer))
        return Lost(NOT_ANSWERED) if found.handed else NotSent(NOT_FETCHED)

    async def _look(self, query: LiteralString, request_id: str) -> Looked | None:
        async with self._connect() as connection:
            cursor = connection.cursor(row_factory=rows_as(Looked))
            return await (await cursor.execute(query, self._key(request_id))).fetchone()

    async def _withdrawn(self, request_id: str) -> bool:
        async with self._connect() as connection:
            cursor = await connection.execute(_SQL["withdraw_unfetched"], self._key(request_id))
            return await cursor.fetchone() is not None

    def _key(self, request_id: str) -> dict[str, Any]:
        return {"practice_id": self._owner[0], "request_id": request_id}

    async def close(self) -> None:
        if self._listener is not None:
            listener, self._listener = self._listener, None
            await listener.leave()

"""The endpoint that practices' agents poll: hands out requests and keeps their answers (`writeback connector serve`).

Every request of an agent is signed with the keys of its practice's connection, in the direction of an agent, once. An
agent reaches nothing but the requests of that practice. Several of these may run; they hold nothing but who waits.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

import msgspec
import psycopg
from aiohttp import web
from psycopg import AsyncConnection

from schemas.connector.agent_records import ANSWER, LONGEST_ANSWER, POLL, HandedItem, ItemAnswer, WorkItem
from schemas.connector.problems import MEDIA_TYPE, problem
from schemas.connector.records import ProblemCode
from schemas.connector.signatures import Direction, KeyPair, SignatureError, verify
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.row_factory import rows_as
from sinks.ledger.schema.database import connection_options
from sinks.targets.connector.mapping import Mode, load_keys, load_mapping
from sinks.targets.connector.work_items import ANSWERED, ASKED
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from sinks.targets.mapping_error import MappingError
from streams.fault_injection import Control, disabled
from streams.runtime.logging import log

LONGEST_POLL_S: Final = 25.0
"""Below what proxies usually cut an idle answer at."""
LARGEST: Final = 2 * LONGEST_ANSWER
"""Of an answer with its base64."""
LOOK_EVERY_S: Final = 2.0
"""A poll looks without a notification, too."""
RECONNECT_S: Final = 1.0
_SQL: Final = named_queries("sinks.targets.connector", "requests_queue.sql")
_LOG: Final = log(__name__)
_JSON: Final = "application/json"


class KnownAgent(msgspec.Struct, frozen=True):
    """The connection that an agent answers for. `secret` is still sealed."""

    connection_id: str
    home_practice_id: str
    config: Any
    secret: bytes | None


class _Handed(msgspec.Struct, frozen=True):
    request_id: Any
    request: bytes
    left_s: float


class AgentEndpoint:
    """The handlers, over connections that `connect` lends for one statement each."""

    def __init__(
        self, connect: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]], database_url: str, ring: KeyRing
    ) -> None:
        self._connect = connect
        self._database_url = database_url
        self._ring = ring
        self._asked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post(POLL, self._guarded(self._poll))
        app.router.add_post(ANSWER, self._guarded(self._keep_answer))
        app.cleanup_ctx.append(self._listening)
        return app

    def _guarded(self, handle: Callable[[web.Request, str, KnownAgent, bytes], Any]) -> Any:
        async def answered(request: web.Request) -> web.Response:
            """Nobody learns more of an unknown practice than of a wrong key."""
            body = await request.read()
            practice = unquote(request.match_info["practice"])
            try:
                agent = await self._proven(request, practice, body)
                found: web.Response = await handle(request, practice, agent, body)
            except SignatureError as error:
                return _problem(error.code)
            except psycopg.Error as error:
                _LOG.warning("an agent was not served", error=type(error).__name__)
                return _problem(ProblemCode.SYSTEM_UNAVAILABLE)
            return found

        return answered

    async def _proven(self, request: web.Request, practice: str, body: bytes) -> KnownAgent:
        agent, keys = await self._known(practice)
        now = datetime.now(UTC)
        proven = verify(
            request.method,
            request.raw_path,
            request.headers,
            body,
            keys=() if keys is None else keys.keys,
            direction=Direction.FROM_AGENT,
            now=now,
        )
        if agent is None:
            raise SignatureError(ProblemCode.SIGNATURE_INVALID, "no known key signed this request")
        parameters = {"practice_id": practice, "nonce": proven.nonce, "forget_at": proven.forget_at}
        async with self._connect() as connection:
            cursor = await connection.execute(_SQL["remember_nonce"], parameters)
            if await cursor.fetchone() is None:
                raise SignatureError(ProblemCode.REQUEST_TOO_LATE, "this request was seen before")
        return agent

    async def _known(self, practice: str) -> tuple[KnownAgent | None, KeyPair | None]:
        """By a practice that is no id of ours nothing is asked."""
        if not (practice.isascii() and practice.isprintable() and 0 < len(practice) <= 255):
            return None, None
        async with self._connect() as connection:
            cursor = connection.cursor(row_factory=rows_as(KnownAgent))
            agent = await (await cursor.execute(_SQL["keys_of"], {"practice_id": practice})).fetchone()
        if agent is None or agent.secret is None:
            return None, None
        try:
            if load_mapping(agent.config).mode is not Mode.PULL:
                return None, None
            return agent, load_keys(self._ring.open(agent.home_practice_id, agent.connection_id, agent.secret))
        except (MappingError, SecretUnreadableError):
            return None, None

    async def _poll(self, request: web.Request, practice: str, agent: KnownAgent, body: bytes) -> web.Response:
        """The next request, as soon as there is one; 204 where none came."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + LONGEST_POLL_S
        asked = self._asked[practice]
        while True:
            asked.clear()
            handed = await self._hand_out(practice)
            if handed is not None:
                opened = self._ring.open(agent.home_practice_id, agent.connection_id, handed.request)
                item = HandedItem(
                    request_id=str(handed.request_id),
                    left_s=max(0.0, handed.left_s),
                    item=msgspec.json.decode(opened, type=WorkItem),
                )
                return web.Response(body=msgspec.json.encode(item), content_type=_JSON)
            left_s = ends_at - loop.time()
            if left_s <= 0:
                return web.Response(status=204)
            with suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), min(left_s, LOOK_EVERY_S))

    async def _hand_out(self, practice: str) -> _Handed | None:
        query = _SQL["hand_out_again" if disabled(Control.HAND_OUT_ONCE) else "hand_out"]
        async with self._connect() as connection:
            cursor = connection.cursor(row_factory=rows_as(_Handed))
            return await (await cursor.execute(query, {"practice_id": practice})).fetchone()

    async def _keep_answer(self, request: web.Request, practice: str, agent: KnownAgent, body: bytes) -> web.Response:
        """204 where somebody still waits for it; not-found where nobody does."""
        request_id = request.match_info["request"]
        try:
            answer = msgspec.json.decode(body, type=ItemAnswer)
            given = UUID(request_id)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return _problem(ProblemCode.REQUEST_MALFORMED)
        sealed = self._ring.seal(agent.home_practice_id, agent.connection_id, msgspec.json.encode(answer))
        parameters = {"practice_id": practice, "request_id": given, "answer": sealed, "channel": ANSWERED}
        async with self._connect() as connection:
            cursor = await connection.execute(_SQL["keep_answer"], parameters)
            kept = await cursor.fetchone() is not None
        return web.Response(status=204) if kept else _problem(ProblemCode.NOT_FOUND)

    async def _listening(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._listen())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _listen(self) -> None:
        options: dict[str, Any] = connection_options("connector-asked")
        while True:
            try:
                async with await AsyncConnection.connect(self._database_url, **options) as connection:
                    await connection.execute(f"LISTEN {ASKED}")
                    async for notification in connection.notifies():
                        if (event := self._asked.get(notification.payload)) is not None:
                            event.set()
            except psycopg.Error as error:
                _LOG.warning("the listening connection was lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_S)


def _problem(code: ProblemCode) -> web.Response:
    document = problem(code)
    return web.Response(status=document.status, body=msgspec.json.encode(document), content_type=MEDIA_TYPE)

"""Wakes callers when an agent has answered: one listening connection for all adapters of an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection

from sinks.ledger.schema.database import connection_options
from sinks.targets.connector.work_items import ANSWERED
from streams.runtime.logging import log

RECONNECT_S: Final = 1.0
_LOG: Final = log(__name__)


class AnswerListener:
    """Notifications only hasten: whoever waits looks at its row once a second all the same."""

    _of_loop: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, AnswerListener]] = WeakKeyDictionary()

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._waiting: dict[str, asyncio.Event] = {}
        self._users = 0
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def shared(cls, database_url: str) -> AnswerListener:
        """That of the running loop. To be called inside it, and given back by `leave`."""
        loop = asyncio.get_running_loop()
        listener = cls._of_loop.setdefault(loop, cls(database_url))
        listener._users += 1
        if listener._task is None:
            listener._task = asyncio.create_task(listener._listen())
        return listener

    async def leave(self) -> None:
        """Ends the listening with its last user."""
        self._users -= 1
        if self._users == 0 and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def expect(self, request_id: str) -> asyncio.Event:
        """Set when that request may have its answer."""
        return self._waiting.setdefault(request_id, asyncio.Event())

    def forget(self, request_id: str) -> None:
        self._waiting.pop(request_id, None)

    async def _listen(self) -> None:
        options: dict[str, Any] = connection_options("connector-answers")
        while True:
            try:
                async with await AsyncConnection.connect(self._database_url, **options) as connection:
                    await connection.execute(f"LISTEN {ANSWERED}")
                    for event in self._waiting.values():
                        event.set()
                    async for notification in connection.notifies():
                        if notification.payload in self._waiting:
                            self._waiting[notification.payload].set()
            except psycopg.Error as error:
                _LOG.warning("the listening connection was lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_S)

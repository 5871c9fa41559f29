"""Listens for notifications that something is due, on a connection of its own; polling finds what is missed (law 8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from sinks.ledger.gates import CHANNEL
from sinks.ledger.schema.database import connection_options
from streams.runtime.logging import log

EVERY_PRACTICE: Final = "*"
"""The payload that stands for several practices at once."""
RECONNECT_S: Final = 1.0
"""Between tries while the ledger is away."""
_LOG: Final = log(__name__)


async def listen(database_url: str, notified: Callable[[str], None]) -> None:
    """Calls `notified` with each payload, a practice or EVERY_PRACTICE, until cancelled. After a lost connection
    everything may have been missed, so it begins with EVERY_PRACTICE."""
    options: dict[str, Any] = connection_options("poster-listen")
    while True:
        try:
            async with await AsyncConnection.connect(database_url, **options) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                notified(EVERY_PRACTICE)
                async for notification in connection.notifies():
                    notified(notification.payload)
        except psycopg.Error as error:
            _LOG.warning("the listening connection was lost", error=type(error).__name__)
        await asyncio.sleep(RECONNECT_S)

"""The surroundings in which a command opens a stored connection, as the poster opens it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from sinks.credentials import KeyRing
from sinks.ledger.database import connection_options
from sinks.routes import Surroundings
from streams.settings import ProgramSettings


def surroundings(settings: ProgramSettings, application: str) -> Surroundings:
    """With a database connection of its own for each renewed token."""

    @asynccontextmanager
    async def for_one_transaction() -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        options = connection_options(application)
        async with await psycopg.AsyncConnection.connect(settings.database_url, **options) as opened:
            yield opened

    return Surroundings(settings=settings, keys=KeyRing.of(settings), connect=for_one_transaction)

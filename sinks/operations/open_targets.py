"""Opens a practice's stored connection outside the poster, as the poster opens it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from schemas.vocabulary import Target
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.ledger.schema.database import connection_options
from sinks.operations.ledger import Ledger
from sinks.targets.catalogue import open_target
from sinks.targets.credentials import KeyRing
from sinks.targets.port import PaymentTarget
from sinks.targets.route import AdapterContext
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings


def adapter_context(settings: ProgramSettings, application: str) -> AdapterContext:
    """What an adapter is opened with, among it a database connection of its own for each renewed token."""

    @asynccontextmanager
    async def for_one_transaction() -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        options = connection_options(application)
        async with await psycopg.AsyncConnection.connect(settings.database_url, **options) as opened:
            yield opened

    return AdapterContext(settings=settings, keys=KeyRing.of(settings), connect=for_one_transaction)


def open_stored(ledger: Ledger, context: AdapterContext, practice_id: str, target: Target) -> PaymentTarget:
    """The adapter of a practice's stored connection; the caller closes it. ConfigurationError where there is none."""
    with ledger.connection.cursor() as cursor:
        row = stored_connection(cursor, practice_id, target)
    if row is None:
        raise ConfigurationError(f"practice {practice_id} has no such target: connect it with `writeback target add`")
    return open_target(row, context)

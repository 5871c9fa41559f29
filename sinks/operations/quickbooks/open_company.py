"""Opens a practice's QuickBooks company, as the poster opens it, and says why it cannot be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.operations.ledger import Ledger
from sinks.operations.open_targets import adapter_context
from sinks.operations.queries.practices import check_practice
from sinks.targets.catalogue import open_target
from sinks.targets.port import ReadFailed
from sinks.targets.quickbooks.adapter import QuickBooksTarget
from sinks.targets.route import StoredConnection
from streams.runtime.errors import ConfigurationError, WritebackError
from streams.settings import ProgramSettings


def connected(ledger: Ledger, practice_id: str) -> StoredConnection:
    """The practice's connection. Blocks for two statements. Raises ConfigurationError where there is none."""
    check_practice(ledger.connection, practice_id)
    with ledger.connection.cursor() as cursor:
        found = stored_connection(cursor, practice_id, Target.QUICKBOOKS)
    if found is None:
        raise ConfigurationError(
            f"practice {practice_id} is not connected to QuickBooks: `writeback quickbooks connect {practice_id}`"
        )
    return found


@asynccontextmanager
async def open_company(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, config: Mapping[str, Any] | None = None
) -> AsyncIterator[QuickBooksTarget]:
    """The company for as long as the block runs; `config`: under a mapping that is not stored. Raises as `connected`,
    and where it cannot be opened."""
    stored = connected(ledger, practice_id)
    if config is not None:
        stored = msgspec.structs.replace(stored, config=dict(config))
    opened = open_target(stored, adapter_context(settings, "quickbooks"))
    try:
        if not isinstance(opened, QuickBooksTarget):
            raise ConfigurationError(f"practice {practice_id} keeps its books elsewhere than at QuickBooks Online")
        yield opened
    finally:
        await opened.close()


def cannot_read(practice_id: str, failed: ReadFailed) -> WritebackError:
    """What a person is told where a read came to nothing."""
    why = failed.code if failed.reason is None else failed.reason.value
    return WritebackError(
        f"QuickBooks of {practice_id} cannot be read ({why}): `writeback target test {practice_id} quickbooks` says "
        "what to do"
    )

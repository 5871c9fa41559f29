"""Asks for a practice's system to be read now, beside its usual times. It only reads, so nothing is previewed."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import practice_shown
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.targets.catalogue import ROUTES
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.operations.queries", "sync_status.sql")


class SyncAsked(msgspec.Struct, frozen=True, kw_only=True):
    practice_id: str
    full: bool


@sees(View.SETTINGS, practice="practice")
def sync_now(ledger: Ledger, practice: str, *, full: bool) -> SyncAsked:
    """Due at once for the role `sync`; `full`: everything is read again, and what is gone is found. Blocks.

    Raises ConfigurationError for an unknown practice, and for one without a system that a program can read.
    """
    practice_id = checked_id("PRACTICE", practice)
    practice_shown(ledger.connection, practice_id)
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        stored = stored_connection(cursor, practice_id, Target.PMS)
        route = None if stored is None else ROUTES.get(stored.route)
        if route is None or route.by_hand:
            raise ConfigurationError(
                f"{practice_id} has no system that a program can read: connect one with `writeback target add`"
            )
        given = {"practice_id": practice_id, "full": full, "now": ledger.clock.for_database()}
        cursor.execute(_SQL["ask"], given)
    return SyncAsked(practice_id=practice_id, full=full)

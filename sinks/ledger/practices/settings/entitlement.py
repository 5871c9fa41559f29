"""Switching the feature on for a practice, by the account's manager (SET-16), and recording a passed check (C4)."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings.golive_state import readiness
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.waiting.reevaluate import moment
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "entitlement.sql")


def entitle(
    connection: psycopg.Connection[TupleRow], practice_id: str, saving: Saving, *, clock: Clock, withdraw: bool = False
) -> bool:
    """Entitle a practice, or withdraw it; answers whether its master is on. Blocks for the practice's lock.

    A withdrawal lets no master be switched on again; one that is on is its owner's to switch off, since payments of
    the past are to be posted. ConfigurationError for an unknown practice, or without who and why.
    """
    if not saving.actor.strip() or not saving.reason.strip():
        raise ConfigurationError("an entitlement needs --by and --why: they stand in the audit trail")
    with connection.transaction(), connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        at = moment(cursor, clock.for_database())
        before = readiness(cursor, practice_id)
        cursor.execute(
            _SQL["entitle"],
            {
                "practice_id": practice_id,
                "at": None if withdraw else at,
                "actor": None if withdraw else saving.actor,
            },
        )
        append(
            cursor,
            practice_id,
            at=at,
            actor=saving.actor,
            action="practice.entitle" if not withdraw else "practice.withdraw",
            before={"entitled": before.entitled_at is not None},
            after={"entitled": not withdraw},
            why=saving.reason,
        )
        standing = newest(cursor, practice_id)
    return standing is not None and standing.settings.master

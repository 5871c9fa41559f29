"""Entitles a practice to write-back, or withdraws it, by the account's manager (SET-16)."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.golive_state import readiness
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.reevaluate import reevaluate
from streams.runtime.clock import Clock
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices.settings", "entitlement.sql")


def entitle(
    connection: psycopg.Connection[TupleRow],
    practice_id: str,
    saving: Saving,
    *,
    clock: Clock,
    jitter_s: int = 0,
    withdraw: bool = False,
) -> bool:
    """Entitle a practice, or withdraw it; answers whether its master is on. Blocks for the practice's lock.

    It is a gate: without it nothing of the practice goes out, payouts included, and what is due waits as PAUSED; with
    it, what waited for it goes on. ConfigurationError for an unknown practice, or without who and why.
    """
    if not saving.actor.strip() or not saving.reason.strip():
        raise ConfigurationError("an entitlement needs --by and --why: they stand in the audit trail")
    with unit_of_work(connection, practice_id, clock=clock, jitter_s=jitter_s) as unit:
        before = readiness(unit.cursor, practice_id)
        unit.cursor.execute(
            _SQL["entitle"],
            {
                "practice_id": practice_id,
                "at": None if withdraw else unit.at,
                "actor": None if withdraw else saving.actor,
            },
        )
        unit.audit(
            "practice.withdraw" if withdraw else "practice.entitle",
            actor=saving.actor,
            why=saving.reason,
            before={"entitled": before.entitled_at is not None},
            after={"entitled": not withdraw},
        )
        # Marks look at it under the gates: after this none follows that saw the practice entitled.
        unit.lock_gates()
        reevaluate(unit)
        current = newest(unit.cursor, practice_id)
    return current is not None and current.settings.master

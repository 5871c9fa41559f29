"""Releases entries that a closed period held, once today's settings, or today's date, let them go (T-9)."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_values
from sinks.ledger.unit_of_work import UnitOfWork
from sinks.ledger.waiting.release import release

_SQL: Final = named_queries("sinks.ledger.waiting", "closed_periods.sql")


def release_opened(unit: UnitOfWork, *, actor: str) -> int:
    """Schedule what `ledger_closed_through` or the policy had blocked and no longer does; returns how many. Blocks.

    What the policy gave to a person stays with that person (T-9): it may be typed in already, and would stand twice.
    What the target itself refused stays too: these settings say nothing about its own lock.
    """
    opened = fetch_values(unit.cursor, _SQL["opened"], {"practice_id": unit.practice_id, "now": unit.at})
    return release(unit, [State.BLOCKED_PERIOD], actor=actor, effect_ids=opened) if opened else 0

"""Lets a practice use the connection of another: one server, one company or one key, counted once (law 22)."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.connections import Connected
from sinks.ledger.rows.fetch import fetch_one, fetch_value
from sinks.ledger.unit_of_work import UnitOfWork
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices", "connections.sql")


def share_connection(unit: UnitOfWork, home: str, target: Target, *, actor: str, why: str | None) -> Connected:
    """Point the practice to the connection that `home` has for the target, in the practice's unit of work. Blocks.

    Owner, lease, limiter and breaker are the connection's, so both practices have them together; gates, lanes, links
    and settings stay each practice's own. ConfigurationError where the practice posts to that target already, and
    where `home` has no connection of its own there.
    """
    keys = {"practice_id": unit.practice_id, "home": home, "target": target.value}
    if home == unit.practice_id:
        raise ConfigurationError("--with: name the other practice")
    if fetch_value(unit.cursor, _SQL["stored_fingerprint"], keys) is not None:
        raise ConfigurationError(f"practice {unit.practice_id} has a connection for {target.value} already")
    shared = fetch_one(unit.cursor, Connected, _SQL["lock_shared"], keys)
    if shared is None:
        raise ConfigurationError(f"--with: practice {home} has no connection of its own for {target.value}")
    unit.cursor.execute(_SQL["share_connection"], {**keys, "connection_id": shared.connection_id})
    unit.lock_gates([shared.connection_id])
    unit.refresh_gates([shared.connection_id])
    after = {"home": home, "route": shared.route}
    unit.audit("target.share", actor=actor, why=why, subject=shared.connection_id, after=after)
    return shared

"""Lets a practice use the connection of another: one server, one company or one key, counted once (law 22)."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.connections import Connected, ConnectionInput, locked_connection
from sinks.ledger.rows.fetch import fetch_one
from sinks.ledger.unit_of_work import UnitOfWork
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices", "connections.sql")


class _Shared(msgspec.Struct, frozen=True):
    connection_id: str
    target: Target
    route: str
    base_url: str
    fingerprint: str
    config: dict[str, Any]
    capabilities: tuple[str, ...] | None


def shared_input(cursor: psycopg.Cursor[TupleRow], practice_id: str, home: str, target: Target) -> ConnectionInput:
    """The connection that `home` has for the target, as the practice would use it; it brings no secret. Blocks for one
    statement. ConfigurationError where `home` has none of its own there."""
    found = fetch_one(cursor, _Shared, _SQL["shared_connection"], {"home": home, "target": target.value})
    if found is None:
        raise _none_of_its_own(home, target)
    return ConnectionInput(
        practice_id=practice_id,
        connection_id=found.connection_id,
        target=found.target,
        route=found.route,
        base_url=found.base_url,
        fingerprint=found.fingerprint,
        config=found.config,
        secret=None,
        capabilities=None if found.capabilities is None else list(found.capabilities),
        needs_secret=False,
    )


def lock_shared(cursor: psycopg.Cursor[TupleRow], home: str, target: Target) -> Connected:
    """`home`'s own connection for the target, locked. Blocks. ConfigurationError where it has none."""
    found = fetch_one(cursor, Connected, _SQL["lock_shared"], {"home": home, "target": target.value})
    if found is None:
        raise _none_of_its_own(home, target)
    return found


def _none_of_its_own(home: str, target: Target) -> ConfigurationError:
    return ConfigurationError(f"--with: practice {home} has no connection of its own for {target.value}")


def share_connection(unit: UnitOfWork, home: str, target: Target, *, actor: str, why: str | None) -> Connected:
    """Point the practice to the connection that `home` has for the target, in the practice's unit of work. Blocks.

    Owner, lease, limiter and breaker are the connection's, so both practices have them together; gates, lanes, links
    and settings stay each practice's own. ConfigurationError where the practice posts to that target already, and
    where `home` has no connection of its own there.
    """
    keys = {"practice_id": unit.practice_id, "home": home, "target": target.value}
    if home == unit.practice_id:
        raise ConfigurationError("--with: name the other practice")
    connected = locked_connection(unit.cursor, keys)
    shared = lock_shared(unit.cursor, home, target)
    if connected is not None:
        raise ConfigurationError(
            f"practice {unit.practice_id} has a connection for {target.value} already"
            + _way_over(unit.practice_id, home, target, connected, shared)
        )
    unit.cursor.execute(_SQL["share_connection"], {**keys, "connection_id": shared.connection_id})
    unit.lock_gates([shared.connection_id])
    unit.refresh_gates([shared.connection_id])
    after = {"home": home, "route": shared.route}
    unit.audit("target.share", actor=actor, why=why, subject=shared.connection_id, after=after)
    return shared


def _way_over(practice_id: str, home: str, target: Target, connected: Connected, shared: Connected) -> str:
    """What moves the practice to the shared connection, where something does."""
    if target is not Target.PMS or connected.home_practice_id != practice_id or connected.route == shared.route:
        return ""
    former, to = (each.route.replace("_", "-") for each in (connected, shared))
    return (
        f": `writeback target replace {practice_id} --from {former} --to {to} --with {home}` moves it to that of {home}"
    )

"""A practice's connections to its targets: saved, listed, and never one account for two practices (law 22)."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from schemas.vocabulary import State, Target
from sinks.ledger import gates
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.waiting.reevaluate import moment, recompute
from sinks.ledger.waiting.release import compose_anew, release
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices", "connections.sql")

Cursor = psycopg.Cursor[TupleRow]


class ConnectionInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave, validated and sealed. `secret` None keeps the stored one."""

    practice_id: str
    connection_id: str
    target: Target
    route: str
    base_url: str
    fingerprint: str
    config: dict[str, Any]
    secret: bytes | None
    capabilities: list[str] | None = None
    """What it can write (`sinks.targets.port.Capabilities.words`); None: payments, fee adjustments and payouts."""
    same_account: bool = False
    """A person says that other keys reach the same books: what is in doubt there can still be read back."""


class Saved(msgspec.Struct, frozen=True):
    added: bool
    released: int
    """Dead effects that may go again with the repaired setting."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A connection without its secret."""

    practice_id: str
    target: str
    connection_id: str
    route: str
    base_url: str
    enabled: bool
    closed_reason: str | None
    changed_at: datetime


def fingerprint(route: str, *parts: str) -> str:
    """Which account a connection reaches, without saying it: equal for two connections to one account."""
    return sha256("\0".join((route, *parts)).encode()).hexdigest()


def save_connection(cursor: Cursor, given: ConnectionInput, *, actor: str, now: datetime | None) -> Saved:
    """Add a practice's connection or repair it, inside the caller's transaction. Blocks for the practice's lock.

    1. Lock the practice, then the gate, so that no mark slips in. 2. Refuse an account that another practice has (law
    22), and another account while something is in doubt at this one: its read-back would look in the wrong place. Keys
    may be renewed at any time (`same_account`): entries in doubt behind revoked keys would otherwise stay so for ever.
    3. Save; with another account, fence whoever holds the old one. 4. Open the gate. 5. Release what died of the
    setting or waited for the connection. 6. Audit, without secrets. Raises ConfigurationError that says what to do.
    """
    require_practice(cursor, given.practice_id)
    key = (given.practice_id, given.connection_id)
    gates.lock(cursor, [key])
    at = moment(cursor, now)
    fields = msgspec.structs.asdict(given) | {
        "target": given.target.value,
        "config": Jsonb(given.config),
        "actor": actor,
        "now": now,
    }
    standing = cursor.execute(_SQL["standing"], fields).fetchone()
    _refuse_shared(cursor, given, fields)
    if standing is None:
        _add(cursor, given, fields)
    else:
        _change(cursor, given, fields, standing)
    cursor.execute(_SQL["open_gate"], fields)
    released = release(
        cursor, given.practice_id, [State.INVALID_CONFIG], actor=actor, now=now, connection_id=given.connection_id
    )
    recompute(cursor, given.practice_id, now=now, jitter_s=0)
    gates.refresh(cursor, [key], now=now, jitter_s=0)
    append(
        cursor,
        given.practice_id,
        at=at,
        actor=actor,
        action="target.add" if standing is None else "target.change",
        subject=given.connection_id,
        before=None if standing is None else {"base_url": standing[3], "config": standing[4]},
        after={
            "base_url": given.base_url,
            "config": given.config,
            "secrets": "kept" if given.secret is None else "given",
            "same_account": given.same_account,
            "released": released,
        },
    )
    return Saved(standing is None, released)


def stored_fingerprint(cursor: Cursor, practice_id: str, target: Target) -> str | None:
    """Of the account that is connected now; None where there is none."""
    row = _stored(cursor, practice_id, target)
    return None if row is None else row[6]


def stored_connection(cursor: Cursor, practice_id: str, target: Target) -> dict[str, Any] | None:
    """The fields that open a target (`sinks.targets.catalogue.StoredConnection`); the secret is still sealed."""
    row = _stored(cursor, practice_id, target)
    if row is None:
        return None
    names = ("home_practice_id", "connection_id", "route", "base_url", "config", "secret")
    return dict(zip(names, (*row[:5], None if row[5] is None else bytes(row[5])), strict=True))


def _stored(cursor: Cursor, practice_id: str, target: Target) -> TupleRow | None:
    return cursor.execute(_SQL["stored"], {"practice_id": practice_id, "target": target.value}).fetchone()


def list_connections(cursor: Cursor, practice_id: str | None) -> list[Listed]:
    """All connections, or one practice's. Reads no secret."""
    return [
        Listed(
            practice_id=row[0],
            target=row[1],
            connection_id=row[2],
            route=row[3],
            base_url=row[4],
            enabled=row[5],
            closed_reason=row[6],
            changed_at=row[7],
        )
        for row in cursor.execute(_SQL["listed"], {"practice_id": practice_id}).fetchall()
    ]


def _refuse_shared(cursor: Cursor, given: ConnectionInput, fields: dict[str, Any]) -> None:
    owner = cursor.execute(_SQL["owner_of_account"], fields).fetchone()
    if owner is not None and owner[0] != given.practice_id:
        raise ConfigurationError(
            f"practice {owner[0]} already uses this account at {given.route}, and this release does not let two "
            "practices share one: its limits and failures would be counted twice. Give each its own account"
        )


def _add(cursor: Cursor, given: ConnectionInput, fields: dict[str, Any]) -> None:
    if given.secret is None:
        raise ConfigurationError("a new connection needs its secrets: give --secrets FILE, or - for standard input")
    cursor.execute(_SQL["add"], fields)
    cursor.execute(_SQL["use"], fields)


def _change(cursor: Cursor, given: ConnectionInput, fields: dict[str, Any], standing: TupleRow) -> None:
    home, connection_id, route, _, _, account = standing
    if home != given.practice_id or connection_id != given.connection_id or route != given.route:
        raise ConfigurationError(
            f"practice {given.practice_id} already posts to {given.target.value} through {route}: "
            "changing the route is not part of this release"
        )
    if account != given.fingerprint and not given.same_account:
        found = cursor.execute(_SQL["in_doubt"], fields).fetchone()
        in_doubt = 0 if found is None else found[0]
        if in_doubt:
            raise ConfigurationError(
                f"{in_doubt} entries are in doubt at the account that is connected now: change the account when "
                "`writeback transactions list` shows none SENDING, ACCEPTED, UNCERTAIN or just redriven, or "
                "give --same-account if these are only new keys to the same books"
            )
        cursor.execute(_SQL["moved"], fields)
        cursor.execute(_SQL["fence_connection"], fields)
        cursor.execute(_SQL["fence_gate"], fields)
        compose_anew(cursor, given.practice_id, given.connection_id)
    elif account != given.fingerprint:
        cursor.execute(_SQL["same_books"], fields)
    cursor.execute(_SQL["change"], fields)

"""Keeps what a person has begun to connect until the vendor's answer comes back, which counts once (S-4)."""

from __future__ import annotations

from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.ledger.unit_of_work import UnitOfWork

_SQL: Final = named_queries("sinks.ledger.practices", "connect_attempts.sql")


class PendingAttempt(msgspec.Struct, frozen=True):
    """What waits for its answer; `attempt` is sealed."""

    state_digest: bytes
    attempt: bytes
    began_by: str


def begin_attempt(unit: UnitOfWork, *, route: str, digest: bytes, attempt: bytes, actor: str, for_s: int) -> None:
    """Keep an attempt for `for_s` seconds of the database's clock; an earlier one of the practice ends. Blocks."""
    unit.cursor.execute(_SQL["drop_ended"])
    unit.cursor.execute(
        _SQL["begin"],
        {
            "practice_id": unit.practice_id,
            "route": route,
            "state_digest": digest,
            "attempt": attempt,
            "actor": actor,
            "for_s": for_s,
        },
    )


def pending_attempt(unit: UnitOfWork, route: str) -> PendingAttempt | None:
    """The practice's attempt that has not ended, locked. Blocks."""
    key = {"practice_id": unit.practice_id, "route": route}
    return fetch_one(unit.cursor, PendingAttempt, _SQL["pending"], key)


def end_attempt(unit: UnitOfWork, route: str) -> None:
    """Its answer has come: no other one counts. Blocks. What was begun meanwhile for another route stays."""
    unit.cursor.execute(_SQL["used"], {"practice_id": unit.practice_id, "route": route})


def forget_ended(connection: psycopg.Connection[TupleRow]) -> None:
    """Drop what nobody came back for, of every practice that the connection sees. Blocks."""
    connection.execute(_SQL["drop_ended"])

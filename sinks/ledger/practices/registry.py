"""Looks up practices and locks a practice's row, under which its ledger is written (law 8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one, fetch_values
from streams.runtime.did_you_mean import nearest
from streams.runtime.errors import ConfigurationError

_SQL: Final = named_queries("sinks.ledger.practices")

Cursor = psycopg.Cursor[TupleRow]


class Practice(msgspec.Struct, frozen=True):
    """Whether somebody added the practice, and under which name. `added_at` None: only events have named it so far."""

    name: str | None
    added_at: datetime | None


def lock_practice(cursor: Cursor, practice_id: str) -> Practice | None:
    """Lock the practice's row; None when there is none. Blocks while another writer of its ledger is at work."""
    return fetch_one(cursor, Practice, _SQL["lock_practice"], {"practice_id": practice_id})


def require_practice(cursor: Cursor, practice_id: str) -> None:
    """Lock a practice that somebody added. ConfigurationError names the nearest known one, or what becomes of the
    events that name this one."""
    found = lock_practice(cursor, practice_id)
    if found is None:
        raise unknown_practice(practice_id, fetch_values(cursor, _SQL["known_practices"]))
    if found.added_at is None:
        near = nearest(practice_id, fetch_values(cursor, _SQL["known_practices"]))
        raise ConfigurationError(
            f"nobody has added the practice {practice_id}, which events name{near}; {_add(practice_id)}, or dismiss "
            f"its events: `writeback entries list {practice_id}`, then `writeback entries dismiss {practice_id} ID`"
        )


def unknown_practice(practice_id: str, known: Iterable[str]) -> ConfigurationError:
    """What is said of an id that no practice has. Pure."""
    return ConfigurationError(f"there is no practice {practice_id}{nearest(practice_id, known)}; {_add(practice_id)}")


def _add(practice_id: str) -> str:
    return f"add it with `writeback practice add {practice_id} --zone ZONE --email ADDRESS`"

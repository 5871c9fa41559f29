"""Reads a practice's versions: all of them, the newest, and what INTAKE needs of them (laws 14, 15)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import SwitchVersion
from schemas.practice_settings import PracticeSettings, SettingsHistory
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.stored_settings import read_histories
from sinks.ledger.rows.fetch import fetch_all, fetch_one

_SQL: Final = named_queries("sinks.ledger.practices.settings")
SWITCH_VERSIONS: Final = _SQL["switch_versions"]
"""The master switches of some practices' versions (`practice_ids`), ascending, as `StoredSwitch`."""

Cursor = psycopg.Cursor[TupleRow]


class Newest(msgspec.Struct, frozen=True):
    """The newest version as it is merged into."""

    version: int
    effective_from: datetime
    settings: PracticeSettings
    own: tuple[str, ...]
    """Fields that the practice decides itself, whatever its group says."""


class StoredSwitch(msgspec.Struct, frozen=True):
    """A version's master switch, with whose it is."""

    practice_id: str
    version: int
    effective_from: datetime
    master: bool


def newest(cursor: Cursor, practice_id: str) -> Newest | None:
    """The newest version, begun or not; None for a practice without settings."""
    return fetch_one(cursor, Newest, _SQL["newest_version"], {"practice_id": practice_id})


def history_of(cursor: Cursor, practice_id: str) -> SettingsHistory:
    """The whole history, ascending; empty for a practice without settings."""
    return read_histories(cursor, [practice_id])[practice_id]


def switch_versions(cursor: Cursor, practice_ids: Sequence[str]) -> dict[str, list[SwitchVersion]]:
    """What INTAKE needs of the versions of some practices, ascending (law 15). Blocks for one statement."""
    return by_practice(fetch_all(cursor, StoredSwitch, SWITCH_VERSIONS, {"practice_ids": list(practice_ids)}))


def by_practice(rows: Iterable[StoredSwitch]) -> dict[str, list[SwitchVersion]]:
    """The versions of each practice; the rows of a practice ascend. Pure."""
    found: dict[str, list[SwitchVersion]] = {}
    for row in rows:
        found.setdefault(row.practice_id, []).append(SwitchVersion(row.version, row.effective_from, row.master))
    return found

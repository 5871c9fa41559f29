"""Reads a practice's versions: all of them, the newest, and what INTAKE needs of them (laws 14, 15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import SwitchVersion
from schemas.practice_settings import PracticeSettings, SettingsHistory
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.stored_settings import version_of_row

_SETTINGS: Final = named_queries("sinks.ledger.practices.settings")
_INTAKE: Final = named_queries("sinks.ledger.intake")

Cursor = psycopg.Cursor[TupleRow]


class Newest(msgspec.Struct, frozen=True):
    """The newest version as it is merged into."""

    version: int
    effective_from: datetime
    settings: PracticeSettings
    own: tuple[str, ...]
    """Fields that the practice decides itself, whatever its group says."""


def newest(cursor: Cursor, practice_id: str) -> Newest | None:
    """The newest version, begun or not; None for a practice without settings."""
    row = cursor.execute(_SETTINGS["newest_settings"], {"practice_id": practice_id}).fetchone()
    return None if row is None else Newest(row[0], row[1], msgspec.convert(row[2], PracticeSettings), tuple(row[3]))


def history_of(cursor: Cursor, practice_id: str) -> SettingsHistory:
    """The whole history, ascending; empty for a practice without settings."""
    rows = cursor.execute(_SETTINGS["history"], {"practice_id": practice_id}).fetchall()
    return SettingsHistory(practice_id=practice_id, versions=tuple(version_of_row(row) for row in rows))


def truths(cursor: Cursor, practice_ids: Sequence[str]) -> dict[str, list[SwitchVersion]]:
    """What INTAKE needs of the versions of some practices (law 15)."""
    found: dict[str, list[SwitchVersion]] = {}
    for row in cursor.execute(_INTAKE["truths_of"], {"practice_ids": list(practice_ids)}):
        found.setdefault(row[0], []).append(SwitchVersion(row[1], row[2], bool(row[3])))
    return found

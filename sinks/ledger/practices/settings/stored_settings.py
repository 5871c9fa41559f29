"""Reads the histories of practices' settings as the ledger stores them, in one place for whoever asks (laws 14, 15)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

import msgspec

from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import Source, fetch_all

HISTORIES: Final = named_queries("sinks.ledger.practices.settings")["histories"]
"""The versions of some practices (`practice_ids`), ascending, as `StoredVersion`."""


class StoredVersion(msgspec.Struct, frozen=True):
    """A version of a practice's settings with its settings decoded."""

    practice_id: str
    version: int
    effective_from: datetime
    saved_at: datetime
    saved_by: str
    reason: str
    settings: PracticeSettings

    def as_version(self) -> SettingsVersion:
        """The version without its practice."""
        return SettingsVersion(
            version=self.version,
            effective_from=self.effective_from,
            saved_at=self.saved_at,
            saved_by=self.saved_by,
            reason=self.reason,
            settings=self.settings,
        )


def histories(practice_ids: Collection[str], rows: Iterable[StoredVersion]) -> dict[str, SettingsHistory]:
    """The whole histories of some practices, empty where one has none; the rows of a practice ascend. Pure."""
    versions: dict[str, list[SettingsVersion]] = {practice_id: [] for practice_id in practice_ids}
    for row in rows:
        versions[row.practice_id].append(row.as_version())
    return {key: SettingsHistory(practice_id=key, versions=tuple(found)) for key, found in versions.items()}


def read_histories(source: Source, practice_ids: Collection[str]) -> dict[str, SettingsHistory]:
    """The whole histories of some practices, read in the transaction of `source`. Blocks for one statement."""
    found = fetch_all(source, StoredVersion, HISTORIES, {"practice_ids": sorted(practice_ids)})
    return histories(practice_ids, found)

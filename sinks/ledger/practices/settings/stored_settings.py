"""Settings as the ledger stores them, read back: one place for whoever asks (laws 14, 15). Pure over rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion


def version_of_row(row: Any) -> SettingsVersion:
    """A version from the columns of the query `history`, in their order."""
    return SettingsVersion(
        version=row[0],
        effective_from=row[1],
        settings=msgspec.convert(row[2], PracticeSettings),
        saved_at=row[3],
        saved_by=row[4],
        reason=row[5],
    )


def histories(practice_ids: Collection[str], rows: Iterable[Any]) -> dict[str, SettingsHistory]:
    """The whole histories of some practices, empty where one has none. A row is a practice, then the columns of the
    query `history`; those of a practice ascend."""
    versions: dict[str, list[SettingsVersion]] = {practice_id: [] for practice_id in practice_ids}
    for row in rows:
        versions[row[0]].append(version_of_row(row[1:]))
    return {key: SettingsHistory(practice_id=key, versions=tuple(found)) for key, found in versions.items()}

"""Versions of a practice's settings, each in force until the next begins (E-8, laws 14, 15)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from schemas.practice_settings.settings import PracticeSettings


class SettingsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One saved version. In force from `effective_from` until the next one's (half-open)."""

    version: int
    effective_from: datetime
    saved_at: datetime
    saved_by: str
    reason: str
    settings: PracticeSettings


class SettingsHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A practice's whole history, ascending (law 14): the value of `practice-settings.v1`."""

    practice_id: str
    versions: tuple[SettingsVersion, ...]

    def in_force(self, at: datetime) -> SettingsVersion | None:
        """The version in force at an instant, or None when the practice's first one starts later (E-8)."""
        found = None
        for version in self.versions:
            if version.effective_from > at:
                break
            found = version
        return found

    @property
    def newest(self) -> SettingsVersion | None:
        return self.versions[-1] if self.versions else None

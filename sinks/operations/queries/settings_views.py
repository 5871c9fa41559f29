"""Shows a practice's settings: the version in force, the history, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from sinks.ledger.practices.registry import require_practice
from sinks.ledger.practices.settings import golive_state, inheritance
from sinks.ledger.practices.settings.capabilities import warnings_of
from sinks.ledger.practices.settings.fields import Difference, differences
from sinks.ledger.practices.settings.history import history_of, newest
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.practices.settings.warnings import SettingsWarning
from sinks.ledger.practices.settings.withdrawal import Withdrawn, withdrawn
from sinks.operations.ledger import Ledger
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.runtime.errors import ConfigurationError


class SettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """A practice's settings today, where each comes from, and what they will do."""

    practice_id: str
    in_force: SettingsVersion | None
    """Where none has begun yet: the newest."""
    newest_version: int | None
    organisation: str | None
    own: tuple[str, ...]
    """Fields that the practice decides itself, whatever its organisation says."""
    locked: tuple[str, ...]
    inherited: tuple[str, ...]
    """Fields that its organisation has a value for."""
    entitled: bool
    golive_passed: bool
    warnings: tuple[SettingsWarning, ...]


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """Every version, also those that were withdrawn before they began."""

    history: SettingsHistory
    withdrawn: tuple[Withdrawn, ...]
    in_force: SettingsVersion | None


class SettingsDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions, field by field. Version 0 stands before the first."""

    practice_id: str
    before: int
    after: int
    changes: tuple[Difference, ...]


@sees(View.SETTINGS, practice="practice")
def view_settings(ledger: Ledger, practice: str) -> SettingsView:
    """The version in force now. Blocks for the practice's lock; ConfigurationError for an unknown practice."""
    practice_id = checked_id("PRACTICE", practice)
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        saved = history_of(cursor, practice_id)
        standing = newest(cursor, practice_id)
        group = inheritance.group_of(cursor, practice_id)
        ready = golive_state.readiness(cursor, practice_id)
        version = saved.in_force(ledger.clock.now()) or saved.newest
        warnings = () if version is None else warnings_of(cursor, practice_id, version.settings)
    return SettingsView(
        practice_id=practice_id,
        in_force=version,
        newest_version=None if standing is None else standing.version,
        organisation=None if group is None else group.organisation_id,
        own=() if standing is None else standing.own,
        locked=() if group is None else group.locked,
        inherited=() if group is None else tuple(group.fields),
        entitled=ready.entitled_at is not None,
        golive_passed=ready.passed,
        warnings=warnings,
    )


@sees(View.SETTINGS, practice="practice")
def view_history(ledger: Ledger, practice: str) -> HistoryView:
    """All versions, ascending. Blocks for the practice's lock; ConfigurationError for an unknown practice."""
    practice_id = checked_id("PRACTICE", practice)
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        saved, taken = history_of(cursor, practice_id), withdrawn(cursor, practice_id)
    return HistoryView(history=saved, withdrawn=taken, in_force=saved.in_force(ledger.clock.now()))


@sees(View.SETTINGS, practice="practice")
def compare_versions(ledger: Ledger, practice: str, first: int | None, second: int | None) -> SettingsDifference:
    """Between two versions; by default the newest against the one before it. ConfigurationError for an unknown one."""
    saved = view_history(ledger, practice).history
    newest_one = saved.newest
    after = second if second is not None else 0 if newest_one is None else newest_one.version
    before = first if first is not None else version_before(saved, after)
    return SettingsDifference(
        practice_id=saved.practice_id, before=before, after=after, changes=differences_between(saved, before, after)
    )


@sees(View.SETTINGS, practice="practice")
def propose_settings(
    ledger: Ledger, practice: str, edit: Callable[[PracticeSettings | None], PracticeSettings]
) -> tuple[PracticeSettings, tuple[SettingsWarning, ...]]:
    """What `edit` makes of the newest settings, and what that would do; saves nothing. Blocks for the practice's lock;
    ConfigurationError for an unknown practice."""
    practice_id = checked_id("PRACTICE", practice)
    with ledger.connection.transaction(), ledger.connection.cursor() as cursor:
        require_practice(cursor, practice_id)
        standing = newest(cursor, practice_id)
        proposed = edit(None if standing is None else standing.settings)
        return proposed, warnings_of(cursor, practice_id, proposed)


@sees(View.SETTINGS, practice="practice")
def zone_of(ledger: Ledger, practice: str) -> str:
    """The practice's own IANA zone, UTC before its first settings. Blocks; ConfigurationError for an unknown one."""
    saved = view_history(ledger, practice).history.newest
    return "UTC" if saved is None else saved.settings.zone


def version_before(saved: SettingsHistory, version: int) -> int:
    """The version before this one; 0 before the first. Numbers of withdrawn versions are missing between them. Pure."""
    return max((each.version for each in saved.versions if each.version < version), default=0)


def differences_between(saved: SettingsHistory, before: int, after: int) -> tuple[Difference, ...]:
    """Between two versions of a history; 0 stands before the first. Pure."""
    known = {each.version: each.settings for each in saved.versions}
    for number in (before, after):
        if number not in known and number != 0:
            there = f"versions {', '.join(map(str, known))}" if known else "no version"
            raise ConfigurationError(f"{saved.practice_id} has no version {number}: there are {there}")
    return differences(known.get(before), known[after]) if after else ()

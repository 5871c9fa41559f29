"""Saves a version of a practice's settings, or takes one back before it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion
from sinks.ledger.practices.settings import settings_store, withdrawal
from sinks.ledger.practices.settings.capabilities import warnings_of
from sinks.ledger.practices.settings.fields import Difference, parse_changes, with_fields
from sinks.ledger.practices.settings.history import history_of
from sinks.ledger.practices.settings.settings_file import checked_id, names_master, read_settings
from sinks.ledger.practices.settings.warnings import SettingsWarning
from sinks.ledger.practices.settings.withdrawal import Outstanding, Withdrawn
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes
from sinks.operations.queries.settings_views import differences_between, version_before
from streams.runtime.errors import ConfigurationError

Edit = Callable[[PracticeSettings | None], PracticeSettings]
"""From the newest settings, if there are any, to those of the next version."""


class SettingsSaved(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved, or in a preview would be."""

    version: SettingsVersion
    changes: tuple[Difference, ...]
    warnings: tuple[SettingsWarning, ...]
    moves: tuple[StateChange, ...]
    """Entries that it sets going at once; none for a version that begins later."""
    stops: bool
    """It switches posting off: what is due waits, as PAUSED, until it is switched on again."""


class SettingsWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    withdrawn: Withdrawn
    newest: SettingsVersion | None
    outstanding: Outstanding | None
    """What of its organisation's values the practice does not have any more."""


def edit_of(practice: str, file: Path | None, changes: Sequence[str] | None) -> Edit:
    """What a person gave: the whole settings in a file, or `field=value` texts. ConfigurationError for both or none,
    and for what cannot be."""
    if (file is None) is (not changes):
        raise ConfigurationError("give the whole settings in FILE, or some fields with --change field=value")
    if file is not None:
        whole, says_master = read_settings(file), names_master(file)

        def replace(newest: PracticeSettings | None) -> PracticeSettings:
            if newest is not None and newest.master and not says_master:
                raise ConfigurationError(
                    f"master: {practice} posts, and {file} does not say whether it still shall: write "
                    '"master": true into it, or "master": false to switch posting off'
                )
            return whole

        return replace
    fields = parse_changes(changes or ())

    def edit(newest: PracticeSettings | None) -> PracticeSettings:
        if newest is None:
            raise ConfigurationError(f"{practice} has no settings to change yet: give all of them in FILE")
        return with_fields(newest, fields)

    return edit


def save_settings(
    ledger: Ledger,
    practice: str,
    edit: Edit,
    order: Order,
    *,
    effective_from: datetime | None = None,
    without_golive: str | None = None,
) -> SettingsSaved:
    """Save what `edit` makes of the newest version: payments that happen from its beginning on follow it (E-8). Blocks.

    `without_golive`: why the master may be on although the go-live check has not passed (C4). Raises as `acting` and
    `settings_store.change`.
    """
    practice_id = checked_id("PRACTICE", practice)
    with acting(ledger, order, Action.SETTINGS_SAVE, practice_id) as act:
        before = open_entries(ledger.connection, practice_id)
        version = settings_store.change(
            ledger.connection,
            practice_id,
            edit,
            order.saving(without_golive),
            clock=ledger.clock,
            jitter_s=ledger.jitter_s,
            effective_from=effective_from,
        )
        saved = history_of(act.cursor, practice_id)
        changes = differences_between(saved, version_before(saved, version.version), version.version)
        return SettingsSaved(
            version=version,
            changes=changes,
            stops=any(each.field == "master" and each.before and not each.after for each in changes),
            warnings=warnings_of(act.cursor, practice_id, version.settings),
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
        )


def withdraw_settings(ledger: Ledger, practice: str, order: Order, *, version: int | None = None) -> SettingsWithdrawn:
    """Take back the newest version, which must not have begun. Blocks. Raises as `acting` and `withdrawal.withdraw`."""
    practice_id = checked_id("PRACTICE", practice)
    with acting(ledger, order, Action.SETTINGS_WITHDRAW, practice_id) as act:
        taken = withdrawal.withdraw(ledger.connection, practice_id, order.saving(), clock=ledger.clock, version=version)
        left: SettingsHistory = history_of(act.cursor, practice_id)
        return SettingsWithdrawn(
            withdrawn=taken, newest=left.newest, outstanding=withdrawal.outstanding(act.cursor, practice_id)
        )

"""Previews and saves what following its group changes at one practice: a version of its own (SUP-2, E-8)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.practices.settings.capabilities import capabilities_of
from sinks.ledger.practices.settings.fields import Difference, differences
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import Group, inherited
from sinks.ledger.practices.settings.settings_store import Saving, save_version
from sinks.ledger.practices.settings.version_start import SAME_MOMENT, saved_ahead
from sinks.ledger.practices.settings.warnings import refused, settings_warnings
from sinks.ledger.unit_of_work import UnitOfWork
from streams.runtime.errors import ConfigurationError

Cursor = psycopg.Cursor[TupleRow]


class GroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do at one practice. `problem`: why it cannot be done there."""

    practice_id: str
    differences: tuple[Difference, ...]
    version: int | None = None
    """The version that was saved; None in a preview."""
    problem: str | None = None


def preview_change(
    cursor: Cursor,
    practice_id: str,
    group: Group,
    asked: datetime | None,
    at: datetime,
    keep: Collection[str] | None = None,
) -> GroupChange:
    """What following the group changes at one practice. `keep` None: the fields that are its own today."""
    current = newest(cursor, practice_id)
    if current is None:
        return GroupChange(practice_id=practice_id, differences=())
    after = inherited(current.settings, current.own if keep is None else keep, group)
    changed = differences(current.settings, after)
    problem = None
    impossible = refused(settings_warnings(after, capabilities_of(cursor, practice_id)))
    if changed and impossible:
        problem = f"{impossible[0].field}: {impossible[0].text}"
    begins = current.effective_from
    if changed and (begins > at + SAME_MOMENT if asked is None else begins >= asked):
        problem = saved_ahead(practice_id, current)
    if changed and asked is not None and asked < at:
        problem = f"{asked.isoformat()} is past, and what happened since was decided already"
    return GroupChange(practice_id=practice_id, differences=changed, problem=problem)


def follow(
    unit: UnitOfWork,
    change: GroupChange,
    group: Group,
    saving: Saving,
    asked: datetime | None,
    keep: Collection[str] | None = None,
) -> GroupChange:
    """Save what `preview_change` found, in the practice's unit of work. Blocks."""
    if change.problem:
        raise ConfigurationError(f"{change.practice_id}: {change.problem}; repeat the command once that is settled")
    current = newest(unit.cursor, unit.practice_id)
    if current is None:
        return change
    own = set(current.own if keep is None else keep) - set(group.locked)
    if not change.differences and own == set(current.own):
        return change
    version = save_version(unit, inherited(current.settings, own, group), saving, asked=asked, own=own)
    return msgspec.structs.replace(change, version=version.version)

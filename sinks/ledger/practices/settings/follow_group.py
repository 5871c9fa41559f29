"""What following its group changes at one practice: looked at, then saved as a version of its own (SUP-2, E-8)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.practices.settings.capabilities import abilities_of
from sinks.ledger.practices.settings.fields import Difference, differences
from sinks.ledger.practices.settings.history import newest
from sinks.ledger.practices.settings.inheritance import Group, inherited
from sinks.ledger.practices.settings.settings_store import Saving, save_locked
from sinks.ledger.practices.settings.version_start import SAME_MOMENT, saved_ahead
from sinks.ledger.practices.settings.warnings import refused, settings_warnings
from streams.runtime.errors import ConfigurationError

Cursor = psycopg.Cursor[TupleRow]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do at one practice. `problem`: why it cannot be done there."""

    practice_id: str
    differences: tuple[Difference, ...]
    version: int | None = None
    """The version that was saved; None in a preview."""
    problem: str | None = None


def look(
    cursor: Cursor,
    practice_id: str,
    group: Group,
    asked: datetime | None,
    at: datetime,
    keep: Collection[str] | None = None,
) -> Effect:
    """What following the group changes at one practice. `keep` None: the fields that are its own today."""
    standing = newest(cursor, practice_id)
    if standing is None:
        return Effect(practice_id=practice_id, differences=())
    after = inherited(standing.settings, standing.own if keep is None else keep, group)
    changed = differences(standing.settings, after)
    problem = None
    impossible = refused(settings_warnings(after, abilities_of(cursor, practice_id)))
    if changed and impossible:
        problem = f"{impossible[0].field}: {impossible[0].text}"
    begins = standing.effective_from
    if changed and (begins > at + SAME_MOMENT if asked is None else begins >= asked):
        problem = saved_ahead(practice_id, standing)
    if changed and asked is not None and asked < at:
        problem = f"{asked.isoformat()} is past, and what happened since was decided already"
    return Effect(practice_id=practice_id, differences=changed, problem=problem)


def follow(
    cursor: Cursor,
    effect: Effect,
    group: Group,
    saving: Saving,
    at: datetime,
    asked: datetime | None,
    jitter_s: int,
    keep: Collection[str] | None = None,
) -> Effect:
    """Save what `look` found. The caller holds the practice's lock."""
    if effect.problem:
        raise ConfigurationError(f"{effect.practice_id}: {effect.problem}; repeat the command once that is settled")
    standing = newest(cursor, effect.practice_id)
    if standing is None:
        return effect
    own = set(standing.own if keep is None else keep) - set(group.locked)
    if not effect.differences and own == set(standing.own):
        return effect
    version = save_locked(
        cursor,
        effect.practice_id,
        inherited(standing.settings, own, group),
        saving,
        at=at,
        asked=asked,
        jitter_s=jitter_s,
        own=own,
    )
    return msgspec.structs.replace(effect, version=version.version)

"""What a practice's PMS connection can do, as the ledger keeps it: asked offline, before settings are saved (TIM-3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import WRITTEN_BY_ALL, EntryKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.warnings import Abilities, SettingsWarning, settings_warnings
from sinks.ledger.rows.fetch import fetch_one
from sinks.targets.port import BATCHES_ONLY, GUARANTOR

_SQL: Final = named_queries("sinks.ledger.practices.settings")

Cursor = psycopg.Cursor[TupleRow]


class _PmsConnection(msgspec.Struct, frozen=True):
    words: tuple[str, ...] | None
    """`connections.capabilities`; None for a row of an older release."""
    hears_of_clearance: bool


def abilities_of(cursor: Cursor, practice_id: str) -> Abilities:
    """Of the connection that is in use now. Blocks for one statement."""
    found = fetch_one(cursor, _PmsConnection, _SQL["pms_connection"], {"practice_id": practice_id})
    if found is None:
        return Abilities(connected=False)
    return abilities_from(found.words, hears_of_clearance=found.hears_of_clearance)


def abilities_from(words: Sequence[str] | None, *, hears_of_clearance: bool) -> Abilities:
    """From the words of `sinks.targets.port.Capabilities`; None stands for a row of an older release. Pure."""
    if words is None:
        return Abilities(hears_of_clearance=hears_of_clearance)
    known = EntryKind.__members__.values()
    return Abilities(
        kinds=frozenset(kind for kind in known if kind.value in words),
        real_time=BATCHES_ONLY not in words,
        books_to_guarantor=GUARANTOR in words,
        hears_of_clearance=hears_of_clearance,
    )


def entry_kinds(words: Sequence[str] | None) -> frozenset[EntryKind]:
    """The kinds alone. Pure."""
    return WRITTEN_BY_ALL if words is None else abilities_from(words, hears_of_clearance=True).kinds


def warnings_of(cursor: Cursor, practice_id: str, settings: PracticeSettings) -> tuple[SettingsWarning, ...]:
    """What these settings would do at this practice. Blocks for one statement."""
    return settings_warnings(settings, abilities_of(cursor, practice_id))

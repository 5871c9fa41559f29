"""Reads what a practice's PMS connection can do, as the ledger keeps it, before settings are saved (TIM-3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.practice_settings import PracticeSettings
from schemas.vocabulary import WRITTEN_BY_ALL, EntryKind
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.warnings import PmsCapabilities, SettingsWarning, settings_warnings
from sinks.ledger.rows.fetch import fetch_one
from sinks.targets.port import BATCHES_ONLY, GUARANTOR
from sinks.targets.systems.catalogue import stored_system
from sinks.targets.systems.record import PracticeSystem

_SQL: Final = named_queries("sinks.ledger.practices.settings")

Cursor = psycopg.Cursor[TupleRow]


class _PmsConnection(msgspec.Struct, frozen=True):
    connected: bool
    words: tuple[str, ...] | None
    """`connections.capabilities`; None for a row of an older release."""
    system: str | None
    clearance_seen: bool


def capabilities_of(cursor: Cursor, practice_id: str) -> PmsCapabilities:
    """Of the connection that is in use now; before there is one, of the system that the practice says it has. Blocks
    for one statement."""
    found = fetch_one(cursor, _PmsConnection, _SQL["pms_connection"], {"practice_id": practice_id})
    if found is None:
        return PmsCapabilities(connected=False)
    if not found.connected:
        return capabilities_before_connecting(stored_system(found.system))
    return capabilities_from(found.words, clearance_seen=found.clearance_seen)


def capabilities_before_connecting(system: PracticeSystem | None) -> PmsCapabilities:
    """What no connection to that system could do; of one that is not known nothing is said. Pure."""
    if system is None:
        return PmsCapabilities(connected=False)
    return PmsCapabilities(
        connected=False,
        system=system.title,
        windows=tuple(map(str, system.windows)),
        kinds=frozenset(EntryKind) - system.not_taken,
        real_time=not system.batches_only,
        books_to_guarantor=True,
    )


def capabilities_from(words: Sequence[str] | None, *, clearance_seen: bool) -> PmsCapabilities:
    """From the words of `sinks.targets.port.Capabilities`; None stands for a row of an older release. Pure."""
    if words is None:
        return PmsCapabilities(clearance_seen=clearance_seen)
    known = EntryKind.__members__.values()
    return PmsCapabilities(
        kinds=frozenset(kind for kind in known if kind.value in words),
        real_time=BATCHES_ONLY not in words,
        books_to_guarantor=GUARANTOR in words,
        clearance_seen=clearance_seen,
    )


def entry_kinds(words: Sequence[str] | None) -> frozenset[EntryKind]:
    """The kinds alone. Pure."""
    return WRITTEN_BY_ALL if words is None else capabilities_from(words, clearance_seen=True).kinds


def warnings_of(cursor: Cursor, practice_id: str, settings: PracticeSettings) -> tuple[SettingsWarning, ...]:
    """What these settings would do at this practice. Blocks for one statement."""
    return settings_warnings(settings, capabilities_of(cursor, practice_id))

"""Lists practices, and refuses names that no practice has."""

from __future__ import annotations

from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.registry import unknown_practice
from sinks.ledger.rows.fetch import fetch_all, fetch_one, fetch_value, fetch_values
from sinks.operations.ledger import Connection
from sinks.operations.roles import View, may
from sinks.operations.viewing import sees, viewer

UNKNOWN: Final = "?"
"""Under which records are kept that name no practice, or none that can be read."""
_SQL: Final = named_queries("sinks.operations.queries", "practices.sql")


class ListedPractice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice with its newest settings version, and what it still needs. `targets` None: no connection yet."""

    practice_id: str
    name: str | None
    version: int | None
    master: bool | None
    phone: str | None
    emails: tuple[str, ...] | None
    """Where its staff reads notices; None: nowhere."""
    entitled: bool
    targets: tuple[str, ...] | None
    system: str | None
    """A name of the catalogue of systems; None: nobody has said."""
    system_name: str | None


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """A system that is not listed, by the name that practices gave it."""

    system_name: str
    practices: tuple[str, ...]


@sees(View.SETTINGS)
def practice_shown(connection: Connection, practice_id: str) -> ListedPractice:
    """One practice, also one that only events have named so far. Blocks for a statement; ConfigurationError for an
    unknown one, which names the nearest."""
    check_practice(connection, practice_id)
    found = fetch_one(connection, ListedPractice, _SQL["practice"], {"practice_id": practice_id})
    if found is None:
        raise unknown_practice(practice_id, fetch_values(connection, _SQL["known"]))
    return found


@sees(View.SETTINGS, practice=None)
def asked_for(connection: Connection, most: int = 1_000) -> list[AskedFor]:
    """Systems that practices use and the catalogue does not have, those of most practices first. Blocks for one
    statement."""
    return fetch_all(connection, AskedFor, _SQL["asked_for"], {"most": most})


def list_practices(connection: Connection, most: int = 1_000) -> list[ListedPractice]:
    """Of the first `most` practices that somebody added, by id, those that the viewer may open. Blocks for one
    statement."""
    grants = viewer().grants
    found = fetch_all(connection, ListedPractice, _SQL["practices"], {"most": most})
    return [each for each in found if may(grants, View.TRANSACTIONS, each.practice_id)]


def check_practice(connection: Connection, practice_id: str | None) -> None:
    """Refuse a practice that the ledger does not know, so that a mistyped name never looks like an empty list.

    Known is also one that nobody has added yet and of which events came. None (every practice) and `?` pass. Blocks
    for one statement; raises ConfigurationError that names the nearest.
    """
    if practice_id is None or practice_id == UNKNOWN:
        return
    if fetch_value(connection, _SQL["exists"], {"practice_id": practice_id}) is None:
        raise unknown_practice(practice_id, fetch_values(connection, _SQL["known"]))

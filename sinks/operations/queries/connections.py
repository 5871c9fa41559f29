"""What people ask of a practice's connections: which there are, whether one works, and what its mapping can choose."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.settings.history import history_of
from sinks.ledger.practices.stored_connections import ListedConnection, list_connections
from sinks.operations.ledger import Ledger
from sinks.operations.open_targets import adapter_context, open_stored
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.targets.catalogue import route_named
from sinks.targets.choices import SETTING, Choice, OffersChoices
from sinks.targets.port import ConnectionReport, ReadFailed
from streams.runtime.errors import ConfigurationError, WritebackError
from streams.settings import ProgramSettings

TEST_S: Final = 30.0
"""For the whole of a test; it reads three pages at most."""
CHOICES_S: Final = 30.0
"""For all lists together: five reads for an office, one for a company."""


@sees(View.SETTINGS)
def connections_of(ledger: Ledger, practice_id: str | None) -> list[ListedConnection]:
    """Connections and whether they are open, of one practice or of all. Reads no secret. Blocks for two statements;
    ConfigurationError for an unknown practice."""
    check_practice(ledger.connection, practice_id)
    with ledger.connection.cursor() as cursor:
        return list_connections(cursor, practice_id)


@sees(View.SETTINGS)
async def test_connection(ledger: Ledger, settings: ProgramSettings, practice_id: str, system: str) -> ConnectionReport:
    """Prove a connection and its mapping at the target without posting anything, within TEST_S. ConfigurationError for
    an unknown practice or system, and where there is no such connection."""
    target = _target(ledger, practice_id, system)
    opened = open_stored(ledger, adapter_context(settings, "target"), practice_id, target)
    try:
        return await opened.test(TEST_S)
    finally:
        await opened.close()


@sees(View.SETTINGS)
async def read_choices(ledger: Ledger, settings: ProgramSettings, practice_id: str, system: str) -> tuple[Choice, ...]:
    """What the mapping and the settings can choose from, read from the target within CHOICES_S, with what is chosen.

    Raises ConfigurationError as `test_connection`, and for a target without lists; WritebackError where it cannot be
    read.
    """
    target = _target(ledger, practice_id, system)
    opened = open_stored(ledger, adapter_context(settings, "target"), practice_id, target)
    try:
        if not isinstance(opened, OffersChoices):
            raise ConfigurationError(f"{system} has no lists that can be read")
        found = await opened.choices(CHOICES_S)
    finally:
        await opened.close()
    if isinstance(found, ReadFailed):
        why = found.code if found.reason is None else found.reason.value
        raise WritebackError(
            f"{system} of {practice_id} cannot be read ({why}): `writeback target test {practice_id} {system}` says "
            "what to do"
        )
    return _with_settings(ledger, practice_id, found)


def _target(ledger: Ledger, practice_id: str, system: str) -> Target:
    route = route_named(system)
    check_practice(ledger.connection, practice_id)
    return route.target


def _with_settings(ledger: Ledger, practice_id: str, offered: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """What stands in the practice's settings is marked by the version in force."""
    with ledger.connection.cursor() as cursor:
        versions = history_of(cursor, practice_id)
    standing = versions.in_force(ledger.clock.now()) or versions.newest
    marked = []
    for choice in offered:
        named = tuple(
            field
            for field in choice.fields
            if standing is not None
            and field.startswith(SETTING)
            and getattr(standing.settings, field.removeprefix(SETTING)) == choice.value
        )
        marked.append(msgspec.structs.replace(choice, chosen=(*choice.chosen, *named)))
    return tuple(marked)

"""The practice systems as people ask for them: what serves each now, what it takes, what its staff see."""

from __future__ import annotations

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.stored_connections import ListedConnection, list_connections
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import ListedPractice, practice_shown
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.targets.catalogue import ROUTES
from sinks.targets.systems.catalogue import SYSTEMS, stored_system, system_named
from sinks.targets.systems.named import UsedSystem
from sinks.targets.systems.record import NOT_WRITTEN, WORK_LIST, PracticeSystem
from sinks.targets.systems.table import when


class ShownSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the catalogue as this release serves it."""

    name: str
    title: str
    vendor: str
    edition: str
    served_by: tuple[str, ...]
    """Routes of this release, the best first; `worklist` is by hand."""
    takes: str
    """At once or in batches, and in which hours."""
    limits: str
    not_taken: tuple[str, ...]
    """Kinds of entry that no program can write there."""
    staff_see: str
    payment_type: tuple[str, ...]
    payment_type_link: str | None
    not_possible: tuple[str, ...]


class ShownPractice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice with the system that it uses and what it posts through."""

    practice: ListedPractice
    system: ShownSystem | None
    called: str | None
    """What people call its system."""
    connections: tuple[ListedConnection, ...]


def shown_systems(name: str | None = None) -> tuple[ShownSystem, ...]:
    """Every row, in the catalogue's order, or the one that a person names. Pure. Raises as `system_named`."""
    return tuple(shown_system(each) for each in (SYSTEMS.values() if name is None else (system_named(name),)))


def shown_system(system: PracticeSystem) -> ShownSystem:
    """Pure."""
    return ShownSystem(
        name=system.option,
        title=system.title,
        vendor=system.vendor,
        edition=system.edition,
        served_by=_options(system.served_by(ROUTES)),
        takes=when(system),
        limits=system.limits,
        not_taken=tuple(sorted(system.not_taken)),
        staff_see=system.staff_see,
        payment_type=system.payment_type,
        payment_type_link=system.payment_type_link,
        not_possible=(*system.not_possible, *(NOT_WRITTEN if system.served_by(ROUTES) != (WORK_LIST,) else ())),
    )


def route_name(route: str) -> str:
    """What people call what a route leads to; a route of a later release as it is. Pure."""
    known = ROUTES.get(route.replace("-", "_"))
    return route if known is None else known.system


@sees(View.SETTINGS)
def show_practice(ledger: Ledger, practice_id: str) -> ShownPractice:
    """Blocks for three statements. ConfigurationError for an unknown practice."""
    practice = practice_shown(ledger.connection, practice_id)
    system = stored_system(practice.system)
    with ledger.connection.cursor() as cursor:
        connections = list_connections(cursor, practice_id)
    return ShownPractice(
        practice=practice,
        system=None if system is None else shown_system(system),
        called=UsedSystem(practice.system, practice.system_name).title,
        connections=tuple(sorted(connections, key=lambda each: each.target is not Target.PMS)),
    )


def _options(routes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.replace("_", "-") for each in routes)

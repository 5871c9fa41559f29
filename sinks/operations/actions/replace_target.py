"""Moves a practice from one practice management system to another, on a day (SET-19, SET-20, E-9 c)."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.connections import ConnectionInput
from sinks.ledger.practices.replacement import OpenEntries, Replaced, replace_connection
from sinks.ledger.practices.sharing import shared_input
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.operations.acting import Act, Action, Order, acting, authorise
from sinks.operations.actions.check_replacement import check_new_connection
from sinks.operations.actions.connect_target import ConnectionWanted
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.link_review import read_review
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes
from sinks.operations.queries.practices import check_practice, practice_shown
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.targets.catalogue import ROUTES, route_named
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from sinks.targets.port import ConnectionReport
from sinks.targets.route import Route, StoredConnection
from sinks.targets.systems.catalogue import stored_system
from sinks.targets.systems.named import UsedSystem, used_system
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

_PRACTICES: Final = named_queries("sinks.ledger.practices")
_SQL: Final = named_queries("sinks.operations.actions", "replace_target.sql")


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants."""

    connection: ConnectionWanted
    """The new one."""
    former: str
    """The route that the practice posts through now: said, so that nobody moves the wrong practice."""
    post_from: date | None
    """Open entries of this ledger day and later are posted to the new system; None: people enter all of them."""
    home: str | None = None
    """The practice whose connection it uses from now on; None: one of its own."""
    links: bytes | None
    """The review file, filled in; None: no patient is linked yet."""
    system: str | None = None
    system_name: str | None = None


class TargetReplaced(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or in a preview would be."""

    practice_id: str
    done: Replaced
    system: str | None
    unlinked: int
    """Patients with open entries for the new system that wait for their link."""
    moves: tuple[StateChange, ...]
    report: ConnectionReport
    """What the new system said when it was asked; a preview may say that it does not work, and then nothing moves."""


class _Moved(msgspec.Struct, frozen=True, kw_only=True):
    done: Replaced
    given: ConnectionInput
    links: dict[str, str]
    """Those who have open entries first: they would be posted at once."""
    system: str | None
    unlinked: int
    moves: tuple[StateChange, ...]


class _Patient(msgspec.Struct, frozen=True):
    patient_ref: str
    pms_patient_id: str | None
    is_open: bool


@sees(View.SETTINGS)
def patients_to_link(connection: Connection, practice_id: str) -> dict[str, str | None]:
    """Every patient with a link or an open entry, and the number that it has now. Blocks for two statements."""
    check_practice(connection, practice_id)
    found = fetch_all(connection, _Patient, _SQL["patients"], {"practice_id": practice_id})
    return {each.patient_ref: each.pms_patient_id for each in found}


async def replace_target(
    ledger: Ledger, settings: ProgramSettings, wanted: Replacement, order: Order
) -> TargetReplaced:
    """Move the practice, once the new system has shown that the move works.

    1. A preview under the lock: the whole review file is checked, and everything that needs no call. 2. Outside any
    lock, the checks of `check_new_connection`. 3. Where the order says so and they passed, the move itself. Blocks.

    Raises as `acting`, `checked_input`, `read_review` and `replace_connection`; ConfigurationError that says what is
    wrong at the new system where an order is to be applied.
    """
    authorise(order, Action.CONNECTION_REPLACE, wanted.connection.practice_id)
    if wanted.home is not None:
        authorise(order, Action.CONNECTION_SHARE, wanted.home)
    keys = KeyRing.of(settings)
    moved = _move(ledger, wanted, keys, msgspec.structs.replace(order, apply=False))
    route = route_named(wanted.connection.system)
    report = await check_new_connection(settings, route, _stored(ledger, wanted, moved.given), moved.links)
    if order.apply:
        _refuse_failed(route, report)
        moved = _move(ledger, wanted, keys, order)
    return TargetReplaced(
        practice_id=wanted.connection.practice_id,
        done=moved.done,
        system=moved.system,
        unlinked=moved.unlinked,
        moves=moved.moves,
        report=report,
    )


def _move(ledger: Ledger, wanted: Replacement, keys: KeyRing, order: Order) -> _Moved:
    practice_id = wanted.connection.practice_id
    route, former = route_named(wanted.connection.system), route_named(wanted.former)
    if route.target is not Target.PMS:
        raise ConfigurationError(f"--to: {route.option} keeps no patients' accounts")
    with acting(ledger, order, Action.CONNECTION_REPLACE, practice_id) as act:
        uses = _system(ledger, wanted, practice_id, route)
        patients = fetch_all(ledger.connection, _Patient, _SQL["patients"], {"practice_id": practice_id})
        is_open = {each.patient_ref: each.is_open for each in patients}
        links = {} if wanted.links is None else read_review(wanted.links, is_open)
        given = _given(act, wanted, route, keys)
        before = open_entries(ledger.connection, practice_id)
        entries = OpenEntries(post_from=wanted.post_from)
        done = replace_connection(
            act.unit,
            given,
            former.name,
            entries,
            links,
            actor=order.actor.name,
            why=order.reason,
            shared_with=wanted.home,
        )
        if uses is not None:
            _say_system(act, uses)
        waiting = fetch_all(act.cursor, _Patient, _SQL["patients"], {"practice_id": practice_id})
        return _Moved(
            done=done,
            given=given,
            links=dict(sorted(links.items(), key=lambda link: not is_open[link[0]])),
            system=None if uses is None else uses.title,
            unlinked=sum(each.is_open and each.pms_patient_id is None for each in waiting),
            moves=state_changes(before, open_entries(ledger.connection, practice_id)),
        )


def _given(act: Act, wanted: Replacement, route: Route, keys: KeyRing) -> ConnectionInput:
    """The new connection: as a person gave it, or that of the other practice, which brings everything."""
    own = wanted.connection
    if wanted.home is None:
        return checked_input(
            act.practice_id,
            route,
            base_url=own.base_url,
            config=own.config,
            secret=own.secret,
            keys=keys,
            known_fingerprint=None,
            connector_hosts=own.connector_hosts,
        )
    if wanted.home == act.practice_id:
        raise ConfigurationError("--with: name the other practice")
    check_practice(act.cursor.connection, wanted.home)
    if route.by_hand:
        raise ConfigurationError(f"--with: {route.option} is no account: each practice has its own")
    shared = shared_input(act.cursor, act.practice_id, wanted.home, route.target)
    if shared.route != route.name:
        raise ConfigurationError(f"--with: {wanted.home} posts through {shared.route.replace('_', '-')}")
    return shared


def _stored(ledger: Ledger, wanted: Replacement, given: ConnectionInput) -> StoredConnection:
    """As it stands at the other practice, or would be stored: a practice that comes back to a system may leave its
    secrets out."""
    if wanted.home is not None:
        shared = stored_connection(ledger.connection, wanted.home, given.target)
        if shared is None:
            raise ConfigurationError(
                f"--with: the connection of {wanted.home} was changed just now: repeat the command"
            )
        return shared
    key = {"practice_id": given.practice_id, "connection_id": given.connection_id}
    kept = fetch_value(ledger.connection, _SQL["earlier_secret"], key) if given.secret is None else given.secret
    return StoredConnection(
        home_practice_id=given.practice_id,
        connection_id=given.connection_id,
        route=given.route,
        base_url=given.base_url,
        config=given.config,
        secret=kept,
    )


def _refuse_failed(route: Route, report: ConnectionReport) -> None:
    if report.ok:
        return
    failed = "; ".join(f"{what}: {advice}" for what, passed, advice in report.checks if not passed)
    raise ConfigurationError(f"nothing was moved, {route.option} does not take this practice yet: {failed}")


def _system(ledger: Ledger, wanted: Replacement, practice_id: str, route: Route) -> UsedSystem | None:
    """What the practice uses from now on: said, where what it used is not served by the new route."""
    stored = practice_shown(ledger.connection, practice_id)
    said = used_system(wanted.system, wanted.system_name)
    system = stored_system(stored.system if said is None else said.system)
    if system is not None and route.name not in system.routes:
        if system.is_none:
            raise ConfigurationError(
                f"--to: {practice_id} is kept as a practice without a system, which the work list alone serves: say "
                "with --system which system the practice uses from now on"
            )
        serving = ", ".join(each.replace("_", "-") for each in system.served_by(ROUTES))
        raise ConfigurationError(
            f"--to: {route.option} does not serve {system.title}, which is served by {serving}: say with --system "
            "which system the practice uses from now on"
        )
    return said


def _say_system(act: Act, uses: UsedSystem) -> None:
    values = {"practice_id": act.practice_id, "system": uses.system, "system_name": uses.name}
    act.cursor.execute(_PRACTICES["set_system"], values)
    act.audit(subject="system", after={"system": uses.system, "system_name": uses.name})

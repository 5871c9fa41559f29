"""Connects a practice to a target system, or repairs its connection."""

from __future__ import annotations

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.connections import save_connection
from sinks.ledger.practices.stored_connections import stored_fingerprint
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.queries.open_entries import StateChange, open_entries, state_changes
from sinks.operations.queries.practices import practice_shown
from sinks.targets.catalogue import ROUTES, route_named
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from sinks.targets.route import Route
from sinks.targets.systems.catalogue import stored_system
from streams.runtime.errors import ConfigurationError


class ConnectionWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave. Texts are not checked yet; `secret` None keeps the stored one."""

    practice_id: str
    system: str
    base_url: str | None
    config: bytes
    secret: bytes | None
    same_account: bool
    """Other keys reach the same books; also said afterwards, of keys that were saved as those of other books."""
    other_account: bool = False
    """Other keys reach other books."""
    connector_hosts: frozenset[str] = frozenset()
    """Hosts of connectors that the operator allows."""


class TargetConnected(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved, or in a preview would be."""

    practice_id: str
    route: str
    base_url: str
    added: bool
    released: int
    """Entries that died of the old setting and are due again."""
    unlinked: int
    """Patients who are to be linked anew: it is another office."""
    moves: tuple[StateChange, ...]


def connect_target(ledger: Ledger, wanted: ConnectionWanted, keys: KeyRing, order: Order) -> TargetConnected:
    """Save the connection, checked and sealed; what stopped because of the old one goes on. Calls no target. Blocks.

    Raises as `acting`, `checked_input` (the field, never its value) and `save_connection`.
    """
    route = route_named(wanted.system)
    with acting(ledger, order, Action.CONNECTION_SAVE, wanted.practice_id) as act:
        refuse_other_system(ledger, wanted.practice_id, route)
        given = checked_input(
            wanted.practice_id,
            route,
            base_url=wanted.base_url,
            config=wanted.config,
            secret=wanted.secret,
            keys=keys,
            known_fingerprint=stored_fingerprint(act.cursor, wanted.practice_id, route.target),
            same_account=wanted.same_account,
            other_account=wanted.other_account,
            connector_hosts=wanted.connector_hosts,
        )
        before = open_entries(ledger.connection, wanted.practice_id)
        saved = save_connection(act.unit, given, actor=order.actor.name, why=order.reason)
        return TargetConnected(
            practice_id=wanted.practice_id,
            route=route.name,
            base_url=given.base_url,
            added=saved.added,
            released=saved.released,
            unlinked=saved.unlinked,
            moves=state_changes(before, open_entries(ledger.connection, wanted.practice_id)),
        )


def refuse_other_system(ledger: Ledger, practice_id: str, route: Route) -> None:
    """A connection to another system than the practice says it has is a mistake in one of the two: ConfigurationError.
    Blocks for two statements."""
    system = stored_system(practice_shown(ledger.connection, practice_id).system)
    if route.target is not Target.PMS or system is None or route.name in system.routes:
        return
    if system.is_none:
        raise ConfigurationError(
            f"{practice_id} is kept as a practice without a system, which the work list alone serves: say first which "
            f"system it uses: `writeback practice set {practice_id} --system NAME`"
        )
    serving = ", ".join(each.replace("_", "-") for each in system.served_by(ROUTES))
    raise ConfigurationError(
        f"{practice_id} uses {system.title}, which {route.option} does not serve: it is served by {serving}. If "
        f"it uses another system, say so first: `writeback practice set {practice_id} --system NAME`"
    )

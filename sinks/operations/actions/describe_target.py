"""Asks a target what it can do and keeps the answer with its connection, where the target says so itself."""

from __future__ import annotations

from typing import Final

import msgspec

from sinks.ledger.practices.connections import save_connection
from sinks.ledger.practices.stored_connections import stored_connection, stored_fingerprint
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.open_targets import adapter_context, open_stored
from sinks.operations.queries.practices import check_practice
from sinks.targets.catalogue import route_named
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from sinks.targets.describing import DescribesItself
from sinks.targets.port import ReadFailed
from streams.runtime.errors import ConfigurationError
from streams.settings import ProgramSettings

WITHIN_S: Final = 30.0


class TargetDescribed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking."""

    asked: bool
    """False: this system does not describe itself."""
    changed: bool = False
    """It says something else than before; stored where the order is to be carried out."""
    failed: str | None = None
    """Closed code of why it could not be read."""


async def describe_target(
    ledger: Ledger, settings: ProgramSettings, practice_id: str, system: str, order: Order
) -> TargetDescribed:
    """Read within WITHIN_S, outside any lock; stored under the practice's, and only where the connection is still the
    one that was asked. What stopped because of the old answer goes on. Raises as `acting` and `open_stored`."""
    route = route_named(system)
    check_practice(ledger.connection, practice_id)
    with ledger.connection.cursor() as cursor:
        before = stored_connection(cursor, practice_id, route.target)
    opened = open_stored(ledger, adapter_context(settings, "target"), practice_id, route.target)
    try:
        if not isinstance(opened, DescribesItself):
            return TargetDescribed(asked=False)
        found = await opened.describe(WITHIN_S)
    finally:
        await opened.close()
    if isinstance(found, ReadFailed):
        return TargetDescribed(asked=True, failed=found.code)
    if not found.changed or before is None:
        return TargetDescribed(asked=True)
    if not order.apply:
        return TargetDescribed(asked=True, changed=True)
    with acting(ledger, order, Action.CONNECTION_SAVE, practice_id) as act:
        if stored_connection(act.cursor, practice_id, route.target) != before:
            raise ConfigurationError(f"the connection to {system} was changed just now: test it again")
        given = checked_input(
            practice_id,
            route,
            base_url=before.base_url or None,
            config=msgspec.json.encode(found.config),
            secret=None,
            keys=KeyRing.of(settings),
            known_fingerprint=stored_fingerprint(act.cursor, practice_id, route.target),
            connector_hosts=settings.connector_host_names(),
        )
        save_connection(act.unit, given, actor=order.actor.name, why=order.reason)
    return TargetDescribed(asked=True, changed=True)

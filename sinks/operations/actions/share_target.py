"""Lets a practice post through the connection of another practice (law 22)."""

from __future__ import annotations

import msgspec

from sinks.ledger.practices.sharing import share_connection
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.actions.connect_target import refuse_other_system
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import check_practice
from sinks.targets.catalogue import route_named
from streams.runtime.errors import ConfigurationError


class TargetShared(msgspec.Struct, frozen=True, kw_only=True):
    """What was shared, or in a preview would be."""

    practice_id: str
    home: str
    route: str


def share_target(ledger: Ledger, practice_id: str, system: str, home: str, order: Order) -> TargetShared:
    """Use `home`'s connection to the system too: who orders it may do so at both. Calls no target. Blocks.

    Raises as `acting` and `share_connection`, and ConfigurationError for a system that people write to: a work list is
    each practice's own.
    """
    route = route_named(system)
    if route.by_hand:
        raise ConfigurationError(f"{route.option} is no account: each practice has its own")
    authorise(order, Action.CONNECTION_SHARE, home)
    check_practice(ledger.connection, home)
    with acting(ledger, order, Action.CONNECTION_SHARE, practice_id) as act:
        refuse_other_system(ledger, practice_id, route)
        shared = share_connection(act.unit, home, route.target, actor=order.actor.name, why=order.reason)
        if shared.route != route.name:
            raise ConfigurationError(f"--with: {home} posts through {shared.route.replace('_', '-')}")
        return TargetShared(practice_id=practice_id, home=home, route=route.name)

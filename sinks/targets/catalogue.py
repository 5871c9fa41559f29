"""Every target system of this release, by name: one row each.

To add a system: sinks/targets/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from schemas.vocabulary import ConnectionReason, Target
from sinks.targets.connector.route import CONNECTOR
from sinks.targets.credentials import SecretUnreadableError
from sinks.targets.mapping_error import MappingError
from sinks.targets.nexhealth.route import NEXHEALTH
from sinks.targets.open_dental.route import OPEN_DENTAL
from sinks.targets.outbound import check_outbound
from sinks.targets.port import PaymentTarget
from sinks.targets.quickbooks.route import QUICKBOOKS
from sinks.targets.route import AdapterContext, Route, StoredConnection, UnusableConnectionError
from sinks.targets.systems.catalogue import system_called
from sinks.targets.worklist.route import WORKLIST
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import require_loopback
from streams.runtime.times import CallTimes
from streams.settings import ProgramSettings

ROUTES: Final[Mapping[str, Route]] = MappingProxyType(
    {
        route.name: route
        for route in (
            OPEN_DENTAL,
            NEXHEALTH,
            CONNECTOR,
            QUICKBOOKS,
            WORKLIST,
        )
    }
)
"""By `connections.route`."""

STAND_IN: Final = min(ROUTES.values(), key=lambda route: route.limits.deadline_s)
"""Whose times count for a stored route that is not in this release. It is never called (`open_target` refuses it), so
its lease only has to end."""

ID_PREFIXES: Final = tuple(prefix for route in ROUTES.values() for prefix in route.id_prefixes)
"""Of all systems: where a bare number that a person looks for may stand."""


def route_named(name: str) -> Route:
    """The route that a person means; `open-dental` and `open_dental` are one. Raises ConfigurationError that names
    the routes, of a practice system those that serve it."""
    route = ROUTES.get(name.replace("-", "_").lower())
    if route is None:
        system = system_called(name)
        if system is not None:
            serving = ", ".join(ROUTES[each].option for each in system.served_by(ROUTES))
            raise ConfigurationError(f"{system.title} is reached through {serving}: name one of these instead")
        known = ", ".join(each.option for each in ROUTES.values())
        raise ConfigurationError(f"{name!r} is not a target of this release: use one of {known}")
    return route


def route_serving(target: Target, name: str | None) -> Route | None:
    """The route called `name`, or the only system that serves `target`; None where neither says which. Pure."""
    if name is not None and name in ROUTES:
        return ROUTES[name]
    serving = [route for route in ROUTES.values() if route.target is target and not route.by_hand]
    return serving[0] if len(serving) == 1 else None


def open_target(stored: StoredConnection, context: AdapterContext) -> PaymentTarget:
    """The adapter of a connection; no I/O. Raises UnusableConnectionError, whose text holds no secret.

    Rehearsal switches and the profile `sandbox` are refused here for a target that is not on loopback.
    """
    route = ROUTES.get(stored.route)
    if route is None:
        raise UnusableConnectionError(
            ConnectionReason.UNREACHABLE, "ROUTE", f"route {stored.route!r} is not in this release"
        )
    if route.by_hand:
        return route.open(stored, context)
    try:
        if not route.is_polled(stored.config):
            check_outbound(route, stored.base_url, "base_url", context.settings.connector_host_names())
            require_loopback(context.settings.unsafe_switches(), [stored.base_url])
        return route.open(stored, context)
    except MappingError as error:
        raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "MAPPING", str(error)) from None
    except SecretUnreadableError as error:
        raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "SECRET", str(error)) from None
    except ConfigurationError as error:
        raise UnusableConnectionError(ConnectionReason.UNREACHABLE, "ADDRESS", str(error)) from None


def times_of_route(name: str, settings: ProgramSettings) -> CallTimes:
    """Deadline, margins and lease of a route's calls (PROTOCOL section 5)."""
    return settings.times.of(ROUTES.get(name, STAND_IN).limits)


def shortest_call(settings: ProgramSettings) -> CallTimes:
    """The times of the system whose calls end soonest."""
    return settings.times.of(STAND_IN.limits)

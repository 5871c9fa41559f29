"""The routes by name: how a stored connection becomes an adapter."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection

from schemas.vocabulary import ConnectionReason
from sinks.targets.credentials import KeyRing, SecretUnreadableError
from sinks.targets.outbound import check_outbound
from sinks.targets.port import PaymentTarget
from streams.runtime.errors import ConfigurationError, Permanent
from streams.runtime.loopback import require_loopback
from streams.runtime.times import CallTimes, Vendor
from streams.settings import ProgramSettings


class StoredConnection(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `connections`, as an adapter needs it. `secret` is still sealed."""

    home_practice_id: str
    connection_id: str
    route: str
    base_url: str
    config: Any
    secret: bytes | None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What every adapter of a process shares."""

    settings: ProgramSettings
    keys: KeyRing
    connect: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]
    """Gives a database connection for one short transaction (token renewal)."""
    after_send: Callable[[], None] | None = None
    """A test's hook: a request body was handed to the socket."""


class UnusableConnectionError(Permanent):
    """A stored connection cannot become an adapter: closes its gate, changes no effect (law 22)."""

    def __init__(self, reason: ConnectionReason, code: str, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.code = code


Opener = Callable[[StoredConnection, Surroundings], PaymentTarget]


def _open_dental(stored: StoredConnection, around: Surroundings) -> PaymentTarget:
    from sinks.targets.open_dental import MappingError, OpenDentalTarget, load_keys, load_mapping

    try:
        mapping = load_mapping(stored.config)
        keys = load_keys(_secret(stored, around))
    except MappingError as error:
        raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "MAPPING", str(error)) from None
    return OpenDentalTarget(
        base_url=stored.base_url,
        mapping=mapping,
        keys=keys,
        controls=around.settings.controls,
        after_send=around.after_send,
    )


def _quickbooks(stored: StoredConnection, around: Surroundings) -> PaymentTarget:
    from sinks.targets.quickbooks.adapter import QuickBooksTarget
    from sinks.targets.quickbooks.mapping import MappingError, load_mapping
    from sinks.targets.quickbooks.oauth_secrets import SecretStore

    try:
        mapping = load_mapping(stored.config)
    except MappingError as error:
        raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "MAPPING", str(error)) from None
    check_outbound(stored.route, mapping.token_url, "token_url")
    require_loopback(around.settings.unsafe_switches(), [mapping.token_url])
    return QuickBooksTarget(
        base_url=stored.base_url,
        mapping=mapping,
        secrets=SecretStore(around.connect, around.keys, stored.home_practice_id, stored.connection_id),
        controls=around.settings.controls,
        after_send=around.after_send,
    )


OPENERS: Final[dict[str, Opener]] = {"open_dental": _open_dental, "quickbooks": _quickbooks}
"""By `connections.route`. Imported when first used, so that a process holds only the routes it serves."""


def open_target(stored: StoredConnection, around: Surroundings) -> PaymentTarget:
    """The adapter of a connection; no I/O. Raises UnusableConnectionError, whose text holds no secret.

    Rehearsal switches and the profile `sandbox` are refused here for a target that is not on loopback.
    """
    opener = OPENERS.get(stored.route)
    if opener is None:
        raise UnusableConnectionError(
            ConnectionReason.UNREACHABLE, "ROUTE", f"route {stored.route!r} is not in this release"
        )
    try:
        check_outbound(stored.route, stored.base_url, "base_url")
        require_loopback(around.settings.unsafe_switches(), [stored.base_url])
        return opener(stored, around)
    except SecretUnreadableError as error:
        raise UnusableConnectionError(ConnectionReason.NEEDS_RECONNECT, "SECRET", str(error)) from None
    except ConfigurationError as error:
        raise UnusableConnectionError(ConnectionReason.UNREACHABLE, "ADDRESS", str(error)) from None


def times_of_route(route: str, settings: ProgramSettings) -> CallTimes:
    """Deadline, margins and lease of a route's calls (PROTOCOL section 5); Open Dental's for one that is not in this
    release, which is never called."""
    return settings.times.of(Vendor(route) if route in OPENERS else Vendor.OPEN_DENTAL)


def _secret(stored: StoredConnection, around: Surroundings) -> bytes:
    if stored.secret is None:
        raise UnusableConnectionError(
            ConnectionReason.NEEDS_RECONNECT, "SECRET", f"connection {stored.connection_id} has no stored credentials"
        )
    return around.keys.open(stored.home_practice_id, stored.connection_id, stored.secret)

"""What a person gives to connect a practice to a target, checked by name before anything is stored (S-1, S-6, S-7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.connections import ConnectionInput, fingerprint
from sinks.targets.credentials import KeyRing
from sinks.targets.outbound import check_outbound
from streams.runtime.errors import ConfigurationError


class Checked(msgspec.Struct, frozen=True):
    """What a route made of the input."""

    config: dict[str, Any]
    secret: bytes | None
    """To be sealed."""
    account: str | None
    """The account's fingerprint; None where only a secret names the account."""
    capabilities: list[str]
    """What the connection can write under this mapping."""


class Route(msgspec.Struct, frozen=True):
    target: Target
    default_url: str
    check: Callable[[str, object, bytes | None], Checked]


def _open_dental(base_url: str, config: object, secret: bytes | None) -> Checked:
    from sinks.targets.open_dental.capabilities import capabilities_of
    from sinks.targets.open_dental.mapping import MappingError, load_keys, load_mapping

    try:
        mapping = load_mapping(config)
        keys = None if secret is None else load_keys(secret)
    except MappingError as error:
        raise ConfigurationError(f"Open Dental: {error}") from None
    account = None if keys is None else fingerprint("open_dental", keys.customer_key)
    sealed = None if keys is None else msgspec.json.encode(keys)
    return Checked(msgspec.to_builtins(mapping), sealed, account, capabilities_of(mapping).words())


def _quickbooks(base_url: str, config: object, secret: bytes | None) -> Checked:
    from sinks.targets.quickbooks.adapter import CAPABILITIES
    from sinks.targets.quickbooks.mapping import MappingError, dump_mapping, load_mapping
    from sinks.targets.quickbooks.oauth_secrets import SecretsError, load_secrets

    try:
        mapping = load_mapping(config)
        secrets = None if secret is None else load_secrets(secret)
    except (MappingError, SecretsError) as error:
        raise ConfigurationError(f"QuickBooks: {error}") from None
    check_outbound("quickbooks", mapping.token_url, "token_url")
    account = fingerprint("quickbooks", urlsplit(base_url).netloc, mapping.realm_id)
    sealed = None if secrets is None else msgspec.json.encode(secrets)
    return Checked(dump_mapping(mapping), sealed, account, CAPABILITIES.words())


ROUTES: Final[Mapping[str, Route]] = MappingProxyType(
    {
        "open_dental": Route(Target.PMS, "https://api.opendental.com/api/v1", _open_dental),
        "quickbooks": Route(Target.QUICKBOOKS, "https://quickbooks.api.intuit.com", _quickbooks),
    }
)


def route_named(name: str) -> str:
    """`open-dental` and `open_dental` are one. Raises ConfigurationError that names the routes."""
    route = name.replace("-", "_").lower()
    if route not in ROUTES:
        known = ", ".join(each.replace("_", "-") for each in ROUTES)
        raise ConfigurationError(f"{name!r} is not a target of this release: use one of {known}")
    return route


def checked_input(
    practice_id: str,
    route: str,
    *,
    base_url: str | None,
    config: bytes,
    secret: bytes | None,
    keys: KeyRing,
    known_fingerprint: str | None,
    same_account: bool = False,
) -> ConnectionInput:
    """The input, validated and sealed; no I/O. Raises ConfigurationError that names the field, never its value.

    `known_fingerprint` is that of the stored connection: it stands where the secret, which names the account, is kept.
    """
    chosen = ROUTES[route]
    address = check_outbound(route, base_url or chosen.default_url, "base_url")
    try:
        document = msgspec.json.decode(config)
    except msgspec.DecodeError:
        raise ConfigurationError("--config: the file is not JSON") from None
    checked = chosen.check(address, document, secret)
    account = checked.account or known_fingerprint
    if account is None:
        raise ConfigurationError("a new connection needs its secrets: give --secrets FILE, or - for standard input")
    return ConnectionInput(
        practice_id=practice_id,
        connection_id=route,
        target=chosen.target,
        route=route,
        base_url=address,
        fingerprint=account,
        config=checked.config,
        secret=None if checked.secret is None else keys.seal(practice_id, route, checked.secret),
        capabilities=checked.capabilities,
        same_account=same_account,
    )

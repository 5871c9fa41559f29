"""What a person gives to connect a practice to a target, checked by name before anything is stored (S-1, S-6, S-7)."""

from __future__ import annotations

import msgspec

from sinks.ledger.practices.connections import ConnectionInput, fingerprint
from sinks.targets.credentials import KeyRing
from sinks.targets.mapping_error import MappingError
from sinks.targets.outbound import check_outbound
from sinks.targets.route import Route
from streams.runtime.errors import ConfigurationError


def checked_input(
    practice_id: str,
    route: Route,
    *,
    base_url: str | None,
    config: bytes,
    secret: bytes | None,
    keys: KeyRing,
    known_fingerprint: str | None,
    same_account: bool = False,
    other_account: bool = False,
    connector_hosts: frozenset[str] = frozenset(),
) -> ConnectionInput:
    """The input, validated and sealed; no I/O. Raises ConfigurationError that names the field, never its value.

    `known_fingerprint` is that of the stored connection: it stands where the secret, which names the account, is kept.
    """
    try:
        document = msgspec.json.decode(config)
    except msgspec.DecodeError:
        raise ConfigurationError("--config: the file is not JSON") from None
    calls_nothing = route.by_hand or route.is_polled(document)
    if calls_nothing and base_url:
        why = (
            "people enter everything" if route.by_hand else "with this mapping an agent at the practice calls Writeback"
        )
        raise ConfigurationError(f"--base-url: {why}, so there is no address to call: leave it out")
    address = "" if calls_nothing else check_outbound(route, base_url or route.default_url, "base_url", connector_hosts)
    try:
        checked = route.check(address, document, secret)
    except MappingError as error:
        raise ConfigurationError(f"{route.system}: {error}") from None
    # What only the practice's own people or agent reach is one account of that practice.
    named = (practice_id, *(checked.account or ())) if calls_nothing else checked.account
    account = known_fingerprint if named is None else fingerprint(route.name, *named)
    if account is None:
        raise ConfigurationError("a new connection needs its secrets: give --secrets FILE, or - for standard input")
    return ConnectionInput(
        practice_id=practice_id,
        connection_id=route.name,
        target=route.target,
        route=route.name,
        base_url=address,
        fingerprint=account,
        config=checked.config,
        secret=None if checked.secret is None else keys.seal(practice_id, route.name, checked.secret),
        secret_until=checked.secret_until,
        capabilities=checked.capabilities.words(),
        same_account=same_account,
        needs_secret=not route.by_hand,
        other_account=other_account,
        names_itself=checked.names_itself,
    )

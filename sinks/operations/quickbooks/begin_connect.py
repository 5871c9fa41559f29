"""Begins to connect a practice to its QuickBooks company: where a person agrees, and what waits for the answer
(QB-1, S-4)."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.connect_attempts import begin_attempt
from sinks.ledger.practices.stored_connections import stored_connection
from sinks.operations.acting import Action, Order, acting, authorise
from sinks.operations.ledger import Ledger
from sinks.targets.credentials import KeyRing
from sinks.targets.http_call import HttpCaller
from sinks.targets.outbound import check_outbound
from sinks.targets.quickbooks.authorization import (
    Endpoints,
    authorize_address,
    check_authorize_url,
    check_redirect_uri,
    state_digest,
)
from sinks.targets.quickbooks.grant_calls import read_endpoints
from sinks.targets.quickbooks.mapping import load_config
from sinks.targets.quickbooks.oauth_secrets import Secrets
from sinks.targets.quickbooks.route import QUICKBOOKS
from sinks.targets.route import StoredConnection
from streams.runtime.errors import ConfigurationError
from streams.runtime.loopback import require_loopback
from streams.settings import ProgramSettings

ATTEMPT_S: Final = 600
"""How long a person has at QuickBooks' page."""
REDIRECT_URI: Final = "http://localhost:30227/quickbooks/callback"
"""Where the command line listens unless another address of this machine is registered with the app."""
ENVELOPE: Final = "quickbooks/connect"
"""What an attempt is sealed for: no connection's secrets open it."""


class ConnectWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gave; nothing is checked yet."""

    practice_id: str
    base_url: str | None = None
    """None: as it is connected now, else the vendor's own."""
    client: bytes | None = None
    """The app's keys, a JSON object with client_id and client_secret; None keeps the stored ones."""
    redirect_uri: str = REDIRECT_URI


class ConnectBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person agrees; in a preview nothing waits for the answer, and `address` is empty."""

    practice_id: str
    base_url: str
    redirect_uri: str
    address: str
    pkce: bool
    """A code challenge goes along, because the vendor's discovery document names the method."""
    connected_company: str | None
    """The company that is connected now, as QuickBooks called it; "" where that is not known."""


class _App(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    client_id: str
    client_secret: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What the envelope of an attempt holds."""

    client_id: str
    client_secret: str
    verifier: str | None
    base_url: str
    token_url: str
    revoke_url: str
    redirect_uri: str


async def begin_connect(
    ledger: Ledger, settings: ProgramSettings, wanted: ConnectWanted, keys: KeyRing, order: Order
) -> ConnectBegun:
    """Ask the vendor for its endpoints, and keep an attempt; calls the vendor once, within 8 s, also in a preview.

    Raises ConfigurationError for what was given, GrantError where the vendor does not answer, and as `acting`.
    """
    authorise(order, Action.QUICKBOOKS_CONNECT, wanted.practice_id)
    redirect_uri = check_redirect_uri(wanted.redirect_uri)
    with ledger.connection.cursor() as cursor:
        stored = stored_connection(cursor, wanted.practice_id, Target.QUICKBOOKS)
    base_url = _base_url(settings, wanted, stored)
    app = _app(wanted, stored, keys)
    http = HttpCaller(headers={}, connections=1)
    try:
        endpoints = _checked(settings, await read_endpoints(http, base_url))
    finally:
        await http.close()
    state = secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(48) if endpoints.pkce else None
    attempt = Attempt(
        client_id=app.client_id,
        client_secret=app.client_secret,
        verifier=verifier,
        base_url=base_url,
        token_url=endpoints.token_url,
        revoke_url=endpoints.revoke_url,
        redirect_uri=redirect_uri,
    )
    with acting(ledger, order, Action.QUICKBOOKS_CONNECT, wanted.practice_id) as act:
        begin_attempt(
            act.unit,
            route=QUICKBOOKS.name,
            digest=state_digest(state),
            attempt=keys.seal(wanted.practice_id, ENVELOPE, msgspec.json.encode(attempt)),
            actor=order.actor.name,
            for_s=ATTEMPT_S,
        )
        act.audit(after={"base_url": base_url, "redirect_uri": redirect_uri})
    address = authorize_address(
        endpoints, client_id=app.client_id, redirect_uri=redirect_uri, state=state, verifier=verifier
    )
    return ConnectBegun(
        practice_id=wanted.practice_id,
        base_url=base_url,
        redirect_uri=redirect_uri,
        address=address if order.apply else "",
        pkce=endpoints.pkce,
        connected_company=None if stored is None else load_config(stored.config).company_name,
    )


def _base_url(settings: ProgramSettings, wanted: ConnectWanted, stored: StoredConnection | None) -> str:
    kept = QUICKBOOKS.default_url if stored is None else stored.base_url
    base_url = check_outbound(QUICKBOOKS, wanted.base_url or kept, "base_url")
    require_loopback(settings.unsafe_switches(), [base_url])
    return base_url


def _app(wanted: ConnectWanted, stored: StoredConnection | None, keys: KeyRing) -> _App:
    """The app's keys: given, or those of the connection. ConfigurationError says how to give them, and quotes none."""
    if wanted.client is not None:
        try:
            return msgspec.json.decode(wanted.client, type=_App)
        except (msgspec.ValidationError, msgspec.DecodeError):
            raise ConfigurationError("--client: a JSON object with client_id and client_secret, and no more") from None
    if stored is None or stored.secret is None:
        raise ConfigurationError("give the keys of your Intuit app: --client FILE, or - for standard input")
    opened = keys.open(stored.home_practice_id, stored.connection_id, stored.secret)
    known = msgspec.json.decode(opened, type=Secrets)
    return _App(client_id=known.client_id, client_secret=known.client_secret)


def _checked(settings: ProgramSettings, endpoints: Endpoints) -> Endpoints:
    """The vendor's own addresses and no others, whoever wrote the discovery document (S-7)."""
    check_authorize_url(endpoints.authorize_url)
    urls = (endpoints.token_url, endpoints.revoke_url)
    called = [check_outbound(QUICKBOOKS, url, "discovery document") for url in urls]
    require_loopback(settings.unsafe_switches(), called)
    return endpoints

"""Connects a practice to its QuickBooks company: the answer to what was begun is exchanged, checked and stored.

Two steps, so that a command and a web page can do the same: `begin_connect` gives the address where a person agrees,
`finish_connect` takes what came back. In between stands an attempt of that practice, which counts once and for ten
minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from schemas.vocabulary import Target
from sinks.ledger.practices.connect_attempts import end_attempt, pending_attempt
from sinks.ledger.practices.connections import ConnectionInput, fingerprint, owner_of_account, save_connection
from sinks.ledger.practices.stored_connections import stored_connection, stored_fingerprint
from sinks.operations.acting import Action, Order, acting
from sinks.operations.ledger import Ledger
from sinks.operations.quickbooks.begin_connect import ENVELOPE, Attempt
from sinks.targets.connection_input import checked_input
from sinks.targets.credentials import KeyRing
from sinks.targets.http_call import HttpCaller
from sinks.targets.quickbooks.authorization import Callback, CallbackRefusedError, parse_callback, same_state
from sinks.targets.quickbooks.grant_calls import CompanyRead, GrantError, exchange_code, read_company, revoke
from sinks.targets.quickbooks.mapping import ConnectedCompany, dump_mapping, load_config
from sinks.targets.quickbooks.oauth_secrets import Secrets
from sinks.targets.quickbooks.route import QUICKBOOKS
from sinks.targets.route import StoredConnection
from streams.fault_injection import Control, disabled
from streams.runtime.errors import ConfigurationError


class CompanyConnected(msgspec.Struct, frozen=True, kw_only=True):
    """What was stored."""

    practice_id: str
    realm_id: str
    company_name: str
    mapped: bool
    """Whether accounts are mapped: nothing is written before."""
    replaced: str | None
    """The company that was connected before, where it was another one; its mapping is gone."""
    released: int
    """Entries that had stopped because of the connection and are due again."""


class OtherCompanyError(ConfigurationError):
    """Another company than the connected one agreed; nothing was changed. A person is asked first."""


async def finish_connect(
    ledger: Ledger,
    practice_id: str,
    answer: str,
    keys: KeyRing,
    order: Order,
    *,
    other_company: bool = False,
) -> CompanyConnected:
    """`answer` is the address that the browser was sent back to, or its query.

    1. The practice's own attempt, once. 2. Tokens for the code. 3. The company is read with them: it is the one that
    came back. 4. Stored; another company than before needs `other_company`, and takes the mapping away (P-15).

    Three calls of 8 s at most. An access that is not stored is revoked, unless a practice's connection reaches that
    company. Raises CallbackRefusedError, GrantError, OtherCompanyError, and as `acting` and `save_connection`.
    """
    callback = parse_callback(answer)
    attempt = _taken(ledger, practice_id, callback, keys, order)
    http = HttpCaller(headers={}, connections=1)
    try:
        app = Secrets(client_id=attempt.client_id, client_secret=attempt.client_secret, refresh_token="")
        tokens = await exchange_code(
            http,
            attempt.token_url,
            app,
            code=callback.code,
            redirect_uri=attempt.redirect_uri,
            verifier=attempt.verifier,
            at=datetime.now(UTC),
        )
        company = await read_company(http, attempt.base_url, callback.realm_id, tokens)
        try:
            return _stored(ledger, practice_id, attempt, company, tokens, keys, order, other_company)
        except ConfigurationError:
            await _give_back(ledger, http, attempt, company, tokens)
            raise
    finally:
        await http.close()


def _taken(ledger: Ledger, practice_id: str, callback: Callback, keys: KeyRing, order: Order) -> Attempt:
    """The practice's attempt, ended with its answer. One that does not match ends nothing: anybody can send one."""
    with acting(ledger, order, Action.QUICKBOOKS_CONNECT, practice_id) as act:
        pending = pending_attempt(act.unit, QUICKBOOKS.name)
        if pending is None:
            raise CallbackRefusedError(f"practice {practice_id} has nothing begun that this answers, or it is too old")
        if not same_state(pending.state_digest, callback.state) and not disabled(Control.OAUTH_STATE):
            raise CallbackRefusedError("the answer is not to what was asked for this practice: nothing was connected")
        end_attempt(act.unit, QUICKBOOKS.name)
        opened = keys.open(practice_id, ENVELOPE, pending.attempt)
    return msgspec.json.decode(opened, type=Attempt)


def _stored(
    ledger: Ledger,
    practice_id: str,
    attempt: Attempt,
    company: CompanyRead,
    tokens: Secrets,
    keys: KeyRing,
    order: Order,
    other_company: bool,
) -> CompanyConnected:
    with acting(ledger, order, Action.QUICKBOOKS_CONNECT, practice_id) as act:
        before = stored_connection(act.cursor, practice_id, Target.QUICKBOOKS)
        known = stored_fingerprint(act.cursor, practice_id, Target.QUICKBOOKS)
        same = known == _account(attempt, company)
        if before is not None and not same and not other_company:
            was = load_config(before.config)
            raise OtherCompanyError(
                f"this is company {company.realm_id} ({company.name}), and practice {practice_id} is connected to "
                f"{was.realm_id} ({was.company_name or 'name not known'}): nothing was changed. If the practice keeps "
                "its books there now, connect again with --other-company: the mapping of accounts then has to be made "
                "anew, and what was written stays in the former company"
            )
        config = _config(before if same else None, attempt, company)
        given = _input(practice_id, attempt, config, tokens, keys, known, other_company=not same and other_company)
        saved = save_connection(act.unit, given, actor=order.actor.name, why=order.reason)
    return CompanyConnected(
        practice_id=practice_id,
        realm_id=company.realm_id,
        company_name=company.name,
        mapped="accounts" in config,
        replaced=None if same or before is None else load_config(before.config).realm_id,
        released=saved.released,
    )


def _input(
    practice_id: str,
    attempt: Attempt,
    config: dict[str, object],
    tokens: Secrets,
    keys: KeyRing,
    known: str | None,
    *,
    other_company: bool,
) -> ConnectionInput:
    return checked_input(
        practice_id,
        QUICKBOOKS,
        base_url=attempt.base_url,
        config=msgspec.json.encode(config),
        secret=msgspec.json.encode(tokens),
        keys=keys,
        known_fingerprint=known,
        other_account=other_company,
    )


def _config(before: StoredConnection | None, attempt: Attempt, company: CompanyRead) -> dict[str, object]:
    """The mapping as it was, where the company is the same; else the company alone."""
    named = {"token_url": attempt.token_url, "company_name": company.name}
    if before is not None:
        return dump_mapping(load_config(before.config)) | named
    return dump_mapping(ConnectedCompany(realm_id=company.realm_id, **named))


async def _give_back(ledger: Ledger, http: HttpCaller, attempt: Attempt, company: CompanyRead, tokens: Secrets) -> None:
    """An access that nobody keeps does not stay open; but ending it could end that of a stored connection, too."""
    with ledger.connection.cursor() as cursor:
        kept = owner_of_account(cursor, _account(attempt, company)) is not None
    if kept:
        return
    try:
        await revoke(http, attempt.revoke_url, tokens)
    except GrantError:
        return  # it is in nobody's hands, and the refusal that is under way says more


def _account(attempt: Attempt, company: CompanyRead) -> str:
    return fingerprint(QUICKBOOKS.name, urlsplit(attempt.base_url).netloc, company.realm_id)

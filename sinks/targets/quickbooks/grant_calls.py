"""The calls of connecting and disconnecting a company: discovery, code for tokens, the company itself, revocation.

Each is one request with a deadline and is never repeated. What the vendor answers is bounded and classified; nothing of
it is quoted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.targets.http_call import HttpAnswer, HttpCaller
from sinks.targets.quickbooks.answers import TokenRefused, judge_error
from sinks.targets.quickbooks.authorization import Endpoints, discovery_address, endpoints_of
from sinks.targets.quickbooks.documents import MINOR_VERSION
from sinks.targets.quickbooks.faults import parse_json
from sinks.targets.quickbooks.oauth_secrets import Secrets
from sinks.targets.quickbooks.tokens import NoToken, refused_tokens, taken_tokens, token_headers
from streams.runtime.errors import WritebackError

CALL_S: Final = 8.0
"""For each call; a renewal lock may be held meanwhile."""
NAME_LIMIT: Final = 200


class GrantError(WritebackError):
    """A call of connecting or disconnecting did not come to what it is for; the text says what to do."""


class CompanyRead(msgspec.Struct, frozen=True, kw_only=True):
    """A company as its own API names it."""

    realm_id: str
    name: str


async def read_endpoints(http: HttpCaller, base_url: str) -> Endpoints:
    """The vendor's endpoints. Raises GrantError where the document cannot be read."""
    outcome = await http.call(
        "GET", discovery_address(base_url), deadline_s=CALL_S, headers={"Accept": "application/json"}
    )
    if not isinstance(outcome, HttpAnswer) or outcome.status != 200:
        raise GrantError("QuickBooks does not say where to connect (its discovery document): try again in some minutes")
    found = endpoints_of(parse_json(outcome.body))
    if found is None:
        raise GrantError("QuickBooks' discovery document cannot be read: try again later, and tell us if it lasts")
    return found


async def exchange_code(
    http: HttpCaller,
    token_url: str,
    client: Secrets,
    *,
    code: str,
    redirect_uri: str,
    verifier: str | None,
    at: datetime,
) -> Secrets:
    """Tokens for an authorization code, which works once. `client` names the app. Raises GrantError."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        form["code_verifier"] = verifier
    outcome = await http.call(
        "POST",
        token_url,
        deadline_s=CALL_S,
        body=urlencode(form).encode(),
        headers=token_headers(client.client_id, client.client_secret),
    )
    if not isinstance(outcome, HttpAnswer):
        raise GrantError("QuickBooks did not answer when the connection was to be made: begin again")
    document = parse_json(outcome.body)
    taken: Secrets | NoToken
    if outcome.status == 200 and isinstance(document, dict):
        taken = taken_tokens(client, "", document, at)
    else:
        taken = refused_tokens(outcome.status, document)
    if isinstance(taken, Secrets):
        return taken
    if taken.code == "INVALID_GRANT":
        raise GrantError(
            "QuickBooks did not take the answer: it was used before, too old or not for this app; begin again"
        )
    if taken.reason is ConnectionReason.NEEDS_RECONNECT:
        raise GrantError("QuickBooks does not know this app: check client_id and client_secret of the app's keys")
    raise GrantError(f"QuickBooks gave no tokens ({taken.code}): begin again in some minutes")


async def read_company(http: HttpCaller, base_url: str, realm_id: str, tokens: Secrets) -> CompanyRead:
    """The company that the tokens open, which must be the one that the browser named (S-4). Raises GrantError."""
    outcome = await http.call(
        "GET",
        f"{base_url}/v3/company/{realm_id}/companyinfo/{realm_id}?minorversion={MINOR_VERSION}",
        deadline_s=CALL_S,
        headers={"Accept": "application/json", "Authorization": f"Bearer {tokens.access_token}"},
    )
    if not isinstance(outcome, HttpAnswer):
        raise GrantError("QuickBooks gave access but did not answer for the company: begin again")
    problem = judge_error(outcome.status, outcome.body)
    reason = getattr(problem, "reason", None)
    if isinstance(problem, TokenRefused) or reason is ConnectionReason.WRONG_COMPANY:
        raise GrantError("the access that QuickBooks gave is not for the company that it named: nothing was connected")
    document: Any = None if problem is not None else parse_json(outcome.body)
    info = document.get("CompanyInfo") if isinstance(document, dict) else None
    if not isinstance(info, dict):
        raise GrantError(f"the company could not be read (HTTP {outcome.status}): begin again")
    name = info.get("CompanyName")
    plain = "".join(each for each in name if each.isprintable()) if isinstance(name, str) else ""
    return CompanyRead(realm_id=realm_id, name=plain[:NAME_LIMIT])


async def revoke(http: HttpCaller, revoke_url: str, secrets: Secrets) -> None:
    """End the access at the vendor. Tokens that it does not know any more have ended. Raises GrantError otherwise."""
    headers = token_headers(secrets.client_id, secrets.client_secret) | {"Content-Type": "application/json"}
    body = msgspec.json.encode({"token": secrets.refresh_token})
    outcome = await http.call("POST", revoke_url, deadline_s=CALL_S, body=body, headers=headers)
    if isinstance(outcome, HttpAnswer) and (outcome.status == 200 or outcome.status == 400):
        return
    if isinstance(outcome, HttpAnswer) and outcome.status == 401:
        raise GrantError("QuickBooks does not know this app: check its keys, or disconnect it in QuickBooks under Apps")
    raise GrantError("QuickBooks did not confirm the end of the access: nothing was changed; try again in some minutes")

"""The authorization server: discovery document, and the page where a person picks a company and agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from urllib.parse import urlencode

from deploy.sandbox.exchange import Answer, Document, Incoming, Route, as_json
from deploy.sandbox.quickbooks.company import CompanySettings
from deploy.sandbox.quickbooks.tokens import CLIENT_ID, REVOKE_PATH, TOKEN_PATH, TokenService

AUTHORIZE_PATH = "/connect/oauth2"
AGREE_PATH = AUTHORIZE_PATH + "/agree"
DISCOVERY_PATH = "/.well-known/openid_sandbox_configuration"
ISSUER = "https://oauth.platform.intuit.com/op/v1"
SCOPE = "com.intuit.quickbooks.accounting"


class AuthorizationServer:
    """One app, any company. `pkce` stands for what Intuit's document does not name: code challenges (unproven)."""

    def __init__(self, tokens: TokenService, companies: Callable[[], list[CompanySettings]]) -> None:
        self._tokens = tokens
        self._companies = companies
        self.pkce = False
        self.other_hosts: dict[str, str] = {}
        """Endpoints that the document names wrongly, for what a forged one would do."""

    def routes(self) -> Iterator[Route]:
        yield Route("GET", DISCOVERY_PATH, self._discovery)
        yield Route("GET", AUTHORIZE_PATH, self._page)
        yield Route("GET", AGREE_PATH, self._agreed)

    def _discovery(self, incoming: Incoming) -> Answer:
        base = f"http://{incoming.headers.get('Host', '')}"
        document: Document = {
            "issuer": ISSUER,
            "authorization_endpoint": base + AUTHORIZE_PATH,
            "token_endpoint": base + TOKEN_PATH,
            "revocation_endpoint": base + REVOKE_PATH,
            "jwks_uri": ISSUER + "/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile", "address", "phone"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }
        if self.pkce:
            document["code_challenge_methods_supported"] = ["S256"]
        return as_json(200, document | self.other_hosts)

    def _page(self, incoming: Incoming) -> Answer:
        """Companies to choose from; a request that is wrong is told to the person, never to the redirect."""
        query = incoming.query
        right = {"client_id": CLIENT_ID, "response_type": "code", "scope": SCOPE}
        wrong = [name for name, value in right.items() if query.get(name) != value]
        wrong += [name for name in ("redirect_uri", "state") if not query.get(name)]
        if wrong:
            return _html(400, f"<p>This request is wrong: {escape(', '.join(wrong))}</p>")
        links = [
            f'<li><a href="{_link(incoming, company.realm)}">{escape(company.name)}</a></li>'
            for company in self._companies()
        ]
        decline = f'<p><a href="{_link(incoming, "")}">Cancel</a></p>'
        return _html(200, f"<h1>Connect to Writeback</h1><ul>{''.join(links)}</ul>{decline}")

    def _agreed(self, incoming: Incoming) -> Answer:
        """Back to the redirect with a code, or with access_denied."""
        query = incoming.query
        realm, redirect = query.get("realm", ""), query.get("redirect_uri", "")
        if realm not in {company.realm for company in self._companies()}:
            fields = {"error": "access_denied", "state": query.get("state", "")}
        else:
            code = self._tokens.code_for(realm, redirect, query.get("code_challenge", ""))
            fields = {"code": code, "state": query.get("state", ""), "realmId": realm}
        return Answer(302, b"", "text/html", {"Location": f"{redirect}?{urlencode(fields)}"})


def _link(incoming: Incoming, realm: str) -> str:
    return escape(f"{AGREE_PATH}?{urlencode({**incoming.query, 'realm': realm})}", quote=True)


def _html(status: int, body: str) -> Answer:
    page = f"<!doctype html><html><head><title>Intuit sandbox</title></head><body>{body}</body></html>"
    return Answer(status, page.encode(), "text/html; charset=utf-8")

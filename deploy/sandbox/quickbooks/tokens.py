"""The token service: refresh with rotation, authorization codes, revocation, expiry."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import msgspec

from deploy.sandbox.exchange import Answer, Document, as_json
from deploy.sandbox.quickbooks.company import CompanySettings

TOKEN_PATH = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
REVOKE_PATH = "/v2/oauth2/tokens/revoke"
CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - a public constant of the sandbox
HARD_LIMIT_S = 5 * 365 * 86_400
"""Refresh tokens end after five years whatever happens (since 2025-11)."""


CODE_S = 600
"""How long an authorization code may be exchanged."""


class IssuedCode(msgspec.Struct, frozen=True):
    """An authorization code and what it is bound to; "" where the request had none."""

    realm: str
    redirect_uri: str
    challenge: str
    ends_at: float


class Connection(msgspec.Struct):
    """The tokens of one realm. Times are seconds since the epoch."""

    realm: str
    refresh_token: str
    refresh_until: float
    connected_at: float
    previous_refresh_token: str = ""
    revoked: bool = False
    access: dict[str, float] = {}
    """Access token and until when it holds. Earlier ones hold until they expire."""
    refreshes: int = 0
    refresh_token_since: float = 0.0
    """When this value of the refresh token was first given out."""


class TokenService:
    """All connections, by realm, and who may ask for tokens."""

    def __init__(self, settings_of: Callable[[str], CompanySettings], keep: Callable[[str, object], None]) -> None:
        self._settings_of = settings_of
        self._keep = keep
        self.connections: dict[str, Connection] = {}
        self._codes: dict[str, IssuedCode] = {}
        self._realm_of_access: dict[str, str] = {}

    def connect(self, realm: str) -> Document:
        """A fresh connection with both tokens, as after a person has agreed."""
        now = time.time()
        life = self._settings_of(realm).refresh_token_s
        self.connections[realm] = Connection(realm, _token("RT1"), now + life, now, refresh_token_since=now)
        return self._issue(self.connections[realm], with_hard_limit=False)

    def restore(self, connection: Connection) -> None:
        self.connections[connection.realm] = connection
        for token in connection.access:
            self._realm_of_access[token] = connection.realm

    def code_for(self, realm: str, redirect_uri: str = "", challenge: str = "") -> str:
        """An authorization code that may be exchanged once, bound to what is given of redirect and challenge."""
        code = _token("AC")
        self._codes[code] = IssuedCode(realm, redirect_uri, challenge, time.time() + CODE_S)
        return code

    def realm_of(self, body: bytes) -> str:
        """The realm whose refresh token a token request carries; "" for one that is not known."""
        given = _form(body).get("refresh_token", "")
        return next((c.realm for c in self.connections.values() if c.refresh_token == given), "")

    def checked(self, realm: str, access_token: str) -> str:
        """ "ok", "expired" (also unknown and revoked), or "other" for a living token of another company."""
        owner = self._realm_of_access.get(access_token, "")
        connection = self.connections.get(owner)
        if connection is None or connection.revoked or connection.access.get(access_token, 0.0) < time.time():
            return "expired"
        return "ok" if owner == realm else "other"

    def expire_access(self, realm: str) -> None:
        """Every access token of the realm is stale from now on; the refresh token still works."""
        self.connections[realm].access.clear()

    def revoke(self, realm: str) -> None:
        """The practice disconnected: refreshing answers invalid_grant until it connects again."""
        self.connections[realm].revoked = True
        self._save(self.connections[realm])

    def exchange(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """`POST /oauth2/v1/tokens/bearer`, client_secret_basic or client_secret_post."""
        form = _form(body)
        if not _client_known(headers.get("Authorization", ""), form):
            return as_json(401, {"error": "invalid_client"})
        hard = headers.get("x-include-refresh-token-hard-expires-in", "") == "true"
        match form.get("grant_type"):
            case "refresh_token":
                return self._refresh(form.get("refresh_token", ""), hard)
            case "authorization_code":
                return self._exchanged(form)
            case _:
                return as_json(400, {"error": "unsupported_grant_type"})

    def _exchanged(self, form: Mapping[str, str]) -> Answer:
        """A code is used up by the first try, right or wrong."""
        issued = self._codes.pop(form.get("code", ""), None)
        if issued is None or issued.ends_at < time.time():
            return _invalid_grant("Invalid authorization code")
        if issued.redirect_uri and form.get("redirect_uri") != issued.redirect_uri:
            return _invalid_grant("Invalid redirect_uri")
        if issued.challenge and challenge_of(form.get("code_verifier", "")) != issued.challenge:
            return _invalid_grant("Invalid code_verifier")
        return as_json(200, self.connect(issued.realm))

    def revoked(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """`POST …/revoke {"token": …}`: 200 and the connection is gone."""
        if not _client_known(headers.get("Authorization", ""), {}):
            return as_json(401, {"error": "invalid_client"})
        token = msgspec.json.decode(body, type=dict[str, str]).get("token", "")
        for connection in self.connections.values():
            if token == connection.refresh_token or token in connection.access:
                self.revoke(connection.realm)
                return as_json(200, {})
        return as_json(400, {"error": "invalid_request"})

    def _refresh(self, given: str, with_hard_limit: bool) -> Answer:
        now = time.time()
        connection = next((c for c in self.connections.values() if self._good_for(c, given)), None)
        if connection is None or connection.revoked or connection.refresh_until < now:
            return _invalid_grant("Incorrect Token type or clientID")
        settings = self._settings_of(connection.realm)
        age_s = now - connection.refresh_token_since
        if settings.rotates_refresh_token and age_s >= settings.refresh_token_changes_after_s:
            connection.previous_refresh_token = connection.refresh_token
            connection.refresh_token = _token("RT1")
            connection.refresh_token_since = now
        connection.refresh_until = now + settings.refresh_token_s
        connection.refreshes += 1
        return as_json(200, self._issue(connection, with_hard_limit))

    def _good_for(self, connection: Connection, given: str) -> bool:
        if given == connection.refresh_token:
            return True
        keeps = self._settings_of(connection.realm).keeps_previous_refresh_token
        return keeps and bool(given) and given == connection.previous_refresh_token

    def _issue(self, connection: Connection, with_hard_limit: bool) -> Document:
        settings = self._settings_of(connection.realm)
        now = time.time()
        access = _token("eyJ")
        connection.access = {token: until for token, until in connection.access.items() if until > now}
        connection.access[access] = now + settings.access_token_s
        self._realm_of_access[access] = connection.realm
        self._save(connection)
        answer: Document = {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": settings.access_token_s,
            "refresh_token": connection.refresh_token,
            "x_refresh_token_expires_in": settings.refresh_token_s,
        }
        if with_hard_limit:
            answer["x_refresh_token_hard_expires_in"] = int(connection.connected_at + HARD_LIMIT_S - now)
        return answer

    def _save(self, connection: Connection) -> None:
        self._keep(connection.realm, connection)


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _token(prefix: str) -> str:
    return f"{prefix}-{secrets.token_urlsafe(24)}"


def _invalid_grant(description: str) -> Answer:
    return as_json(400, {"error": "invalid_grant", "error_description": description})


def _form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _client_known(authorization: str, form: Mapping[str, str]) -> bool:
    if authorization:
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        return authorization == f"Basic {expected}"
    return form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET

"""Access tokens: renewed ahead of time, once for everybody, and never used before they are stored (P-12, S-2)."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import psycopg

from schemas.vocabulary import ConnectionReason
from sinks.targets.credentials import SecretUnreadableError
from sinks.targets.http_call import HttpAnswer, HttpCaller, Lost
from sinks.targets.quickbooks.faults import parse_json
from sinks.targets.quickbooks.oauth_secrets import Secrets, SecretsError, SecretStore, Stored
from streams.fault_injection import CrashPoint, reach

TOKEN_DEADLINE_S: Final = 8.0
"""The call stands inside a transaction, which may last 15 s (PROTOCOL section 5)."""
RENEW_AT_SHARE: Final = 0.9
"""Of its life, after which a token is renewed before use rather than after a refusal."""

REFRESH_LIFE_S: Final = 100 * 86_400
"""Of a refresh token after its last use (README section 1), where the answer does not say."""

_TOKEN: Final = re.compile(r"[!-~]{1,8192}")
_LIFE: Final = re.compile(r"[0-9]{1,8}")
_REFUSALS: Final = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "invalid_token"})


def token_headers(client_id: str, client_secret: str) -> dict[str, str]:
    """Of a call to the token endpoint, which takes a form. Pure."""
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    return {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }


class Token(msgspec.Struct, frozen=True):
    """An access token that is stored; `version` is that of the secrets it came from."""

    access: str
    version: int

    def __repr__(self) -> str:
        return f"Token(version={self.version})"


class NoToken(msgspec.Struct, frozen=True):
    """There is none now; `reason` closes the connection where one is given."""

    reason: ConnectionReason | None
    code: str


class TokenKeeper:
    """The tokens of one connection, used by one event loop; renewals are single in this process and across all."""

    def __init__(self, store: SecretStore, http: HttpCaller, token_url: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._http = http
        self._token_url = token_url
        self._now = now
        self._known: Stored | None = None
        self._flight = asyncio.Lock()
        self._unsaved: tuple[int, Secrets] | None = None

    async def current(self) -> Token | NoToken:
        """A token that should still be taken. Reads the ledger at first use and calls only when it is due."""
        async with self._flight:
            return await self._guarded(self._current)

    async def after_refusal(self, refused: Token) -> Token | NoToken:
        """A token other than the refused one: another worker's, or a renewed one."""
        async with self._flight:
            return await self._guarded(lambda: self._renewed(refused.version))

    async def _current(self) -> Token | NoToken:
        if self._known is None:
            self._known = await self._store.read()
        if not self._due(self._known.secrets):
            return _token(self._known)
        stored = await self._store.read()
        self._known = stored
        return await self._renewed(stored.version) if self._due(stored.secrets) else _token(stored)

    async def _renewed(self, seen: int) -> Token | NoToken:
        problems: list[NoToken] = []

        async def call(stored: Stored) -> Secrets | None:
            return await self._fresh(stored, problems)

        stored = await self._store.renew(seen, call)
        if stored is None:
            return problems[-1]
        self._unsaved = None
        self._known = stored
        return _token(stored)

    async def _fresh(self, stored: Stored, problems: list[NoToken]) -> Secrets | None:
        """New secrets from the vendor. Ones that could not be saved the last time are saved first, not asked again.

        A process that dies between the answer and the commit loses the new tokens. The vendor changes the refresh
        token about once a day (README section 1), so the stored one is still good at nearly every such death; at the
        others only a person can reconnect, because nobody else knows the new value.
        """
        if self._unsaved is not None and self._unsaved[0] == stored.version:
            return self._unsaved[1]
        secrets = stored.secrets
        candidates = [secrets.refresh_token]
        if secrets.earlier_refresh_token and secrets.earlier_refresh_token != secrets.refresh_token:
            candidates.append(secrets.earlier_refresh_token)
        for refresh_token in candidates:
            answer = await self._ask(secrets, refresh_token)
            if isinstance(answer, Secrets):
                self._unsaved = (stored.version, answer)
                reach(CrashPoint.POSTER_TOKEN_ANSWERED)
                return answer
            problems.append(answer)
            if answer.code != "INVALID_GRANT":
                break
        return None

    async def _ask(self, secrets: Secrets, refresh_token: str) -> Secrets | NoToken:
        """One call to the token endpoint. A refusal there is final and means that a person must reconnect."""
        outcome = await self._http.call(
            "POST",
            self._token_url,
            deadline_s=TOKEN_DEADLINE_S,
            body=urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token}).encode(),
            headers=token_headers(secrets.client_id, secrets.client_secret),
        )
        if not isinstance(outcome, HttpAnswer):
            code = "LOST" if isinstance(outcome, Lost) else outcome.code
            return NoToken(ConnectionReason.UNREACHABLE, f"TOKEN_{code}")
        document = parse_json(outcome.body)
        if outcome.status == 200 and isinstance(document, dict):
            return taken_tokens(secrets, refresh_token, document, self._now())
        return refused_tokens(outcome.status, document)

    def _due(self, secrets: Secrets) -> bool:
        return secrets.access_token is None or secrets.renew_at is None or secrets.renew_at <= self._now()

    async def _guarded(self, step: Callable[[], Any]) -> Token | NoToken:
        """A ledger that cannot be reached, or secrets that cannot be read, are answers too: nothing was sent."""
        try:
            found: Token | NoToken = await step()
        except psycopg.Error:
            self._known = None
            return NoToken(None, "TOKEN_STORE")
        except (SecretsError, SecretUnreadableError):
            self._known = None
            return NoToken(ConnectionReason.NEEDS_RECONNECT, "SECRETS_UNREADABLE")
        return found


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _token(stored: Stored) -> Token:
    return Token(stored.secrets.access_token or "", stored.version)


def taken_tokens(secrets: Secrets, used: str, document: dict[str, Any], at: datetime) -> Secrets | NoToken:
    """The secrets after an answer of the token endpoint; `used` is the refresh token that it was asked with, "" where
    it was asked with a code, and then the answer must bring one. `at` is machine time. Pure."""
    access, newest, life = (document.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    kept = used and newest in (None, "")
    if not _is_token(access) or not (kept or _is_token(newest)):
        return NoToken(ConnectionReason.TARGET_DOWN, "TOKEN_UNREADABLE")
    return msgspec.structs.replace(
        secrets,
        access_token=access,
        refresh_token=used if kept else newest,
        earlier_refresh_token=used or None,
        renew_at=at + timedelta(seconds=_seconds(life, 3600) * RENEW_AT_SHARE),
        refresh_until=at + timedelta(seconds=_seconds(document.get("x_refresh_token_expires_in"), REFRESH_LIFE_S)),
    )


def _seconds(value: object, usual: int) -> int:
    return int(value) if isinstance(value, int | str) and _LIFE.fullmatch(str(value)) else usual


def refused_tokens(status: int, document: Any) -> NoToken:
    """Why the token endpoint gave none. Pure."""
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, str) and error in _REFUSALS:
        return NoToken(ConnectionReason.NEEDS_RECONNECT, error.upper())
    if status == 429:
        return NoToken(ConnectionReason.THROTTLED, "TOKEN_429")
    return NoToken(ConnectionReason.TARGET_DOWN, f"TOKEN_HTTP_{status}")

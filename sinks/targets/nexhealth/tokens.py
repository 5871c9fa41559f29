"""The token of an API key: one for all connections of a process, renewed ahead of its end, once for everybody."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.targets.foreign_values import bounded_seconds, parsed_json
from sinks.targets.http_call import HttpAnswer, HttpCaller, HttpOutcome, NotSent
from sinks.targets.nexhealth.mapping import NexHealthKeys

VERSION: Final = {"Nex-Api-Version": "v3.0.0"}
"""Asked for on every request."""
DEADLINE_S: Final = 10.0
RENEW_AT_SHARE: Final = 0.9
"""Of its life, after which a token is renewed before use rather than after a refusal."""
DEFAULT_LIFE_S: Final = 3_600.0
LONGEST_LIFE_S: Final = 86_400.0
"""The lives that the page gives: one hour, 24 on the service's sandbox."""
LATEST_S: Final = 2.0**40
"""Seconds since 1970 that a token's own clock can have."""

_TOKEN: Final = re.compile(r"[!-~]{1,8192}")


class Token(msgspec.Struct, frozen=True):
    """A token, and the number of its renewal in this process."""

    access: str
    number: int

    def __repr__(self) -> str:
        return f"Token(number={self.number})"


class NoToken(msgspec.Struct, frozen=True):
    """There is none now; `reason` closes the connection."""

    reason: ConnectionReason
    code: str


class TokenKeeper:
    """The token of one key at one address, used by one event loop."""

    def __init__(self, base_url: str, keys: NexHealthKeys, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = f"{base_url}/authenticates"
        self._key = keys.api_key
        self._monotonic = monotonic
        self._flight = asyncio.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._number = 0

    async def current(self, http: HttpCaller, deadline_s: float) -> Token | NoToken:
        """A token that should still be taken; asks for one when that is due, and only once at a time."""
        async with self._flight:
            if self._token is not None and self._monotonic() < self._renew_at:
                return self._token
            return await self._asked(http, deadline_s)

    async def after_refusal(self, refused: Token, http: HttpCaller, deadline_s: float) -> Token | NoToken:
        """A token other than the refused one: another call's, or a new one."""
        async with self._flight:
            if self._token is not None and self._token.number != refused.number:
                return self._token
            self._token = None
            return await self._asked(http, deadline_s)

    async def _asked(self, http: HttpCaller, deadline_s: float) -> Token | NoToken:
        if deadline_s <= 0:
            return NoToken(ConnectionReason.UNREACHABLE, "TOKEN_DEADLINE")
        asked_at = self._monotonic()
        outcome = await http.call(
            "POST",
            self._url,
            deadline_s=min(deadline_s, DEADLINE_S),
            headers={
                **VERSION,
                "Authorization": self._key,
                # The one operation that still answers in the form of version 2 (README section 1).
                "Accept": "application/vnd.Nexhealth+json;version=2",
            },
        )
        found = _taken(outcome)
        if isinstance(found, NoToken):
            return found
        self._number += 1
        self._token = Token(found, self._number)
        self._renew_at = asked_at + RENEW_AT_SHARE * life_s(found)
        return self._token


_KEEPERS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[str, TokenKeeper]]] = (
    WeakKeyDictionary()
)
"""Of this process: connections with one key share its token for as long as one of them is open."""


def keeper_for(base_url: str, keys: NexHealthKeys) -> TokenKeeper:
    """The keeper of a key in the running loop; whoever holds it keeps it."""
    of_loop = _KEEPERS.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    name = hashlib.sha256(f"{base_url}\0{keys.api_key}".encode()).hexdigest()
    keeper = of_loop.get(name)
    if keeper is None:
        keeper = of_loop[name] = TokenKeeper(base_url, keys)
    return keeper


def life_s(token: str) -> float:
    """How long a token lives by its own words, which need no clock of ours; else the shorter of the documented lives.
    Pure, never raises."""
    claims = _claims(token)
    ends, made = bounded_seconds(claims.get("exp"), LATEST_S), bounded_seconds(claims.get("iat"), LATEST_S)
    if ends is not None and made is not None and 0 < ends - made <= LONGEST_LIFE_S:
        return ends - made
    return DEFAULT_LIFE_S


def _claims(token: str) -> dict[str, Any]:
    """The middle part of a JWT, unverified: it is only believed about when to ask again."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = parsed_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _taken(outcome: HttpOutcome) -> str | NoToken:
    if isinstance(outcome, NotSent):
        return NoToken(ConnectionReason.UNREACHABLE, f"TOKEN_{outcome.code}")
    if not isinstance(outcome, HttpAnswer):
        return NoToken(ConnectionReason.TARGET_DOWN, f"TOKEN_{outcome.code}")
    if outcome.status in (401, 403):
        return NoToken(ConnectionReason.NEEDS_RECONNECT, f"TOKEN_HTTP_{outcome.status}")
    if outcome.status == 429:
        return NoToken(ConnectionReason.THROTTLED, "TOKEN_429")
    document = parsed_json(outcome.body)
    data = document.get("data") if isinstance(document, dict) and document.get("code") is True else None
    token = data.get("token") if isinstance(data, dict) else None
    if outcome.status in (200, 201) and isinstance(token, str) and _TOKEN.fullmatch(token):
        return token
    return NoToken(ConnectionReason.TARGET_DOWN, f"TOKEN_HTTP_{outcome.status}")

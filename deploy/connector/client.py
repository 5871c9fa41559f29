"""A small signed client of the Connector API, for the conformance suite. It can also sign wrongly, on purpose."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from schemas.connector.problems import MEDIA_TYPE, PROBLEMS, TYPE_PREFIX
from schemas.connector.records import Problem, ProblemCode
from schemas.connector.signatures import Direction, SigningKey, sign, target_of

ANSWER_LIMIT: Final = 1024 * 1024
CALL_S: Final = 75.0
LIFE: Final = timedelta(seconds=75)

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """What came back; status 0: nothing did, `content_type` says why."""

    status: int
    content_type: str
    body: bytes

    def read(self, kind: type[T]) -> T | None:
        """The record, or None where the body is none."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None

    def is_problem(self, code: ProblemCode) -> bool:
        """Exactly this problem, as the contract's table has it."""
        found = self.read(Problem) if self.content_type == MEDIA_TYPE else None
        kind = PROBLEMS[code]
        return (
            found is not None
            and (found.code, found.type) == (code, TYPE_PREFIX + code.value)
            and (self.status, found.status) == (kind.status, kind.status)
            and found.refused_without_effect is kind.refused_without_effect
        )

    def said(self) -> str:
        """In a few words, without what it says about anybody."""
        found = self.read(Problem) if self.content_type == MEDIA_TYPE else None
        if self.status == 0:
            return f"no answer ({self.content_type})"
        return f"{self.status}" + ("" if found is None else f" {found.code.value}")


class ConnectorClient:
    """Calls one account of a connector. Use as an async context manager; one event loop."""

    def __init__(self, url: str, account: str, key: SigningKey) -> None:
        self.url = url.rstrip("/")
        self._base = f"/v1/accounts/{account}"
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ConnectorClient:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        record: Any = None,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        within_s: float = CALL_S,
    ) -> Answer:
        """One request, signed unless `headers` are given. Never raises for what network or connector do."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        content = body if body is not None else b"" if record is None else msgspec.json.encode(record)
        sent = dict(self.signed(method, path, content) if headers is None else headers)
        if content:
            sent["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method,
                self.url + self._base + path,
                data=content or None,
                headers=sent,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=within_s),
            ) as response:
                found = await response.content.read(ANSWER_LIMIT)
                while not response.content.at_eof() and len(found) < ANSWER_LIMIT:
                    found += await response.content.read(ANSWER_LIMIT)
                return Answer(response.status, response.content_type, found)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(0, type(error).__name__, b"")

    def signed(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        key: SigningKey | None = None,
        created: datetime | None = None,
        direction: Direction = Direction.TO_CONNECTOR,
    ) -> dict[str, str]:
        """The headers of a request, now or as of another time."""
        return sign(
            method,
            target_of(self.url + self._base + path),
            body,
            key=key or self._key,
            direction=direction,
            nonce=secrets.token_urlsafe(18),
            created=created or datetime.now(UTC),
            life=LIFE,
        )

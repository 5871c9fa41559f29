"""Calls to one location of the service, with a token that is renewed ahead of time, and once where it was refused."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.targets.http_call import HttpAnswer, HttpCaller, HttpOutcome, NotSent
from sinks.targets.nexhealth import answers
from sinks.targets.nexhealth.answers import Document, TokenRefused
from sinks.targets.nexhealth.mapping import NexHealthKeys, NexHealthMapping
from sinks.targets.nexhealth.request_text import scope_of
from sinks.targets.nexhealth.tokens import VERSION, NoToken, Token, TokenKeeper, keeper_for
from sinks.targets.pacing import Pacer
from sinks.targets.port import ReadFailed, Scope, StartGuard

PAGE: Final = 1_000
"""Rows of a page: the most that the service gives; it gives 5 to whoever does not ask."""
MOST_PAGES: Final = 50
READ_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of all pages of one list; years of a family's ledger are far below."""

Row = dict[str, Any]
Query = dict[str, str]


class Sent(msgspec.Struct, frozen=True):
    """What came of a call, and the token it was made with."""

    outcome: HttpOutcome
    token: Token


class Page(msgspec.Struct, frozen=True):
    """A page of a list."""

    rows: list[Row]
    following: str | None
    """The cursor of the page after it; None: this was the last."""


class LocationClient:
    """One location behind one base URL; `ends_at` is the event loop's time by which a read has ended. Never raises for
    what the service or the network does."""

    def __init__(
        self, base_url: str, http: HttpCaller, keys: NexHealthKeys, mapping: NexHealthMapping, pacer: Pacer
    ) -> None:
        self._base = base_url.rstrip("/")
        self._http = http
        self._keys = keys
        self._scope = scope_of(mapping)
        self._pacer = pacer
        self._keeper: TokenKeeper | None = None
        self._renewed_for_refusal: int | None = None

    async def send(self, path: str, body: bytes, ends_at: float, guard: StartGuard) -> Sent | NoToken:
        """One POST, never repeated here (law 18)."""
        token = await self.token(ends_at)
        if isinstance(token, NoToken):
            return token
        self._pacer.started()
        return Sent(await self._call("POST", path, token, _left(ends_at), body=body, guard=guard), token)

    async def read(self, path: str, query: Query, ends_at: float) -> Document | ReadFailed:
        """A GET's document. A refused token is renewed and the read repeated once, within the deadline."""
        target = f"{path}?{urlencode(self._scope | query)}"
        token = await self.token(ends_at)
        for _ in range(2):
            if isinstance(token, NoToken):
                return ReadFailed(scope=Scope.CONNECTION, reason=token.reason, code=token.code)
            if not await self._pacer.turn(_left(ends_at)):
                return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code="DEADLINE")
            found = answers.classify_read(await self._call("GET", target, token, _left(ends_at)))
            if not isinstance(found, TokenRefused):
                return found
            token = await self.renew(token, ends_at)
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.NEEDS_RECONNECT, code="HTTP_401")

    async def record(self, path: str, ends_at: float) -> Row | ReadFailed:
        """One record by its number."""
        document = await self.read(path, {}, ends_at)
        if isinstance(document, ReadFailed):
            return document
        data = document.get("data")
        return data if isinstance(data, dict) else answers.unreadable("UNREADABLE_200")

    async def rows(self, path: str, query: Query, ends_at: float) -> list[Row] | ReadFailed:
        """All rows of a list, to its last page; a part is none."""
        found: list[Row] = []
        cursor, size = "", 0
        for _ in range(MOST_PAGES):
            page = await self.page(path, query, cursor, ends_at)
            if isinstance(page, ReadFailed):
                return page
            found += page.rows
            size += len(msgspec.json.encode(page.rows))
            if size > READ_LIMIT or len(found) > MOST_PAGES * PAGE:
                return answers.unreadable("LIST_TOO_LARGE")
            if page.following is None:
                return found
            cursor = page.following
        return answers.unreadable("LIST_WITHOUT_END")

    async def page(self, path: str, query: Query, cursor: str, ends_at: float) -> Page | ReadFailed:
        """One page of a list, after `cursor`; empty: the first."""
        asked: Query = query | {"per_page": str(PAGE)} | ({"end_cursor": cursor} if cursor else {})
        document = await self.read(path, asked, ends_at)
        if isinstance(document, ReadFailed):
            return document
        rows, following = _page_of(document)
        if rows is None:
            return answers.unreadable("UNREADABLE_200")
        if following is not None and (not following or following == cursor):
            return answers.unreadable("LIST_WITHOUT_END")
        return Page(rows, following)

    async def token(self, ends_at: float) -> Token | NoToken:
        """The token that the next call would be made with."""
        if self._keeper is None:
            self._keeper = keeper_for(self._base, self._keys)
        return await self._keeper.current(self._http, _left(ends_at))

    async def renew(self, refused: Token, ends_at: float) -> Token | NoToken:
        """Another token after a refusal. One that was itself made for a refusal means that a person must act."""
        if self._keeper is None or refused.number == self._renewed_for_refusal:
            return NoToken(ConnectionReason.NEEDS_RECONNECT, "HTTP_401")
        token = await self._keeper.after_refusal(refused, self._http, _left(ends_at))
        if isinstance(token, Token):
            self._renewed_for_refusal = token.number
        return token

    async def close(self) -> None:
        await self._http.close()

    async def _call(
        self,
        method: str,
        target: str,
        token: Token,
        deadline_s: float,
        body: bytes | None = None,
        guard: StartGuard | None = None,
    ) -> HttpOutcome:
        if deadline_s <= 0:
            return NotSent("DEADLINE")
        headers = {**VERSION, "Authorization": f"Bearer {token.access}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        outcome = await self._http.call(
            method, self._base + target, deadline_s=deadline_s, body=body, guard=guard, headers=headers
        )
        accepted = isinstance(outcome, HttpAnswer) and outcome.status < 400
        if accepted and self._renewed_for_refusal == token.number:
            self._renewed_for_refusal = None
        return outcome


def _left(ends_at: float) -> float:
    return ends_at - asyncio.get_running_loop().time()


def _page_of(document: Document) -> tuple[list[Row] | None, str | None]:
    """Rows and the cursor of the next page: None after the last one, empty where it is not to be read."""
    data, page = document.get("data"), document.get("page_info")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        return None, None
    if not isinstance(page, dict) or page.get("has_next_page") is not True:
        return data, None
    following = page.get("end_cursor")
    return data, following if isinstance(following, str) and len(following) <= 1_000 else ""

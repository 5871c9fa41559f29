"""Calls to one company with a token that is renewed ahead of time, and once where it was refused."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from schemas.vocabulary import ConnectionReason
from sinks.targets.http_call import GIVEN_UP, HttpAnswer, HttpCaller, HttpOutcome, Lost, NotSent
from sinks.targets.pacing import Pacer
from sinks.targets.port import NoAnswer, ReadFailed, Refused, Scope, StartGuard
from sinks.targets.quickbooks.answers import TokenRefused, judge_error
from sinks.targets.quickbooks.faults import parse_json
from sinks.targets.quickbooks.tokens import NoToken, Token, TokenKeeper

HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/json"}
"""Without Accept the answer is XML (README section 8)."""


class Sent(msgspec.Struct, frozen=True):
    """What came of a call, and the token it was made with."""

    outcome: HttpOutcome
    token: Token


class CompanyClient:
    """One company behind one base URL. Never raises for what QuickBooks, the network or the ledger does."""

    def __init__(self, base_url: str, http: HttpCaller, tokens: TokenKeeper, pacer: Pacer) -> None:
        self._base = base_url.rstrip("/")
        self._http = http
        self._tokens = tokens
        self._pacer = pacer
        self._renewed_for_refusal: int | None = None

    async def send(self, path: str, body: bytes, deadline_s: float, guard: StartGuard) -> Sent | NoToken:
        """One POST, never repeated here (law 18)."""
        token = await self._tokens.current()
        if isinstance(token, NoToken):
            return token
        self._pacer.started()
        outcome = await self._call("POST", path, token, deadline_s, body=body, guard=guard)
        return Sent(outcome, token)

    async def upload(self, path: str, body: bytes, content_type: str, deadline_s: float) -> Sent | NoToken:
        """One POST of a file, at the company's pace, never repeated here. A file is no entry: there is no mark."""
        token = await self._tokens.current()
        if isinstance(token, NoToken):
            return token
        ends_at = asyncio.get_running_loop().time() + deadline_s
        if not await self._pacer.turn(deadline_s):
            return Sent(NotSent("DEADLINE"), token)
        left_s = ends_at - asyncio.get_running_loop().time()
        return Sent(await self._call("POST", path, token, left_s, body=body, content_type=content_type), token)

    async def read(self, path: str, deadline_s: float) -> dict[str, Any] | ReadFailed:
        """A GET's JSON object. A refused token is renewed and the read repeated once, within the deadline."""
        ends_at = asyncio.get_running_loop().time() + deadline_s
        token = await self._tokens.current()
        for _ in range(2):
            if isinstance(token, NoToken):
                return ReadFailed(scope=Scope.CONNECTION, reason=token.reason, code=token.code)
            if not await self._pacer.turn(ends_at - asyncio.get_running_loop().time()):
                return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.UNREACHABLE, code="DEADLINE")
            left_s = ends_at - asyncio.get_running_loop().time()
            outcome = await self._call("GET", path, token, left_s)
            found = _read(outcome)
            if not isinstance(found, TokenRefused):
                return found
            token = await self.renew(token)
        return ReadFailed(scope=Scope.CONNECTION, reason=ConnectionReason.NEEDS_RECONNECT, code="401")

    async def token(self) -> Token | NoToken:
        """The token that the next call would be made with."""
        return await self._tokens.current()

    async def renew(self, refused: Token) -> Token | NoToken:
        """Another token after a refusal. One that was itself made for a refusal means that a person must reconnect."""
        if refused.version == self._renewed_for_refusal:
            return NoToken(ConnectionReason.NEEDS_RECONNECT, "401")
        token = await self._tokens.after_refusal(refused)
        if isinstance(token, Token):
            self._renewed_for_refusal = token.version
        return token

    async def close(self) -> None:
        await self._http.close()

    async def _call(
        self,
        method: str,
        path: str,
        token: Token,
        deadline_s: float,
        body: bytes | None = None,
        guard: StartGuard | None = None,
        content_type: str | None = None,
    ) -> HttpOutcome:
        if deadline_s <= 0:
            return NotSent("DEADLINE")
        outcome = await self._http.call(
            method,
            self._base + path,
            deadline_s=deadline_s,
            body=body,
            guard=guard,
            headers={
                **HEADERS,
                **({} if content_type is None else {"Content-Type": content_type}),
                "Authorization": f"Bearer {token.access}",
            },
        )
        if isinstance(outcome, HttpAnswer) and outcome.status < 400 and self._renewed_for_refusal == token.version:
            self._renewed_for_refusal = None
        return outcome


def _read(outcome: HttpOutcome) -> dict[str, Any] | ReadFailed | TokenRefused:
    if isinstance(outcome, Lost) and outcome.code in GIVEN_UP:
        return ReadFailed(scope=Scope.EFFECT, reason=None, code=outcome.code)
    if not isinstance(outcome, HttpAnswer):
        sent = not isinstance(outcome, NotSent)
        reason = ConnectionReason.TARGET_DOWN if sent else ConnectionReason.UNREACHABLE
        return ReadFailed(scope=Scope.CONNECTION, reason=reason, code=outcome.code)
    problem = judge_error(outcome.status, outcome.body, outcome.retry_after_s, outcome.request_id)
    if isinstance(problem, TokenRefused):
        return problem
    if isinstance(problem, Refused):
        connection = isinstance(problem.reason, ConnectionReason)
        return ReadFailed(
            scope=Scope.CONNECTION if connection else Scope.EFFECT,
            reason=problem.reason if isinstance(problem.reason, ConnectionReason) else None,
            code=problem.code,
            retry_after_s=problem.retry_after_s,
        )
    if isinstance(problem, NoAnswer):
        # A read has no effect to doubt: whoever answers 403 does not let us in, whatever else is unknown is repeated.
        barred = outcome.status == 403
        reason = ConnectionReason.WRONG_COMPANY if barred else ConnectionReason.TARGET_DOWN
        return ReadFailed(scope=Scope.CONNECTION, reason=reason, code=problem.code)
    document = parse_json(outcome.body)
    if not isinstance(document, dict):
        return ReadFailed(scope=Scope.EFFECT, reason=None, code="UNREADABLE_200")
    return document

"""The listener of outcome messages: bounded, and with nothing to learn from its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import psycopg
import pytest
from aiohttp.test_utils import TestClient, TestServer

from sinks.poster.outcome_messages import LARGEST_BODY, Heard, OutcomeMessages
from sinks.poster.webhook_server import application


class _Told:
    """What was heard, and what is said to it."""

    def __init__(self, answer: Heard | Exception) -> None:
        self.answer = answer
        self.heard: list[tuple[str, dict[str, str], bytes]] = []

    def hear(self, practice_id: str, headers: Mapping[str, str], body: bytes) -> Heard:
        self.heard.append((practice_id, dict(headers), body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def _asked(told: _Told, method: str = "POST", path: str = "/webhooks/larkspur", body: bytes = b"{}") -> int:
    app = application(cast("OutcomeMessages", told))
    async with TestClient(TestServer(app)) as client:
        answer = await client.request(method, path, data=body, headers={"Signature": "s", "TIMESTAMP": "t"})
        assert await answer.read() in (b"", b"404: Not Found", b"405: Method Not Allowed") or answer.status == 413
        return answer.status


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Heard.WOKEN, 204),
        (Heard.NOTHING, 204),
        (Heard.REFUSED, 401),
        (psycopg.OperationalError("away"), 503),
    ],
)
async def test_what_is_answered(answer: Any, status: int) -> None:
    """A sender repeats what the ledger could not look at; everything else it learns is whether it signed."""
    told = _Told(answer)
    assert await _asked(told) == status
    practice, headers, body = told.heard[0]
    assert (practice, headers["signature"], headers["timestamp"], body) == ("larkspur", "s", "t", b"{}")


async def test_a_body_without_bounds_is_never_looked_at() -> None:
    """Law 29."""
    told = _Told(Heard.WOKEN)
    assert await _asked(told, body=b"x" * (LARGEST_BODY + 1)) == 413
    assert told.heard == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/webhooks/larkspur"), ("POST", "/"), ("POST", "/webhooks/a/b")])
async def test_nothing_else_is_served(method: str, path: str) -> None:
    told = _Told(Heard.WOKEN)
    assert await _asked(told, method, path) in (404, 405)
    assert told.heard == []

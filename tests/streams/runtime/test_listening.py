"""A role that others call: ready with its ledger, answering while that is away, ended in order."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import psycopg
import pytest
from aiohttp import web

from deploy.local.ports import LOOPBACK, free_ports
from streams.runtime import listening, role_loop
from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError, Role
from streams.runtime.listening import Address, listen
from tests.scenarios.waiting import WITHIN_S


class Ledger:
    """Answers, or is away."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def check(self) -> None:
        self.asked += 1
        if self.away:
            raise psycopg.OperationalError("away")


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def _application() -> web.Application:
    app = web.Application()
    app.router.add_get("/", _hello)
    return app


async def _until_ready(health: Health, ready: bool) -> None:
    async with asyncio.timeout(WITHIN_S):
        while health.is_ready()[0] is not ready:  # noqa: ASYNC110 - what it waits for says nothing when it changes
            await asyncio.sleep(0.01)


async def test_readiness_is_the_ledgers_and_requests_are_answered_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """PROTOCOL section 5: an outage is waited out; the stop ends it with code 0, and the port is free again."""
    monkeypatch.setattr(listening, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(role_loop, "PAUSE_S", 0.01)
    (port,) = free_ports(1)
    ledger, health, stopping = Ledger(), Health(), asyncio.Event()
    address = Address(host=LOOPBACK, port=port, setting="WRITEBACK_AGENTS_PORT")
    role = asyncio.create_task(
        listen(Role.AGENTS, _application(), address, ledger.check, stopping=stopping, health=health, ending_s=1.0)
    )
    async with aiohttp.ClientSession() as session:
        for away in (False, True, False):
            ledger.away = away
            await _until_ready(health, not away)
            async with session.get(f"http://{LOOPBACK}:{port}/") as answer:
                assert await answer.text() == "hello"
    stopping.set()
    assert await role == 0
    assert health.is_ready() == (False, "stopped")
    assert ledger.asked > 3
    with socket.create_server((LOOPBACK, port)):
        pass


async def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    """Exit code 2: a restart does not help."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        address = Address(host=LOOPBACK, port=taken.getsockname()[1], setting="WRITEBACK_WEBHOOKS_PORT")
        with pytest.raises(ConfigurationError, match="WRITEBACK_WEBHOOKS_PORT"):
            await listen(
                Role.WEBHOOKS,
                _application(),
                address,
                Ledger().check,
                stopping=asyncio.Event(),
                health=Health(),
                ending_s=1.0,
            )

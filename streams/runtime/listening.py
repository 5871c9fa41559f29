"""A role that others call over HTTP: it listens at a fixed address while its ledger answers, and ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError, Role
from streams.runtime.logging import log
from streams.runtime.metrics import REQUEST_SECONDS, REQUESTS
from streams.runtime.role_loop import run_loop_async

LOOK_EVERY_S: Final = 2.0
"""Between two looks whether the ledger answers."""

_LOG: Final = log(__name__)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a role listens. `setting`: the variable that chooses another port."""

    host: str
    port: int
    """0: any free port, logged at start."""
    setting: str


class _Watch:
    """The work of such a role between requests: readiness is what its ledger says."""

    def __init__(self, check: Callable[[], Awaitable[None]], health: Health, stopping: asyncio.Event) -> None:
        self._check = check
        self._health = health
        self._stopping = stopping

    async def iterate(self) -> None:
        await self._check()
        self._health.ready(True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY_S)

    async def disconnect(self) -> None:
        """Nothing is held between two looks."""


def _counting(role: Role) -> Middleware:
    """Counts requests and their seconds. What is no answer of the application's (a client that went away) is not."""
    seconds = REQUEST_SECONDS.labels(role.value)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        try:
            answer = await handler(request)
            status = answer.status
            return answer
        except web.HTTPException as error:
            status = error.status
            raise
        except asyncio.CancelledError:
            status = 0
            raise
        finally:
            if status:
                REQUESTS.labels(role.value, f"{status // 100}xx").inc()
                seconds.observe(time.monotonic() - began)

    return count


async def listen(
    role: Role,
    application: web.Application,
    address: Address,
    check: Callable[[], Awaitable[None]],
    *,
    stopping: asyncio.Event,
    health: Health,
    ending_s: float,
) -> int:
    """Serve until `stopping`; returns the exit code 0. `check` raises what the ledger's client raises while it is away:
    requests are answered meanwhile, and the role is not ready. `ending_s`: for requests under way at the end.

    Raises ConfigurationError where the port cannot be used, and after an outage what it ended in.
    """
    application.middlewares.append(_counting(role))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=ending_s)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address.host, address.port).start()
        except OSError as error:
            raise ConfigurationError(
                f"port {address.port} on {address.host} cannot be used ({error.strerror}): choose another with "
                f"{address.setting} or --port; 0 takes a free one"
            ) from None
        host, port = runner.addresses[-1][:2]
        _LOG.info("listening", url=f"http://{host}:{port}")
        return await run_loop_async(role, _Watch(check, health, stopping), stopping, health)
    finally:
        await runner.cleanup()

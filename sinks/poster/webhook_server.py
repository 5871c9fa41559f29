"""The HTTP listener of outcome messages: bounded, behind a proxy that speaks TLS, and with nothing to learn from it."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import psycopg
from aiohttp import web

from sinks.poster.outcome_messages import LARGEST_BODY, Heard, OutcomeMessages
from streams.runtime.logging import log
from streams.settings import ProgramSettings

AT_ONCE: Final = 8
"""Messages that are looked at at the same time; each is a connection to the ledger."""
WITHIN_S: Final = 20.0
"""A message that has not come whole or could not be looked at by then is given up; its sender repeats it."""

_STATUS: Final = {Heard.WOKEN: 204, Heard.NOTHING: 204, Heard.REFUSED: 401}
_LOG: Final = log(__name__)


def application(messages: OutcomeMessages) -> web.Application:
    """`POST /webhooks/{practice}`: 204 for an authentic message, 401 for every other, 503 while the ledger is away.
    Whether a practice exists cannot be told from it."""
    places = asyncio.Semaphore(AT_ONCE)

    async def hear(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(WITHIN_S):
                body = await request.read()
                headers = {name.lower(): value for name, value in request.headers.items()}
                async with places:
                    heard = await asyncio.to_thread(messages.hear, request.match_info["practice"], headers, body)
        except (psycopg.Error, TimeoutError) as error:
            _LOG.warning("a message about an outcome could not be looked at", error=type(error).__name__)
            return web.Response(status=503)
        return web.Response(status=_STATUS[heard])

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_post("/webhooks/{practice}", hear)
    return app


def listen(settings: ProgramSettings, host: str, port: int) -> None:
    """Blocks until a signal. Raises OSError where the port cannot be used."""

    async def run() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await serve(OutcomeMessages(settings), host, port, stopped)

    asyncio.run(run())


async def serve(messages: OutcomeMessages, host: str, port: int, stopped: asyncio.Event) -> None:
    """Listen until `stopped`. Raises OSError where the port cannot be used."""
    runner = web.AppRunner(application(messages), access_log=None, shutdown_timeout=WITHIN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        _LOG.info("listening for messages about outcomes", url=f"http://{host}:{port}/webhooks")
        await stopped.wait()
    finally:
        await runner.cleanup()

"""The WEBHOOKS role: the listener of outcome messages, bounded, behind a proxy that speaks TLS, and with nothing to
learn from it."""

from __future__ import annotations

import asyncio
from typing import Final

import psycopg
from aiohttp import web

from sinks.ledger.schema.database import connect
from sinks.ledger.schema.version import require_schema
from sinks.poster.outcome_messages import LARGEST_BODY, Heard, OutcomeMessages
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.listening import Address, listen
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


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Listen until stopped; returns the exit code 0. Blocks. Raises ConfigurationError where the schema does not fit or
    the port is taken."""
    with connect(settings.database_url, "webhooks-start") as connection:
        require_schema(connection)
    return asyncio.run(_listen(settings, stop, health))


async def _listen(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    stopping = stop.watch()
    messages = OutcomeMessages(settings)
    address = Address(host=settings.webhooks_host, port=settings.webhooks_port, setting="WRITEBACK_WEBHOOKS_PORT")

    async def ledger_answers() -> None:
        await asyncio.to_thread(messages.reach_ledger)

    return await listen(
        Role.WEBHOOKS,
        application(messages),
        address,
        ledger_answers,
        stopping=stopping,
        health=health,
        ending_s=WITHIN_S,
    )

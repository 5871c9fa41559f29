"""The process behind `writeback connector serve`: the agents' endpoint over a pool of the ledger's connections."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, Final

from aiohttp import web
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from sinks.ledger.schema.database import connect, connection_options
from sinks.ledger.schema.version import require_schema
from sinks.targets.connector.agent_endpoint import AgentEndpoint
from sinks.targets.credentials import KeyRing
from streams.runtime.logging import log
from streams.runtime.loopback import require_loopback
from streams.settings import ProgramSettings

POOL_SIZE: Final = 8
"""Statements at once; thousands of agents that wait hold none."""
_LOG: Final = log(__name__)


def agent_pool(database_url: str) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """Connections for the endpoint; to be opened inside its event loop."""
    options: dict[str, Any] = connection_options("connector")
    return AsyncConnectionPool(
        database_url, connection_class=AsyncConnection[Any], kwargs=options, min_size=1, max_size=POOL_SIZE, open=False
    )


async def serve(settings: ProgramSettings, host: str, port: int, listening: Any = None) -> None:
    """Until SIGINT or SIGTERM. Behind a proxy that speaks TLS; `listening` is called with the address.

    Raises ConfigurationError where the schema does not fit, or a rehearsal switch is on beyond loopback; OSError where
    the port is taken.
    """
    require_loopback(settings.unsafe_switches(), [f"http://{host}:{port}"])
    with connect(settings.database_url, "connector-start") as connection:
        require_schema(connection)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with agent_pool(settings.database_url) as pool:
        endpoint = AgentEndpoint(pool.connection, settings.database_url, KeyRing.of(settings))
        runner = web.AppRunner(endpoint.application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            address = runner.addresses[-1]
            _LOG.info("agents are served", host=address[0], port=address[1])
            if listening is not None:
                listening(f"http://{address[0]}:{address[1]}")
            await stopped.wait()
        finally:
            await runner.cleanup()

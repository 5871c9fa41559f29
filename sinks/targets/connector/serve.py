"""The AGENTS role (`writeback connector serve`): the agents' endpoint over a pool of the ledger's connections."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from sinks.ledger.schema.database import connect, connection_options
from sinks.ledger.schema.version import require_schema
from sinks.targets.connector.agent_endpoint import AgentEndpoint
from sinks.targets.credentials import KeyRing
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.listening import Address, listen
from streams.runtime.loopback import require_loopback
from streams.settings import ProgramSettings

POOL_SIZE: Final = 8
"""Statements at once; thousands of agents that wait hold none."""
POOL_WAIT_S: Final = 5.0
"""For a connection, when it is looked whether the ledger answers."""
ENDING_S: Final = 1.0
"""A poll that brought nothing may be cut off: its agent polls again."""


def agent_pool(database_url: str) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """Connections for the endpoint; to be opened inside its event loop."""
    options: dict[str, Any] = connection_options("connector")
    return AsyncConnectionPool(
        database_url, connection_class=AsyncConnection[Any], kwargs=options, min_size=1, max_size=POOL_SIZE, open=False
    )


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Serve agents until stopped; returns the exit code 0. Blocks. Behind a proxy that speaks TLS.

    Raises ConfigurationError where the schema does not fit, a rehearsal switch is on beyond loopback, or the port is
    taken.
    """
    require_loopback(settings.unsafe_switches(), [f"http://{settings.agents_host}:{settings.agents_port}"])
    with connect(settings.database_url, "connector-start") as connection:
        require_schema(connection)
    return asyncio.run(_serve(settings, stop, health))


async def _serve(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    stopping = stop.watch()
    address = Address(host=settings.agents_host, port=settings.agents_port, setting="WRITEBACK_AGENTS_PORT")
    async with agent_pool(settings.database_url) as pool:
        endpoint = AgentEndpoint(pool.connection, settings.database_url, KeyRing.of(settings))

        async def ledger_answers() -> None:
            async with pool.connection(POOL_WAIT_S) as connection:
                await pool.check_connection(connection)

        return await listen(
            Role.AGENTS,
            endpoint.application(),
            address,
            ledger_answers,
            stopping=stopping,
            health=health,
            ending_s=ENDING_S,
        )

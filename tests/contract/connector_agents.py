"""The agents' endpoint and an agent for each case, on an event loop of their own thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
from aiohttp import web
from psycopg.types.json import Jsonb

from deploy.connector.agent import Agent, over_http
from schemas.connector.signatures import KeyPair
from sinks.ledger.schema.database import connection_options
from sinks.targets.connector.agent_endpoint import AgentEndpoint
from sinks.targets.connector.agent_exchange import AgentExchange
from sinks.targets.connector.mapping import ConnectorMapping, dump_mapping
from sinks.targets.connector.serve import agent_pool
from sinks.targets.credentials import KeyRing

T = TypeVar("T")
RING = KeyRing(b"k" * 32)
CONNECTION = "connector"


class AgentsRoom:
    """`writeback connector serve` and agents, beside the test's own loop."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._agents: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._pool: Any = None

    def start(self) -> None:
        self._thread.start()
        self.run(self._serve())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _serve(self) -> None:
        self._pool = agent_pool(self.database_url)
        await self._pool.open()
        endpoint = AgentEndpoint(self._pool.connection, self.database_url, RING)
        self._runner = web.AppRunner(endpoint.application(), shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[-1][1]}"

    def connect(self, practice: str, mapping: ConnectorMapping, keys: KeyPair) -> None:
        """A practice whose PMS is reached by its agent."""
        sealed = RING.seal(practice, CONNECTION, msgspec.json.encode(keys))
        with psycopg.connect(self.database_url) as connection:
            connection.execute("INSERT INTO practices (practice_id) VALUES (%s) ON CONFLICT DO NOTHING", (practice,))
            connection.execute(
                "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, "
                "account_fingerprint, config, secret, secret_version) "
                "VALUES (%s, %s, 'PMS', 'connector', '', %s, %s, %s, 1) "
                "ON CONFLICT (home_practice_id, connection_id) DO UPDATE SET secret = EXCLUDED.secret",
                (practice, CONNECTION, practice, Jsonb(dump_mapping(mapping)), sealed),
            )
            connection.execute(
                "INSERT INTO practice_connections (practice_id, target, home_practice_id, connection_id) "
                "VALUES (%s, 'PMS', %s, %s) ON CONFLICT DO NOTHING",
                (practice, practice, CONNECTION),
            )

    def start_agent(self, practice: str, keys: KeyPair, connector_url: str, workers: int = 6) -> None:
        agent = Agent(self.url, practice, keys.keys[0], over_http(connector_url), workers)

        async def begin() -> None:
            self._agents.append(asyncio.create_task(agent.run()))

        self.run(begin())

    def stop_agents(self) -> None:
        async def end() -> None:
            for task in self._agents:
                task.cancel()
            await asyncio.gather(*self._agents, return_exceptions=True)
            self._agents.clear()

        self.run(end())

    def exchange(self, practice: str, keys: KeyPair) -> AgentExchange:
        """As a poster would have it."""

        @asynccontextmanager
        async def lend() -> Any:
            options = connection_options("test-agent-exchange")
            async with await psycopg.AsyncConnection.connect(self.database_url, **options) as connection:
                yield connection

        return AgentExchange(practice, CONNECTION, keys, RING, lend, self.database_url)

    def stop(self) -> None:
        self.stop_agents()

        async def end() -> None:
            if self._runner is not None:
                await self._runner.cleanup()
            await self._pool.close()
            # Polls that were under way end with the loop; one that is only dropped is an error of whatever test comes.
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


_ROOMS: dict[str, AgentsRoom] = {}


def room_of(database_url: str) -> AgentsRoom:
    """One for all tests on this ledger; `close_rooms` ends it."""
    if database_url not in _ROOMS:
        _ROOMS[database_url] = AgentsRoom(database_url)
        _ROOMS[database_url].start()
    return _ROOMS[database_url]


def close_rooms() -> None:
    while _ROOMS:
        _ROOMS.popitem()[1].stop()

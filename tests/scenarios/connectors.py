"""Practices whose system is reached by a connector: by push, or through an agent that polls."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterable
from typing import Any

import msgspec

from deploy.connector.agent import Agent, over_http
from schemas.connector.records import Capabilities
from sinks.targets.connector.mapping import Mode, dump_mapping
from tests.contract.connector_case import DOCUMENT, keys, mapping
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.roles import Role
from tests.scenarios.waiting import WITHIN_S

KEYS = keys("k1")
SERVE = "connector serve"
ENTRIES = "*/entries"
"""The path of a create."""
PATIENTS = ("pt-1", "pt-2", "pt-3")


class ConnectorProcess:
    """`python -m deploy.connector …` as a partner starts it: a connector that is called, or an agent."""

    def __init__(self, pipeline: Pipeline, account: str, *options: str) -> None:
        number = len(pipeline.others)
        keys_file = pipeline.folder / f"keys-{number}.json"
        keys_file.write_bytes(msgspec.json.encode(KEYS))
        command = [sys.executable, "-m", "deploy.connector", "--account", account, "--keys", str(keys_file), *options]
        with (pipeline.folder / f"connector-{number}.log").open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        pipeline.others.append(self)

    def kill(self) -> None:
        """SIGKILL, whatever it is doing."""
        self._process.kill()
        self._process.wait(WITHIN_S)

    end = kill


class AgentsThread:
    """Agents of many practices on an event loop of one thread, each before the same connector."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def add(self, practice: str, connector_url: str, workers: int = 6) -> None:
        made = Agent(self._endpoint, practice, KEYS.keys[0], over_http(connector_url), workers)

        async def begin() -> None:
            self._tasks.append(asyncio.create_task(made.run()))

        asyncio.run_coroutine_threadsafe(begin(), self._loop).result(WITHIN_S)

    def end(self) -> None:
        """None of them polls afterwards. May be called twice."""
        if not self._thread.is_alive():
            return

        async def stop() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()


def over_connector(
    pipeline: Pipeline, name: str = "p1", mode: Mode = Mode.PUSH, *, patients: Iterable[str] = PATIENTS, **settings: Any
) -> str:
    """A practice with an account at the sandbox's connector. Answers its id."""
    refs = tuple(patients)
    pipeline.practice(name, pms=False, patients=refs, **settings)
    account, _ = pipeline.accounts[name]
    pipeline.sandbox.connector.open_account(account, KEYS)
    connect(pipeline, name, mode, pipeline.sandbox.address.connector)
    for number, ref in enumerate(refs, start=1):
        pipeline.sandbox.connector.add_patient(account, str(number), f"Sample Patient {number}")
        pipeline.link(name, ref, str(number))
    return name


def connect(pipeline: Pipeline, practice: str, mode: Mode, url: str, document: Capabilities | None = None) -> None:
    """What `target add` does, with the document that it would read."""
    account, _ = pipeline.accounts[practice]
    said = DOCUMENT if document is None else msgspec.to_builtins(document)
    config = dump_mapping(mapping(account, said, mode=mode.value))
    pipeline.connect(practice, "connector", url if mode is Mode.PUSH else "", config, msgspec.to_builtins(KEYS))


def agents_endpoint(pipeline: Pipeline, **settings: Any) -> Role:
    """`writeback connector serve`, at a free port."""
    return pipeline.start(SERVE, agents_port=0, **settings)


def agent(pipeline: Pipeline, practice: str, endpoint: Role) -> ConnectorProcess:
    """An agent of the practice's own network, before the connector that the sandbox runs."""
    account, _ = pipeline.accounts[practice]
    options = ("--agent", endpoint.address(), "--practice", practice, "--connector", pipeline.sandbox.address.connector)
    return ConnectorProcess(pipeline, account, *options)


def standing(pipeline: Pipeline, practice: str) -> list[int]:
    """What the connector's ledger holds, in the contract's sign, oldest first."""
    account, _ = pipeline.accounts[practice]
    return [each.amount.minor for each in pipeline.sandbox.connector.entries(account)]


def creates(pipeline: Pipeline, practice: str) -> list[str]:
    """The marker of every request to post that reached the connector."""
    account, _ = pipeline.accounts[practice]
    calls = pipeline.sandbox.connector.calls(account)
    return [call.marker for call in calls if call.method == "POST" and call.path.endswith("/entries")]

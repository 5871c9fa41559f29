"""One sandbox for the tests of this route, and a fresh location for each."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from deploy.sandbox.demonstration import nexhealth_keys, nexhealth_mapping
from deploy.sandbox.running import SandboxProcess, running_sandbox
from sinks.targets.nexhealth.adapter import NexHealthTarget
from sinks.targets.nexhealth.mapping import load_keys, load_mapping
from sinks.targets.port import Answer, Composed, TargetEntry
from tests.contract.test_port import Guard
from tests.sinks.targets.nexhealth.examples import an_entry

WITHIN_S = 30.0


class Location:
    """One location of the sandbox with a patient, and the adapters that are open on it."""

    def __init__(self, sandbox: SandboxProcess, **settings: Any) -> None:
        self.all = sandbox
        self.sandbox = sandbox.nexhealth
        self.key = f"key-{uuid.uuid4().hex[:12]}"
        self.sandbox.add_location(self.key, **settings)
        self.patient = int(self.sandbox.add_patient(self.key)["id"])
        self._open: list[NexHealthTarget] = []

    def target(self, system: str = "dentrix", **mapping: Any) -> NexHealthTarget:
        """Another adapter on this location, as another practice's connection with the same key would be."""
        made = NexHealthTarget(
            base_url=self.sandbox.url,
            mapping=load_mapping(nexhealth_mapping(self.all, self.key, system) | mapping),
            keys=load_keys(msgspec.json.encode(nexhealth_keys(self.all, self.key))),
        )
        self._open.append(made)
        return made

    def entry(self, *, beside: dict[str, Any] | None = None, **order: Any) -> TargetEntry:
        return an_entry(str(self.patient), beside={"earlier_markers": ()} | (beside or {}), **order)

    def requests(self, path: str, method: str = "GET") -> int:
        return sum((call.method, call.path) == (method, path) for call in self.sandbox.calls(self.key))

    def change(self, **settings: Any) -> None:
        self.sandbox.change_location(self.key, **settings)

    async def close(self) -> None:
        for target in self._open:
            await target.close()
        self.sandbox.clear_faults()


async def post(target: NexHealthTarget, entry: TargetEntry) -> Answer:
    """Composes and sends once."""
    request = target.compose(entry)
    assert isinstance(request, Composed), request
    return await target.post(entry, request, Guard(), WITHIN_S)


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as process:
        yield process


@pytest.fixture
async def location(sandbox: SandboxProcess) -> AsyncIterator[Location]:
    made = Location(sandbox)
    yield made
    await made.close()

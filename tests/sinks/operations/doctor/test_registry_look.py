"""The schema registry as doctor sees it: silent, without this release's schemas, or with others in their place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sinks.operations.doctor.facts import Looked, RegistrySeen
from sinks.operations.doctor.registry_look import look_at_registry
from streams.kafka.registered_subjects import register_all
from streams.kafka.schema_registry import SchemaRegistry
from streams.settings import ProgramSettings
from tests.registry_server import RegistryServer, registry_server
from tests.sinks.operations.doctor.test_certificates import NOW

RESULTS = "writeback-results.v1-writeback.results.v1.Result"


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def seen(url: str) -> RegistrySeen | None:
    looked = Looked()
    look_at_registry(ProgramSettings.load(schema_registry_url=url), looked)
    return looked.so_far(NOW)[0].registry


def test_what_is_not_registered_and_what_is_not_compatible(server: RegistryServer) -> None:
    assert seen("") is None
    nothing = seen(server.url)
    assert nothing is not None
    assert (nothing.silent, nothing.refused) == (None, ())
    assert any("PaymentSucceeded" in name for name in nothing.missing)
    assert any(name.endswith(".Result") for name in nothing.missing)
    assert not any("Writeback" in name.rpartition(".")[2] for name in nothing.missing), (
        "ours alone: never registered ids"
    )
    list(register_all(SchemaRegistry(server.url, ask_s=60), ""))
    assert seen(server.url) == RegistrySeen(None, (), ())
    name = next(each for each in server.subjects if each.endswith(".Result"))
    (*_, newest) = server.subjects[name]
    server.schemas[newest] = '{"type":"string"}'
    assert seen(server.url) == RegistrySeen(None, (name,), ())
    server.refusing.add(name)
    assert seen(server.url) == RegistrySeen(None, (), (name,))


def test_one_that_does_not_answer(server: RegistryServer) -> None:
    server.fault = "away"
    away = seen(server.url)
    assert away is not None
    assert "503" in (away.silent or "")

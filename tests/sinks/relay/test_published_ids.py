"""Under a schema registry: what upstreams read carries its ids, and waits for them; nothing else waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest

from schemas import compatibility
from schemas.codec import encode_refusal, encode_result, encode_warning
from schemas.topics import TopicName
from schemas.wire import header, schema_id_of
from sinks.relay.published_ids import PUBLIC
from streams.kafka.published_results import Wanted, published_results
from streams.kafka.registered_subjects import SubjectIds, register_all
from streams.kafka.schema_registry import SchemaRegistry
from streams.runtime.endpoints import Health
from tests.registry_server import RegistryServer, registry_server
from tests.scenarios.waiting import until
from tests.sinks.relay.conftest import Outbox, outbox_ids
from tests.sinks.relay.relays import relay_thread
from tests.streams.kafka.published import REFUSAL, RESULT, WARNING

pytestmark = pytest.mark.stack


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def register(server: RegistryServer, outbox: Outbox) -> None:
    list(register_all(SchemaRegistry(server.url, ask_s=60), outbox.world.prefix))


def as_a_foreign_client(server: RegistryServer, value: bytes) -> dict[str, Any]:
    """What a deserializer of the protocol does: the schema of the id in the header, by its own words, and the body."""
    schema = fastavro.parse_schema(json.loads(server.schemas[schema_id_of(value)]))
    found = fastavro.schemaless_reader(BytesIO(value[5:]), schema, None)
    assert isinstance(found, dict)
    return found


def test_a_client_of_the_registry_reads_every_type(outbox: Outbox, server: RegistryServer) -> None:
    """And so do we: `writeback results` and HEALTH ask the registry as any other."""
    register(server, outbox)
    for value in (encode_result(RESULT), encode_refusal(REFUSAL), encode_warning(WARNING)):
        outbox.put(value=value)
    foreign = outbox.put(value=b"\x00no value of ours")
    with relay_thread(outbox.world, schema_registry_url=server.url):
        outbox.wait_empty()
    by_id = dict(zip(outbox_ids(messages := outbox.records(TopicName.RESULTS)), messages, strict=True))
    assert by_id.pop(foreign).value() == b"\x00no value of ours"
    read = [as_a_foreign_client(server, bytes(each.value() or b"")) for each in by_id.values()]
    assert sorted(each["result_id"] for each in read) == [RESULT.result_id, REFUSAL.result_id, WARNING.result_id]
    settings = outbox.world.settings(schema_registry_url=server.url)
    ours = [each.result for each in published_results(settings, Wanted())]
    assert sorted(ours, key=lambda each: each.result_id) == [RESULT, REFUSAL, WARNING]
    assert list(published_results(outbox.world.settings(), Wanted())) == [], "released ids are not theirs"


@pytest.mark.expects_errors
@pytest.mark.parametrize("fault", ["away", "drips", None], ids=["away", "never-ending", "not-registered"])
def test_results_wait_for_their_ids_in_order_and_nothing_else_does(
    outbox: Outbox, server: RegistryServer, fault: str | None
) -> None:
    server.fault = fault
    waiting = []
    for number in range(3):
        value = encode_result(msgspec.structs.replace(RESULT, result_id=f"r-{number}"))
        waiting.append(outbox.put(value=value))
        outbox.put(TopicName.REDECISIONS, value=b"original")
    health = Health()
    with relay_thread(outbox.world, health, schema_registry_url=server.url):
        until(lambda: outbox.ids() == set(waiting), "all but the results are published")
        until(lambda: not health.is_ready()[0], "it is told")
        assert "results wait in the outbox" in health.is_ready()[1]
        later = outbox.put(TopicName.DEAD_LETTERS, value=b"\xff", part=1)
        until(lambda: later not in outbox.ids(), "dead letters go on")
        assert outbox.ids() == set(waiting)
        assert outbox.records(TopicName.RESULTS) == []
        server.fault = None
        register(server, outbox)
        outbox.wait_empty()
        until(lambda: health.is_ready()[0], "it is ready again")
    assert outbox_ids(outbox.records(TopicName.RESULTS)) == waiting


def test_a_version_of_an_earlier_release_keeps_its_own_schema(server: RegistryServer) -> None:
    """Rows that the release before left in the outbox: their bytes follow that version, not the newest."""
    registry = SchemaRegistry(server.url, ask_s=60)
    subjects = list(register_all(registry, ""))
    records = {record: [each for each in compatibility.released() if each.record == record] for record in ("Result",)}
    several = next((found for found in records.values() if len(found) > 1), None) or [
        each for each in compatibility.released() if each.record == "PaymentSucceeded"
    ]
    assert len(several) > 1
    topic = TopicName.RESULTS if several[0].record == "Result" else TopicName.PAYMENTS
    (ids,) = [each.ids for each in subjects if each.name.endswith(f".{several[0].record}")]
    writes = SubjectIds(registry, "")
    written = [writes.registered(topic, header(each.id) + b"body") for each in several]
    assert written == [header(each) + b"body" for each in ids]


def test_only_what_upstreams_read_is_public() -> None:
    assert PUBLIC == (TopicName.RESULTS,)

"""Senders whose schema ids come from a registry: posted as any other, and a registry that is away holds nothing up."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from schemas import compatibility
from schemas.codec import encode_event
from schemas.events import Event
from schemas.topics import STREAM_TOPICS, TopicName, physical
from schemas.wire import header, schema_id_of
from streams.kafka.producer import UPSTREAM_CONFIG, EventProducer
from streams.kafka.registered_subjects import register_all
from streams.kafka.schema_registry import SchemaRegistry
from tests.deploy.commands.console import writeback_json
from tests.registry_server import RegistryServer, registry_server
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline

pytestmark = pytest.mark.stack

APPLY = ("--yes", "--by", "Ada", "--why", "the registry answers again")
ROLES = ("rules", "intake", "poster", "relay")


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def send_under(pipeline: Pipeline, schema_id: int, event: Event) -> None:
    """As an upstream of another language writes it, whose client asked the registry for the id."""
    producer = Producer({"bootstrap.servers": pipeline.world.bootstrap, **UPSTREAM_CONFIG})
    topic = physical(pipeline.world.prefix, STREAM_TOPICS[event.stream])
    producer.produce(topic, header(schema_id) + encode_event(event)[5:], event.practice_id.encode())
    assert producer.flush(60) == 0


def result_values(pipeline: Pipeline) -> list[bytes]:
    pipeline.until(lambda: not pipeline.rows("SELECT FROM outbox LIMIT 1"), "all results are published")
    return [record.value or b"" for record in topics.read_all(pipeline.world, TopicName.RESULTS)]


def test_events_under_a_registrys_ids_are_posted_and_an_outage_costs_new_schemas_alone(
    pipeline: Pipeline, server: RegistryServer
) -> None:
    """The ledger keeps them under released ids, so that nothing behind RULES asks a registry. While it is away, what is
    known goes on, over a restart too; what is new is a dead letter with its reason, and is redriven afterwards."""
    practice = pipeline.practice()
    registry = SchemaRegistry(server.url, ask_s=60)
    subjects = list(register_all(registry, pipeline.world.prefix))
    pipeline.common["schema_registry_url"] = server.url
    pipeline.start(*ROLES)
    with EventProducer(
        {"bootstrap.servers": pipeline.world.bootstrap}, pipeline.world.prefix, registry=registry
    ) as producer:
        producer.send(payment(practice))
    pipeline.send(payment(practice))  # under released ids, as from before there was a registry
    pipeline.until_states(POSTED=4)
    (name,) = [each for each in subjects if each.name.endswith(".PaymentSucceeded")]
    newest = [each for each in compatibility.released() if each.record == "PaymentSucceeded"][-1]
    told = {json.loads(server.schemas[schema_id_of(each)])["name"] for each in result_values(pipeline)}
    assert told == {"Result"}, "what upstreams read has ids that their client of the registry asks it for"
    kept = pipeline.rows("SELECT DISTINCT substring(original FOR 5) AS head FROM bodies")
    assert [row["head"] for row in kept] == [header(newest.id)]

    server.fault = "away"
    pipeline.running("rules").kill()
    pipeline.start("rules")
    added = max(server.schemas) + 1
    server.add(added, json.dumps(compatibility.schema_of(newest) | {"doc": "registered while nobody could ask"}))
    send_under(pipeline, added, payment(practice))
    send_under(pipeline, name.ids[-1], payment(practice))
    pipeline.until_states(POSTED=6)
    letters = "SELECT stage, reason, value FROM dead_letters WHERE settled_at IS NULL"
    pipeline.until(lambda: pipeline.rows(letters), "the record of a schema that nobody could ask for is told")
    (letter,) = pipeline.rows(letters)
    assert (letter["stage"], letter["reason"]) == ("decode", "UNKNOWN_SCHEMA")
    assert bytes(letter["value"])[:5] == header(added), "its bytes are as they came, to be redriven"

    server.fault = None
    writeback_json(pipeline.world, "dlq", "redrive", "--reason", "UNKNOWN_SCHEMA", *APPLY)
    pipeline.until_states(POSTED=8)
    pipeline.invariants()

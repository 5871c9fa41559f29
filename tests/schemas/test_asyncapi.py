"""The contract as AsyncAPI: whole, current, without outside references; every example is what our own codec takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
import yaml

from schemas import wire
from schemas.asyncapi import document, document_text
from schemas.asyncapi.examples import AT, IDENTITY
from schemas.codec import EVENTS_BY_NAME, decode_event, decode_published, decode_settings, decode_writeback
from schemas.headers import DEAD_LETTER_HEADERS, REDECISION_HEADERS
from schemas.health_codec import decode_heartbeat, decode_practice_health, decode_reported
from schemas.identity_keys import IdentityKeys
from schemas.sample_identity import SAMPLE_IDENTITY
from schemas.topics import CATALOGUE, UPSTREAM, TopicName
from schemas.validation.events import check_key, validate
from schemas.writebacks import AuditHead
from streams.kafka.dead_letters import parse_dead_letter
from streams.kafka.redecision_requests import parse_redecision

DOCUMENT = document()
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
AVRO = sorted(name for name, message in MESSAGES.items() if "x-schemaId" in message)
DECODERS: dict[str, Any] = {
    "Writeback": decode_writeback,
    "Result": decode_published,
    "RecordRefused": decode_published,
    "SenderWarning": decode_published,
    "SettingsHistory": decode_settings,
    "Heartbeat": decode_heartbeat,
    "UpstreamSilence": decode_reported,
    "PracticeHealth": decode_practice_health,
}


def example(name: str) -> tuple[dict[str, str], Any, bytes, bytes]:
    """Headers, payload, key and value."""
    (shown,) = MESSAGES[name]["examples"]
    return shown["headers"], shown.get("payload"), shown["x-key"].encode(), bytes.fromhex(shown["x-valueHex"])


def every(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == name)
        for value in node.values():
            yield from every(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, name)


def test_the_yaml_says_what_the_document_says() -> None:
    """Our writer of YAML, read by another's reader."""
    assert yaml.safe_load(document_text()) == msgspec.json.decode(msgspec.json.encode(DOCUMENT))


def test_every_reference_leads_to_a_place_in_the_document() -> None:
    """Nothing else has to be fetched: the file is enough."""
    references = list(every(DOCUMENT, "$ref"))
    assert references
    for reference in references:
        assert reference.startswith("#/")
        node = DOCUMENT
        for part in reference[2:].split("/"):
            node = node[part]


def test_every_topic_has_its_messages_and_every_message_an_example() -> None:
    own = {TopicName.HEALTH_ATTEMPTS, TopicName.HEALTH_OUTCOMES}
    assert {*CATALOGUE} - {*DOCUMENT["channels"]} == own, "tables of one role's own are no contract"
    for spec in (spec for spec in CATALOGUE.values() if spec.name not in own):
        channel = DOCUMENT["channels"][spec.name.value]
        assert set(spec.records) <= set(channel["messages"])
        assert channel["messages"]
        assert channel["x-maxValueBytes"] == spec.max_value_bytes
    for name, message in MESSAGES.items():
        assert len(message["examples"]) == 1, name
        _, _, _, value = example(name)
        assert value, name


@pytest.mark.parametrize("name", AVRO)
def test_the_bytes_of_an_example_are_its_values(name: str) -> None:
    """Written by another Avro library with the schema that stands in the document: the same bytes, behind its id."""
    _, payload, _, value = example(name)
    message = MESSAGES[name]
    assert value[: wire.HEADER_BYTES] == wire.header(message["x-schemaId"])
    body = BytesIO()
    fastavro.schemaless_writer(body, wire.parse_plain(message["payload"]["schema"]), as_written(name, payload))
    assert body.getvalue() == value[wire.HEADER_BYTES :]
    assert wire.schema_id_of(value) == message["x-schemaId"]


def as_written(name: str, payload: Any) -> Any:
    """Bytes stand in base64 in a document."""
    if name != "Writeback":
        return payload
    read: Any = fastavro.schemaless_reader(
        BytesIO(example(name)[3][wire.HEADER_BYTES :]), wire.current_plain(name), None
    )
    assert msgspec.to_builtins(read) == payload
    return read


@pytest.mark.parametrize("name", sorted(EVENTS_BY_NAME))
def test_an_example_of_an_event_is_accepted(name: str) -> None:
    """Decoded, validated at its broker's time, under its key; with the headers that the document requires."""
    headers, _, key, value = example(name)
    topic = next(spec.name for spec in CATALOGUE.values() if name in spec.records)
    event = decode_event(topic, value)
    assert type(event).__name__ == name
    validate(event, AT + timedelta(minutes=1))
    check_key(event, key)
    described = MESSAGES[name]["headers"]
    assert set(described["required"]) == set(headers)
    for header, text in headers.items():
        rule = described["properties"][header]
        assert rule.get("const", text) == text
        assert re.fullmatch(rule.get("pattern", ".*"), text)
    assert re.fullmatch(MESSAGES[name]["bindings"]["kafka"]["key"]["pattern"], key.decode())


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_an_example_of_ours_is_decoded(name: str) -> None:
    _, _, key, value = example(name)
    decoded = DECODERS[name](value)
    assert type(decoded).__name__ == name
    assert getattr(decoded, "practice_id", "larkspur").encode() == key


def test_examples_without_a_schema_are_read_by_their_headers() -> None:
    """Dead letters and requests are what their headers say; an audit head is JSON."""
    headers, _, key, value = example("DeadLetter")
    parse_dead_letter([(name, text.encode()) for name, text in headers.items()])
    assert set(MESSAGES["DeadLetter"]["headers"]["required"]) == set(headers) - {"dl-exception-class"}
    assert set(MESSAGES["DeadLetter"]["headers"]["properties"]) == set(DEAD_LETTER_HEADERS)
    headers, _, key, value = example("Redecision")
    request = parse_redecision(key, value, [(name, text.encode()) for name, text in headers.items()])
    decode_event(TopicName.PAYMENTS, request.original)
    assert set(MESSAGES["Redecision"]["headers"]["required"]) == set(REDECISION_HEADERS)
    msgspec.json.decode(example("AuditHead")[3], type=AuditHead)


def test_servers_name_security_that_there_is() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"scramSha512", "scramSha256", "X509", "oauth2"}
    for server in DOCUMENT["servers"].values():
        assert server["security"]
        assert set(re.findall(r"\{(\w+)\}", server["host"])) == set(server["variables"])


def test_upstreams_topics_are_received() -> None:
    received = {
        operation["channel"]["$ref"]
        for operation in DOCUMENT["operations"].values()
        if operation["action"] == "receive"
    }
    assert received == {f"#/channels/{spec.name.value}" for spec in CATALOGUE.values() if spec.writers == UPSTREAM}


def test_the_example_identity_is_a_made_up_patients() -> None:
    assert IdentityKeys(b"1" * 32).open(IDENTITY) == SAMPLE_IDENTITY

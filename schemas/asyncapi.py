"""Generates the AsyncAPI 3 document of the contract, `asyncapi.yaml`, from the catalogue and the schemas.

`python -m schemas.asyncapi` writes the file; a test fails where it is not current.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from schemas import wire
from schemas.events import EVENT_TYPES
from schemas.headers import CLOUD_EVENT_HEADERS, CONTENT_TYPE, DEAD_LETTER_HEADERS, REDECISION_HEADERS
from schemas.topics import CATALOGUE, DEFAULT_PARTITIONS, UPSTREAM, TopicName, TopicSpec

FILE: Final = Path(__file__).parent / "asyncapi.yaml"
AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
KAFKA_BINDING: Final = "0.5.0"
VERSION: Final = "1.0.0"
"""Of the contract. Additive changes raise the second number; others need a new topic (schemas/README section 5)."""

_EVENTS: Final = frozenset(event.__name__ for event in EVENT_TYPES)
_BARE: Final = {
    TopicName.REDECISIONS: ("Redecision", REDECISION_HEADERS, "The original bytes of an event, to be decided again."),
    TopicName.DEAD_LETTERS: ("DeadLetter", DEAD_LETTER_HEADERS, "The original bytes of what could not be processed."),
}
"""Topics whose value is another topic's bytes: their headers are the contract."""


def document() -> dict[str, Any]:
    """The document as plain values. Pure."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Writeback",
            "version": VERSION,
            "description": (
                "Payments, memberships and payouts in; results, dead letters and the state of each practice out. "
                "Confluent wire format (magic byte 0, schema id, Avro body), fixed schema ids, CloudEvents headers. "
                "Amounts are integers in minor units, signed in the practice's cash view."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {spec.name.value: _channel(spec) for spec in CATALOGUE.values()},
        "operations": _operations(),
        "components": {"messages": _messages()},
    }


def document_text() -> str:
    """The document as YAML, always the same for the same contract."""
    return "\n".join(_yaml(document(), 0)) + "\n"


def _channel(spec: TopicSpec) -> dict[str, Any]:
    names = _message_names(spec)
    config = spec.broker_config(in_sync=2)
    channel: dict[str, Any] = {
        "address": spec.name.value,
        "description": f"{spec.about}. Key: {spec.key}. Largest value: {spec.max_value_bytes} bytes.",
    }
    if names:
        channel["messages"] = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    topic: dict[str, Any] = {"cleanup.policy": [config["cleanup.policy"]]}
    topic["retention.ms"] = int(config["retention.ms"])
    topic["max.message.bytes"] = spec.max_batch_bytes
    channel["bindings"] = {
        "kafka": {
            "topic": spec.name.value,
            "partitions": DEFAULT_PARTITIONS,
            "replicas": 3,
            "topicConfiguration": topic,
            "bindingVersion": KAFKA_BINDING,
        }
    }
    return channel


def _operations() -> dict[str, Any]:
    """From the pipeline's side: it receives what upstreams write and sends what others may read."""
    operations = {}
    for spec in CATALOGUE.values():
        receives = spec.writers == UPSTREAM
        verb, others = ("receive", spec.writers) if receives else ("send", spec.readers)
        operations[f"{verb}-{spec.name.value}"] = {
            "action": verb,
            "channel": {"$ref": f"#/channels/{spec.name.value}"},
            "summary": f"{'From' if receives else 'For'}: {', '.join(others)}",
        }
    return operations


def _messages() -> dict[str, Any]:
    ids = wire.fixed_schema_ids()
    messages: dict[str, Any] = {}
    for spec in CATALOGUE.values():
        for record in spec.records:
            messages[record] = _avro_message(spec, record, ids.id_of(record))
        if spec.name in _BARE:
            name, headers, summary = _BARE[spec.name]
            messages[name] = {
                "name": name,
                "summary": summary,
                "contentType": CONTENT_TYPE,
                "headers": _headers(headers),
                "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": KAFKA_BINDING}},
            }
    return messages


def _avro_message(spec: TopicSpec, record: str, schema_id: int) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": record,
        "summary": wire.current_schema(record)["doc"],
        "contentType": CONTENT_TYPE,
    }
    if record in _EVENTS:
        stream = spec.name.value.partition(".")[0]
        message["description"] = f"ce_type: writeback.{stream}.{record}.v1. Schema id: {schema_id}."
        message["headers"] = _headers(CLOUD_EVENT_HEADERS)
    else:
        message["description"] = f"Schema id: {schema_id}."
    message["payload"] = {"schemaFormat": AVRO, "schema": {"$ref": f"./avsc/{record}.avsc"}}
    message["bindings"] = {
        "kafka": {
            "key": {"type": "string", "description": spec.key},
            "schemaIdLocation": "payload",
            "schemaIdPayloadEncoding": "confluent",
            "bindingVersion": KAFKA_BINDING,
        }
    }
    return message


def _message_names(spec: TopicSpec) -> tuple[str, ...]:
    return (_BARE[spec.name][0],) if spec.name in _BARE else spec.records


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def _yaml(node: Any, depth: int) -> list[str]:
    """Block style; every text is quoted as JSON quotes it, which YAML reads the same."""
    indent = "  " * depth
    lines: list[str] = []
    for key, value in node.items():
        name = key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_yaml(value, depth + 1)]
        else:
            lines.append(f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}")
    return lines


if __name__ == "__main__":
    FILE.write_text(document_text(), encoding="utf-8")

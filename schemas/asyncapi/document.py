"""Puts the AsyncAPI document together from the catalogue of topics, the schemas and the limits. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from schemas.asyncapi.limits import field_faults, limits, partitioner, refusals
from schemas.asyncapi.messages import KAFKA_BINDING, message_names, messages
from schemas.asyncapi.yaml_text import yaml_text
from schemas.headers import CONTENT_TYPE
from schemas.topics import CATALOGUE, DEFAULT_PARTITIONS, UPSTREAM, TopicSpec

FILE: Final = Path(__file__).parent.parent / "asyncapi.yaml"
VERSION: Final = "1.1.0"
"""Of the contract. Additive changes raise the second number; others need a new topic (schemas/README section 5)."""

_DESCRIPTION: Final = (
    "Payments, memberships and payouts in; results, dead letters and the state of each practice out. Confluent wire "
    "format (magic byte 0, schema id, Avro body), fixed schema ids, CloudEvents headers. Amounts are integers in "
    "minor units, signed in the practice's cash view. Produce with acks=all and idempotence, under the practice's id "
    "as the key, with the murmur2 partitioner. Sending an event again under its event_id is always safe."
)
_SECURITY: Final[dict[str, dict[str, str]]] = {
    "scramSha512": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512 over TLS."},
    "scramSha256": {"type": "scramSha256", "description": "SASL/SCRAM-SHA-256 over TLS."},
    "mutualTls": {"type": "X509", "description": "A client certificate."},
    "oauthBearer": {"type": "oauth2", "description": "SASL/OAUTHBEARER over TLS.", "x-mechanism": "OAUTHBEARER"},
}
"""What an operator's broker may ask for; which of them it does, the operator says."""
_SHOWN: Final = tuple(spec for spec in CATALOGUE.values() if spec.writers != spec.readers)
"""What one role alone writes and reads is its own table, and no contract."""


def document() -> dict[str, Any]:
    """The document as plain values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Writeback",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
            "x-limits": limits(),
            "x-partitioner": partitioner(),
            "x-refusals": refusals(),
            "x-fieldFaults": field_faults(),
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": _servers(),
        "channels": {spec.name.value: _channel(spec) for spec in _SHOWN},
        "operations": _operations(),
        "components": {"messages": messages(), "securitySchemes": _security_schemes()},
    }


def document_text() -> str:
    """The document as YAML, always the same for the same contract."""
    return yaml_text(document())


def _servers() -> dict[str, Any]:
    bootstrap = {"description": "host:port of a broker, from the operator"}
    return {
        "production": {
            "host": "{bootstrap}",
            "protocol": "kafka-secure",
            "description": "The operator's brokers. One of the security schemes, as the operator says.",
            "variables": {"bootstrap": bootstrap},
            "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
        },
        "sandbox": {
            "host": "{bootstrap}",
            "protocol": "kafka-secure",
            "description": "The same brokers; every topic has the prefix `sandbox.`. Nothing reaches a practice's "
            "books.",
            "variables": {"bootstrap": bootstrap},
            "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
            "x-topicPrefix": "sandbox.",
        },
        "local": {
            "host": "127.0.0.1:{port}",
            "protocol": "kafka",
            "description": "`writeback up` on a developer's machine; its broker asks for SASL/SCRAM-SHA-512 too.",
            "variables": {"port": {"description": "printed by `writeback stack status`"}},
            "security": [{"$ref": "#/components/securitySchemes/scramSha512"}],
        },
    }


def _security_schemes() -> dict[str, Any]:
    schemes: dict[str, Any] = dict(_SECURITY)
    flows = {"clientCredentials": {"tokenUrl": "https://login.example/token", "availableScopes": {}}}
    return schemes | {"oauthBearer": schemes["oauthBearer"] | {"flows": flows}}


def _channel(spec: TopicSpec) -> dict[str, Any]:
    names = message_names(spec)
    config = spec.broker_config(in_sync=2)
    channel: dict[str, Any] = {
        "address": spec.name.value,
        "description": f"{spec.about}. Key: {spec.key}. Largest value: {spec.max_value_bytes} bytes.",
        "x-maxValueBytes": spec.max_value_bytes,
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
    for spec in _SHOWN:
        receives = spec.writers == UPSTREAM
        verb, others = ("receive", spec.writers) if receives else ("send", spec.readers)
        operations[f"{verb}-{spec.name.value}"] = {
            "action": verb,
            "channel": {"$ref": f"#/channels/{spec.name.value}"},
            "summary": f"{'From' if receives else 'For'}: {', '.join(others)}",
        }
    return operations

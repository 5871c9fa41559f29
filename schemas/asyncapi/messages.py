"""Describes each message: headers with their constants, key, Avro schema, and an example with its bytes. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas import wire
from schemas.asyncapi.examples import Example, example_of
from schemas.asyncapi.limits import ID_PATTERN, PATIENT_KEY_PATTERN, PRACTICE_PATTERN
from schemas.events import EVENT_TYPES
from schemas.headers import CONTENT_TYPE, DEAD_LETTER_HEADERS, REDECISION_HEADERS
from schemas.topics import CATALOGUE, TopicName, TopicSpec
from schemas.vocabulary import DeadLetterReason, FieldFault, Stage, Target
from schemas.writebacks import AuditHead

AVRO: Final = "application/vnd.apache.avro+json;version=1.9.0"
KAFKA_BINDING: Final = "0.5.0"

_EVENTS: Final = frozenset(event.__name__ for event in EVENT_TYPES)
_BARE: Final = {
    TopicName.REDECISIONS: ("Redecision", "The original bytes of an event, to be decided again."),
    TopicName.DEAD_LETTERS: ("DeadLetter", "The original bytes of what could not be processed."),
}
"""Topics whose value is another topic's bytes: their headers are the contract."""
_NOT_ALWAYS: Final = frozenset(
    {
        "dl-field",
        "dl-fault",
        "dl-exception-class",
        "dl-event-id",
        "dl-effect-id",
        "dl-source",
        "dl-target",
        "dl-trace-id",
    }
)
"""Headers of a dead letter that are left out where nothing is known."""
_CLOSED: Final[dict[str, dict[str, Any]]] = {
    "dl-schema": {"const": "1"},
    "rd-schema": {"const": "1"},
    "dl-stage": {"enum": [stage.value for stage in Stage]},
    "dl-reason": {"enum": [reason.value for reason in DeadLetterReason], "description": "The only one to route on."},
    "dl-fault": {"enum": [fault.value for fault in FieldFault]},
    "dl-target": {"enum": [target.value for target in Target]},
    "dl-ambiguous": {"enum": ["true", "false"]},
}


def message_names(spec: TopicSpec) -> tuple[str, ...]:
    """The messages that may stand on a topic."""
    if spec.name is TopicName.AUDIT_HEADS:
        return (AuditHead.__name__,)
    return (_BARE[spec.name][0],) if spec.name in _BARE else spec.records


def messages() -> dict[str, Any]:
    """Every message by its name."""
    ids = wire.fixed_schema_ids()
    found: dict[str, Any] = {}
    for spec in CATALOGUE.values():
        for record in spec.records:
            found[record] = _avro(spec, record, ids.id_of(record))
        if spec.name in _BARE:
            name, summary = _BARE[spec.name]
            headers = DEAD_LETTER_HEADERS if spec.name is TopicName.DEAD_LETTERS else REDECISION_HEADERS
            found[name] = _described(spec, name, summary, _bare_headers(headers))
        elif spec.name is TopicName.AUDIT_HEADS:
            found[AuditHead.__name__] = _audit_head(spec)
    return found


def _described(spec: TopicSpec, name: str, summary: str, headers: dict[str, Any] | None) -> dict[str, Any]:
    message: dict[str, Any] = {"name": name, "summary": summary, "contentType": CONTENT_TYPE}
    if headers is not None:
        message["headers"] = headers
    message["bindings"] = {"kafka": {"key": _key(spec), "bindingVersion": KAFKA_BINDING}}
    message["examples"] = [_example(example_of(name))]
    return message


def _avro(spec: TopicSpec, record: str, schema_id: int) -> dict[str, Any]:
    headers = _event_headers(spec, record) if record in _EVENTS else None
    message = _described(spec, record, wire.current_schema(record)["doc"], headers)
    message["description"] = f"Schema id: {schema_id}."
    message["x-schemaId"] = schema_id
    message["payload"] = {"schemaFormat": AVRO, "schema": wire.current_schema(record)}
    message["bindings"]["kafka"] |= {"schemaIdLocation": "payload", "schemaIdPayloadEncoding": "confluent"}
    return message


def _audit_head(spec: TopicSpec) -> dict[str, Any]:
    schema = msgspec.json.schema(AuditHead)["$defs"][AuditHead.__name__]
    message = _described(spec, AuditHead.__name__, "The newest entry of an audit trail.", None)
    return message | {"contentType": "application/json", "payload": schema}


_TRACE: Final[dict[str, Any]] = {
    "traceparent": {
        "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "W3C Trace Context of the sender's span, where it has one. Anything else is ignored.",
    }
}


def _event_headers(spec: TopicSpec, record: str) -> dict[str, Any]:
    """CloudEvents 1.0, binary mode. They are for tools: what a record is, its schema id and its fields say."""
    stream = spec.name.value.partition(".")[0]
    properties: dict[str, Any] = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"pattern": ID_PATTERN, "description": "event_id"},
        "ce_source": {"pattern": ID_PATTERN, "description": "source"},
        "ce_type": {"const": f"writeback.{stream}.{record}.v1"},
        "ce_time": {"format": "date-time", "description": "occurred_at"},
        "ce_subject": {"pattern": PRACTICE_PATTERN, "description": "practice_id"},
        "content-type": {"const": CONTENT_TYPE},
    }
    return {
        "type": "object",
        "description": "Required of senders for the sake of tools. A record is not refused for its headers.",
        "required": list(properties),
        "properties": {name: {"type": "string"} | value for name, value in (properties | _TRACE).items()},
    }


def _bare_headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in names if name not in _NOT_ALWAYS],
        "properties": {name: {"type": "string"} | _CLOSED.get(name, {}) for name in names},
    }


def _key(spec: TopicSpec) -> dict[str, Any]:
    key: dict[str, Any] = {"type": "string", "description": spec.key}
    if spec.name is TopicName.PATIENTS:
        return key | {"pattern": PATIENT_KEY_PATTERN}
    return key | {"pattern": PRACTICE_PATTERN} if spec.key == "practice_id" else key


def _example(example: Example) -> dict[str, Any]:
    """`payload` holds the schema's own values: instants in microseconds, dates in days. The bytes are a whole value."""
    shown: dict[str, Any] = {"name": example.name, "headers": dict(example.headers)}
    if example.payload is not None:
        shown["payload"] = example.payload
    return shown | {"x-key": example.key, "x-valueHex": example.value.hex()}

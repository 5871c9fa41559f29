"""The Avro schemas and the Python records say the same, field by field, for every record of the contract."""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from schemas import wire
from schemas.compatibility import records
from schemas.events import EVENT_TYPES, Event
from schemas.heartbeats import Heartbeat
from schemas.practice_health import PracticeHealth
from schemas.practice_settings import SettingsHistory
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.silence import UpstreamSilence
from schemas.topics import CATALOGUE, SOURCES, STREAM_TOPICS, TopicName, logical, physical
from schemas.writebacks import Result, Writeback
from tests.schemas.examples import EXAMPLES

RECORDS: tuple[type[msgspec.Struct], ...] = (
    *EVENT_TYPES,
    Writeback,
    Result,
    RecordRefused,
    SenderWarning,
    SettingsHistory,
    Heartbeat,
    UpstreamSilence,
    PracticeHealth,
)
SCALARS: dict[Any, Any] = {
    str: "string",
    bool: "boolean",
    bytes: "bytes",
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
    date: {"type": "int", "logicalType": "date"},
    time: {"type": "int", "logicalType": "time-millis"},
}


def differences(path: str, hint: Any, node: Any, named: dict[str, Any]) -> Iterator[str]:
    """Where a Python type and an Avro type part."""
    node = named.get(node, node) if isinstance(node, str) else node
    if isinstance(node, dict) and "name" in node:
        named[node["name"]] = node
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        members = tuple(member for member in arguments if member is not type(None))
        if len(members) < len(arguments):
            if not (isinstance(node, list) and node[0] == "null" and len(node) == 2):
                yield f"{path}: not a union with null first"
                return
            node = node[1]
            if isinstance(node, dict) and "name" in node:
                named[node["name"]] = node
        yield from differences(path, members[0], node, named) if len(members) == 1 else symbols(path, members, node)
    elif hint is int:
        if node not in ("int", "long"):
            yield f"{path}: not an integer"
        if path.endswith("_minor") and node != "long":
            yield f"{path}: money needs a long"
    elif hint in SCALARS:
        if node != SCALARS[hint]:
            yield f"{path}: {node} is not {SCALARS[hint]}"
    elif origin is tuple and arguments[-1] is Ellipsis:
        if node["type"] != "array":
            yield f"{path}: not an array"
        yield from differences(f"{path}[]", arguments[0], node["items"], named)
    elif origin is tuple:
        item = named.get(node, node) if isinstance(node, str) else node
        for (name, argument), field in zip(enumerate(arguments), item["fields"], strict=True):
            yield from differences(f"{path}.{name}", argument, field["type"], named)
    elif issubclass(hint, StrEnum):
        yield from symbols(path, (hint,), node)
    else:
        yield from record_differences(path, hint, node, named)


def symbols(path: str, enums: tuple[type[StrEnum], ...], node: Any) -> Iterator[str]:
    known = {member.value for enum in enums for member in enum} | {"UNKNOWN"}
    if node["type"] != "enum" or set(node["symbols"]) != known:
        yield f"{path}: the symbols differ by {sorted(known ^ set(node.get('symbols', ())))}"
    elif node.get("default") != "UNKNOWN":
        yield f"{path}: an enum needs the default UNKNOWN"


def record_differences(path: str, record: Any, node: Any, named: dict[str, Any]) -> Iterator[str]:
    hints = get_type_hints(record)
    written = {field["name"]: field for field in node["fields"]}
    yield from (f"{path}: only one side has {name}" for name in set(record.__struct_fields__) ^ set(written))
    for field in msgspec.structs.fields(record):
        if field.name not in written:
            continue
        avro = written[field.name]
        yield from differences(f"{path}.{field.name}", hints[field.name], avro["type"], named)
        if field.default is not msgspec.NODEFAULT:
            ours = list(field.default) if isinstance(field.default, tuple) else field.default
            if isinstance(ours, time):
                ours = (ours.hour * 60 + ours.minute) * 60_000
            if avro.get("default", ...) != ours:
                yield f"{path}.{field.name}: the default {avro.get('default')} is not {ours}"


@pytest.mark.parametrize("record", RECORDS)
def test_schema_and_record_agree(record: type[msgspec.Struct]) -> None:
    """Names, types, symbols and defaults, into every part."""
    schema = wire.current_schema(record.__name__)
    assert list(record_differences(record.__name__, record, schema, {schema["name"]: schema})) == []


def test_a_difference_would_be_seen() -> None:
    """Control of the comparison itself: each kind of difference is named."""
    schema = wire.parse_plain(wire.current_schema("PaymentSucceeded"))  # instants lost their logical type
    found = list(record_differences("x", EVENT_TYPES[0], {**schema, "fields": schema["fields"][1:]}, {}))
    assert any("event_id" in each for each in found)
    assert any("timestamp-micros" in each for each in found)


@pytest.mark.parametrize("event", EVENT_TYPES)
def test_the_envelope_comes_first(event: type[Event]) -> None:
    """Events: the envelope is first in every event; the namespace is the stream's."""
    schema = wire.current_schema(event.__name__)
    names = [field["name"] for field in schema["fields"][:6]]
    assert names == ["event_id", "source", "occurred_at", "produced_at", "practice_id", "trace_id"]
    assert schema["namespace"] == f"writeback.{event.stream}.v1"


def test_every_type_has_its_file_its_topic_and_its_example() -> None:
    """None falls through: schemas, catalogue, streams and examples know the same types."""
    assert set(records()) == {record.__name__ for record in RECORDS}
    assert {record for spec in CATALOGUE.values() for record in spec.records} == set(records())
    assert set(EXAMPLES) == set(EVENT_TYPES)
    for event in EVENT_TYPES:
        assert event.__name__ in CATALOGUE[STREAM_TOPICS[event.stream]].records


def test_no_field_could_hold_a_card_number() -> None:
    """C-1, C-3: of a card there is a brand and the last four digits, nowhere more."""
    forbidden = ("pan", "card_number", "cvv", "cvc", "track", "expiry", "account_number")
    for record in RECORDS:
        assert not set(field_names(wire.current_schema(record.__name__))) & set(forbidden)


def field_names(node: Any) -> Iterator[str]:
    """Names of all fields, into every part."""
    if isinstance(node, list):
        for member in node:
            yield from field_names(member)
    elif isinstance(node, dict):
        for field in node.get("fields", ()):
            yield field["name"]
            yield from field_names(field["type"])
        yield from field_names(node.get("items"))
        yield from field_names(node["type"] if isinstance(node.get("type"), dict | list) else None)


def test_the_catalogue_leaves_room_for_every_dead_letter() -> None:
    """Law 9: what a source accepts fits into a write-back and into a dead letter with its headers."""
    for source in (*SOURCES, TopicName.PATIENTS):
        batch = CATALOGUE[source].max_batch_bytes
        assert batch > CATALOGUE[source].max_value_bytes
        assert CATALOGUE[TopicName.DEAD_LETTERS].max_batch_bytes >= batch + 64 * 1024
        assert CATALOGUE[TopicName.REDECISIONS].max_batch_bytes >= batch + 64 * 1024
        assert CATALOGUE[TopicName.WRITEBACKS].max_batch_bytes >= 2 * CATALOGUE[source].max_value_bytes
        assert CATALOGUE[source].broker_config(2)["message.timestamp.type"] == "LogAppendTime"


def test_names_on_the_cluster() -> None:
    """The prefix leads both ways; another environment's topic is not ours."""
    assert physical("t1.", TopicName.PAYOUTS) == "t1.payouts.v1"
    assert logical("t1.", "t1.payouts.v1") is TopicName.PAYOUTS
    for foreign in ("t2.payouts.v1", "t1.other"):
        with pytest.raises(ValueError):
            logical("t1.", foreign)

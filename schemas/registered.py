"""Schemas as a registry holds them, told apart from what nobody should decode by. Pure.

A registry's text is hostile input: it is bounded, parsed here, and taken only where it is a version that we released,
or one of an event of the contract that our reader can read. What is read by it becomes a value under a released id, so
that nothing behind RULES, the ledger least of all, depends on a registry.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import fastavro
import msgspec
from fastavro.schema import SchemaParseException, UnknownType, to_parsing_canonical_form

from schemas import compatibility
from schemas.codec import EVENTS_BY_NAME, EventCodec, Undecodable
from schemas.topics import TopicName, physical
from schemas.vocabulary import DeadLetterReason
from schemas.wire import HEADER_BYTES, AvroSchema, WriterSchema, fixed_schema_ids, header, parse_plain, schema_id_of

MOST_BYTES: Final = 256 * 1024
"""Of a schema's text; our largest has 12 KiB."""
_DEEPEST: Final = 32
_NOT_A_SCHEMA: Final = (
    SchemaParseException,
    UnknownType,
    msgspec.DecodeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
)
_EVENTS: Final = EventCodec()


class NotOursError(ValueError):
    """A text that is no schema by which a record of the contract may be read. Says why, never what stands in it."""


class Registered(msgspec.Struct, frozen=True):
    """A schema of a registry that records may be read by."""

    released: bytes | None
    """The header of the version of ours that it is, on the wire; None for another."""
    writer: WriterSchema | None
    """Of another: resolved against ours, field by field."""


def subject(prefix: str, topic: TopicName, record: str) -> str:
    """Topic and record name, as Confluent's TopicRecordNameStrategy puts them together."""
    return f"{physical(prefix, topic)}-{full_name(record)}"


def full_name(record: str) -> str:
    """A record's name with its namespace."""
    schema = compatibility.current(record)
    return f"{schema['namespace']}.{schema['name']}"


def accepted(schema_id: int, text: str) -> Registered:
    """What a registry answered for an id. NotOursError for whatever records must not be read by."""
    if len(text) > MOST_BYTES:
        raise NotOursError(f"has more than {MOST_BYTES} bytes")
    try:
        parsed: Any = msgspec.json.decode(text)
        ours = _released().get(to_parsing_canonical_form(parsed))
        if ours is not None:
            return Registered(header(ours), None)
        name = parsed["name"].rpartition(".")[2] if isinstance(parsed, dict) else ""
        if name not in EVENTS_BY_NAME:
            raise NotOursError("is of no event of the contract")
        plain = parse_plain(parsed)
        if plain["name"] != full_name(name) or plain["type"] != "record":
            raise NotOursError("is of another namespace")
        if not _bounded(plain, {}, _DEEPEST):
            raise NotOursError("has parts that take no bytes, or is too deep")
        return Registered(None, WriterSchema(schema_id=schema_id, record=name, schema=plain, ours=False))
    except NotOursError:
        raise
    except _NOT_A_SCHEMA as error:
        raise NotOursError("is no Avro schema") from error


def under_released_id(value: bytes, found: Registered) -> bytes:
    """A value under an id of ours: the same bytes behind another header, or, read by another schema, ours anew.

    Undecodable for bytes that do not follow their schema.
    """
    if found.released is not None:
        return found.released + value[HEADER_BYTES:]
    if found.writer is None:
        raise Undecodable(DeadLetterReason.UNKNOWN_SCHEMA, None, "no schema")
    try:
        return _EVENTS.encode(_EVENTS.decode_as(value, found.writer))
    except RecursionError as error:
        raise Undecodable(DeadLetterReason.UNDECODABLE, None, "too deep") from error


def is_released(schema_id: int) -> bool:
    """Whether the id is one of ours."""
    return fixed_schema_ids().writer(schema_id) is not None


def released_id_of(value: bytes | None) -> int | None:
    """The schema id of a value where it is one of ours; None for any other."""
    try:
        found = schema_id_of(value)
    except Undecodable:
        return None
    return found if is_released(found) else None


@cache
def _released() -> dict[str, int]:
    """Canonical form to the newest id: versions that differ in words and defaults alone are the same on the wire."""
    return {
        to_parsing_canonical_form(fastavro.parse_schema(compatibility.schema_of(each))): each.id
        for each in compatibility.released()
    }


def _bounded(node: AvroSchema | list[Any] | str, named: dict[str, Any], left: int) -> bool:
    """No field and no item that takes no bytes: 2^60 of them in a list would be read for ever. So what a record costs
    follows from its length."""
    if left == 0:
        return False
    if isinstance(node, list):
        return all(_bounded(each, named, left - 1) for each in node)
    if isinstance(node, str):
        return True
    if "name" in node:
        named[node["name"]] = node
    kind = node["type"]
    if kind == "record":
        return all(_full(field["type"], named, left - 1) for field in node["fields"])
    if kind == "array":
        return _full(node["items"], named, left - 1)
    if kind == "map":
        return _bounded(node["values"], named, left - 1)
    return True if isinstance(kind, str) else _bounded(kind, named, left - 1)


def _full(node: Any, named: dict[str, Any], left: int) -> bool:
    return _bounded(node, named, left) and _takes_bytes(node, named, left)


def _takes_bytes(node: Any, named: dict[str, Any], left: int) -> bool:
    """Whether a value of this type has at least a byte. A union has its branch, a list its end."""
    if left == 0:
        return False
    if isinstance(node, list):
        return True
    if isinstance(node, str):
        return node != "null" and (node not in named or _takes_bytes(named[node], named, left - 1))
    kind = node["type"]
    if kind == "record":
        return any(_takes_bytes(field["type"], named, left - 1) for field in node["fields"])
    if kind == "fixed":
        return bool(node["size"] > 0)
    return _takes_bytes(kind, named, left - 1) if not isinstance(kind, str) or kind in named else kind != "null"

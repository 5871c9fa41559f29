"""Records to and from the bytes on the topics: Confluent wire format around Avro.

Decoding takes any bytes: it answers with a frozen record or raises Undecodable with a closed reason and the field;
it never quotes the data. Every released version of a schema is read; a newer enum symbol arrives as UNKNOWN and is
refused with its field by `validation`. Pure; does not block.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from fastavro import schemaless_reader
from fastavro.read import SchemaResolutionError

from schemas import wire
from schemas.avro_reader import FALLBACK, Read, reader_of
from schemas.avro_values import shape
from schemas.avro_writer import Unencodable, writer_of
from schemas.events import EVENT_TYPES, Event
from schemas.headers import CONTENT_TYPE
from schemas.practice_settings import SettingsHistory
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.topics import CATALOGUE, TopicName
from schemas.vocabulary import DeadLetterReason
from schemas.wire import HEADER_BYTES, SchemaIds, Undecodable, WriterSchema, fixed_schema_ids
from schemas.writebacks import Result, Writeback

__all__ = [
    "EVENTS_BY_NAME",
    "Codec",
    "Undecodable",
    "Unencodable",
    "cloud_event_headers",
    "decode_event",
    "decode_published",
    "decode_result",
    "decode_settings",
    "decode_writeback",
    "encode_event",
    "encode_refusal",
    "encode_result",
    "encode_settings",
    "encode_warning",
    "encode_writeback",
]

R = TypeVar("R", bound=msgspec.Struct)

EVENTS_BY_NAME: Final[dict[str, type[Event]]] = {event.__name__: event for event in EVENT_TYPES}

_BROKEN_BODY: Final = (
    EOFError,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    MemoryError,
    SchemaResolutionError,
)
"""What fastavro raises for bytes that do not follow the schema (UnicodeDecodeError is a ValueError)."""


class Codec(Generic[R]):
    """One record type. `schema_ids` names the versions of its schema that can be met."""

    def __init__(self, record: type[R], schema_ids: SchemaIds | None = None) -> None:
        self.name = record.__name__
        self._ids = schema_ids or fixed_schema_ids()
        self._record = record
        self._shape = shape(record)
        self._readers: dict[int, Read] = {}
        self._schema = wire.current_plain(self.name)
        self._write = writer_of(record, wire.current_schema(self.name))
        self._header = wire.header(self._ids.id_of(self.name))

    def encode(self, record: R) -> bytes:
        """Header and body. Unencodable names the field that cannot be carried."""
        return self._header + self._write(record)

    def decode(self, value: bytes | None) -> R:
        """The record of a value that must be of this type."""
        schema_id = wire.schema_id_of(value)
        writer = self._ids.writer(schema_id)
        if writer is None:
            raise Undecodable(DeadLetterReason.UNKNOWN_SCHEMA, None, f"schema id {schema_id}")
        if writer.record != self.name:
            raise Undecodable(DeadLetterReason.WRONG_TOPIC, None, f"schema id {schema_id} is a {writer.record}")
        return self.decode_body(value or b"", writer)

    def decode_body(self, value: bytes, writer: WriterSchema) -> R:
        """The record behind a header that was looked at already. Bytes after the record are refused.

        Schemas of ours are read by a reader made for them; what that one leaves, and every other schema, by fastavro.
        """
        if writer.ours:
            try:
                read, end = self._reader(writer)(value, HEADER_BYTES)
            except FALLBACK:
                return self._by_fastavro(value, writer)
            if end == len(value):
                return cast(R, read)
        return self._by_fastavro(value, writer)

    def _reader(self, writer: WriterSchema) -> Read:
        found = self._readers.get(writer.schema_id)
        if found is None:
            found = self._readers[writer.schema_id] = reader_of(self._record, writer.schema)
        return found

    def _by_fastavro(self, value: bytes, writer: WriterSchema) -> R:
        body = BytesIO(value)
        body.seek(HEADER_BYTES)
        try:
            values: Any = schemaless_reader(body, writer.schema, None if writer.ours else self._schema)
        except _BROKEN_BODY as error:
            raise Undecodable(DeadLetterReason.UNDECODABLE, None, f"not a {self.name}") from error
        if body.tell() != len(value):
            raise Undecodable(DeadLetterReason.UNDECODABLE, None, f"bytes after the {self.name}")
        return self._shape.from_avro(values)


class EventCodec:
    """All event types, distinguished by schema id."""

    def __init__(self, schema_ids: SchemaIds | None = None) -> None:
        self._ids = schema_ids or fixed_schema_ids()
        self._codecs: dict[str, Codec[Any]] = {event.__name__: Codec(event, self._ids) for event in EVENT_TYPES}
        self._encoders = {event: self._codecs[event.__name__].encode for event in EVENT_TYPES}
        self._allowed = {name: frozenset(spec.records) for name, spec in CATALOGUE.items()}

    def encode(self, event: Event) -> bytes:
        return self._encoders[type(event)](event)

    def decode(self, topic: TopicName, value: bytes | None) -> Event:
        schema_id = wire.schema_id_of(value)
        limit = CATALOGUE[topic].max_value_bytes
        if value is None or len(value) > limit:
            raise Undecodable(DeadLetterReason.TOO_LARGE, None, f"more than {limit} bytes")
        writer = self._ids.writer(schema_id)
        if writer is None:
            raise Undecodable(DeadLetterReason.UNKNOWN_SCHEMA, None, f"schema id {schema_id}")
        if writer.record not in self._allowed[topic]:
            raise Undecodable(DeadLetterReason.WRONG_TOPIC, None, f"a {writer.record} does not belong on {topic}")
        return self.decode_as(value, writer)

    def decode_as(self, value: bytes, writer: WriterSchema) -> Event:
        """The event behind a header, by the schema that it was written with, which is one of an event."""
        event: Event = self._codecs[writer.record].decode_body(value, writer)
        return event


_EVENTS: Final = EventCodec()
_WRITEBACKS: Final = Codec(Writeback)
_RESULTS: Final = Codec(Result)
_REFUSALS: Final = Codec(RecordRefused)
_WARNINGS: Final = Codec(SenderWarning)
_PUBLISHED: Final[dict[str, Codec[Any]]] = {each.name: each for each in (_RESULTS, _REFUSALS, _WARNINGS)}
_SETTINGS: Final = Codec(SettingsHistory)


def encode_event(event: Event) -> bytes:
    """An event's value. It is not validated here: see `validation.validate`."""
    return _EVENTS.encode(event)


def decode_event(topic: TopicName, value: bytes | None) -> Event:
    """The event in a value of a source topic; Undecodable otherwise."""
    return _EVENTS.decode(topic, value)


def encode_writeback(writeback: Writeback) -> bytes:
    """The value on writebacks.v1."""
    return _WRITEBACKS.encode(writeback)


def decode_writeback(value: bytes | None) -> Writeback:
    """The record on writebacks.v1; Undecodable otherwise."""
    return _WRITEBACKS.decode(value)


def encode_settings(history: SettingsHistory) -> bytes:
    """The value on practice-settings.v1: the whole history (law 14)."""
    return _SETTINGS.encode(history)


def decode_settings(value: bytes | None) -> SettingsHistory:
    """A practice's history; Undecodable otherwise, a tombstone included (law 14)."""
    return _SETTINGS.decode(value)


def encode_result(result: Result) -> bytes:
    """The value on writeback-results.v1."""
    return _RESULTS.encode(result)


def decode_result(value: bytes | None) -> Result:
    """A change of state; Undecodable otherwise: WRONG_TOPIC for a refusal, which `decode_published` reads too."""
    return _RESULTS.decode(value)


def encode_refusal(refusal: RecordRefused) -> bytes:
    """The value on writeback-results.v1 that tells a sender of a refused record."""
    return _REFUSALS.encode(refusal)


def encode_warning(warning: SenderWarning) -> bytes:
    """The value on writeback-results.v1 that tells a sender what it does wrong."""
    return _WARNINGS.encode(warning)


def decode_published(value: bytes | None) -> Result | RecordRefused | SenderWarning:
    """Whatever stands on writeback-results.v1, told apart by schema id; Undecodable otherwise."""
    writer = fixed_schema_ids().writer(wire.schema_id_of(value))
    codec = _RESULTS if writer is None else _PUBLISHED.get(writer.record, _RESULTS)
    published: Result | RecordRefused | SenderWarning = codec.decode(value)
    return published


def cloud_event_headers(event: Event) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 headers of an event (Kafka binding, binary mode). No patient data: ids of event and practice."""
    stamp = event.occurred_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.event_id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", f"writeback.{event.stream}.{type(event).__name__}.v1".encode()),
        ("ce_time", stamp.encode()),
        ("ce_subject", event.practice_id.encode()),
        ("content-type", CONTENT_TYPE.encode()),
    ]

"""The generated reader against fastavro, the judge: nothing is accepted that fastavro reads otherwise."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.avro_reader import FALLBACK, NotPlain, reader_of
from schemas.avro_values import shape
from schemas.codec import EVENTS_BY_NAME, Codec, Undecodable
from schemas.compatibility import Released, _sample, released, schema_of
from schemas.events import EVENT_TYPES, PaymentSucceeded
from schemas.heartbeats import Heartbeat
from schemas.practice_health import PracticeHealth
from schemas.practice_settings import SettingsHistory
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.silence import UpstreamSilence
from schemas.writebacks import Result, Writeback
from tests.schemas.examples import EXAMPLES, PAYMENT, any_record

OTHERS: tuple[type[Any], ...] = (
    Result,
    RecordRefused,
    SenderWarning,
    SettingsHistory,
    Writeback,
    Heartbeat,
    UpstreamSilence,
    PracticeHealth,
)
RECORDS: dict[str, Any] = EVENTS_BY_NAME | {each.__name__: each for each in OTHERS}
REFUSED = object()
READERS: dict[tuple[Any, int], Any] = {}
SCHEMAS: list[Any] = []
"""Kept, so that their identity names them."""


def generated(record: type[msgspec.Struct], body: bytes, schema: Any) -> Any:
    """What the generated reader makes of a body; REFUSED where it leaves it to fastavro."""
    reader = READERS.get((record, id(schema)))
    if reader is None:
        reader = READERS[record, id(schema)] = reader_of(record, schema)
        SCHEMAS.append(schema)
    try:
        read, end = reader(body, 0)
    except FALLBACK:
        return REFUSED
    return read if end == len(body) else REFUSED


def judged(record: type[msgspec.Struct], body: bytes, schema: Any) -> Any:
    """What fastavro makes of it."""
    stream = BytesIO(body)
    try:
        values: Any = fastavro.schemaless_reader(stream, schema, None)
        return shape(record).from_avro(values) if stream.tell() == len(body) else REFUSED
    except (Undecodable, EOFError, IndexError, KeyError, ValueError, TypeError, OverflowError, MemoryError):
        return REFUSED


@pytest.mark.parametrize("record", [*EVENT_TYPES, Writeback, Result, RecordRefused, SenderWarning])
@settings(max_examples=40)
@given(data=st.data())
def test_every_record_is_read_without_fastavro(record: type[msgspec.Struct], data: st.DataObject) -> None:
    """Whatever the fields hold: what our writer writes is the form that the generated reader knows."""
    one = data.draw(any_record(record))
    body = Codec(record).encode(one)[wire.HEADER_BYTES :]
    assert generated(record, body, wire.current_plain(record.__name__)) == one


@pytest.mark.parametrize("version", list(released()), ids=lambda each: f"{each.record} v{each.version}")
def test_every_released_version_is_read_as_fastavro_reads_it(version: Released) -> None:
    """Every symbol and branch once; what an older version lacks has its default."""
    schema = wire.parse_plain(schema_of(version))
    taken = 0
    for number in range(64):
        body = BytesIO()
        fastavro.schemaless_writer(body, schema, _sample(schema, number, {}))
        read = generated(RECORDS[version.record], body.getvalue(), schema)
        assert read is REFUSED or read == judged(RECORDS[version.record], body.getvalue(), schema)
        taken += read is not REFUSED
    assert taken, "the generated reader left every sample to fastavro"


@settings(max_examples=400)
@given(data=st.data())
def test_no_bytes_are_accepted_that_fastavro_reads_otherwise(data: st.DataObject) -> None:
    """Law 9: cut, changed, repeated and inserted bytes; an answer is fastavro's answer, or none."""
    event = data.draw(st.sampled_from(list(EXAMPLES.values())))
    record = type(event)
    body = bytearray(Codec(record).encode(event)[wire.HEADER_BYTES :])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 3))
        body[at : at + cut] = data.draw(st.binary(max_size=11))
    schema = wire.current_plain(record.__name__)
    read = generated(record, bytes(body), schema)
    assert read is REFUSED or read == judged(record, bytes(body), schema)


@pytest.mark.parametrize(
    "length",
    [
        b"\x01",  # minus one: it would move backwards
        b"\xff" * 9 + b"\x7f",  # more than 64 bits
        b"\x80" * 11 + b"\x01",  # more bytes than a long has
        b"\xfe" * 8 + b"\x7f",  # a length far beyond the bytes
    ],
)
def test_impossible_lengths_are_left_to_fastavro(length: bytes) -> None:
    """The first field of an event is a string; its length is not believed."""
    body = Codec(PaymentSucceeded).encode(PAYMENT)[wire.HEADER_BYTES :]
    schema = wire.current_plain("PaymentSucceeded")
    with pytest.raises(FALLBACK):
        reader_of(PaymentSucceeded, schema)(length + body[1:], 0)
    assert generated(PaymentSucceeded, length + body[1:], schema) is REFUSED


def test_a_count_beyond_the_bytes_makes_no_list() -> None:
    """Law 9: a million items announced by three bytes are refused before one is read."""
    schema = {
        "type": "record",
        "name": "Many",
        "fields": [{"name": "ids", "type": {"type": "array", "items": "string"}}],
    }

    class Many(msgspec.Struct, frozen=True):
        ids: tuple[str, ...]

    read = reader_of(Many, schema)
    assert read(b"\x04\x02a\x02b\x00", 0) == (Many(("a", "b")), 6)
    with pytest.raises(NotPlain):
        read(b"\x80\x89\x7a" + b"\x00" * 10, 0)


def test_a_schema_with_a_field_that_the_record_lacks_is_refused_when_it_is_made() -> None:
    """Nothing is skipped silently: such versions are fastavro's."""
    schema = {"type": "record", "name": "One", "fields": [{"name": "unknown", "type": "string"}]}

    class One(msgspec.Struct, frozen=True):
        known: str = ""

    with pytest.raises(TypeError, match="unknown"):
        reader_of(One, schema)

"""Encoding and decoding of every record, and every way in which bytes can be wrong (issue 3, section 2; bad input)."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.codec import (
    Codec,
    EventCodec,
    Undecodable,
    Unencodable,
    cloud_event_headers,
    decode_event,
    decode_result,
    decode_settings,
    decode_writeback,
    encode_event,
    encode_result,
    encode_settings,
    encode_writeback,
)
from schemas.events import EVENT_TYPES, Event, PaymentKind, PaymentSucceeded
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion, TypeModes
from schemas.reasons import DeadLetterReason
from schemas.topics import STREAM_TOPICS, TopicName
from schemas.validation import Invalid, validate
from schemas.wire import WriterSchema
from schemas.writebacks import Result, Writeback
from tests.schemas.examples import AT, EXAMPLES, PAYMENT, PAYOUT, any_record, changed


@pytest.mark.parametrize("kind", EVENT_TYPES)
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    """decode(encode(x)) = x, whatever the fields hold."""
    event = data.draw(any_record(kind))
    assert decode_event(STREAM_TOPICS[kind.stream], encode_event(event)) == event


@given(writeback=any_record(Writeback))
def test_every_writeback_comes_back_as_it_was(writeback: Writeback) -> None:
    """All that RULES says reaches INTAKE unchanged."""
    assert decode_writeback(encode_writeback(writeback)) == writeback


@given(result=any_record(Result))
def test_every_result_comes_back_as_it_was(result: Result) -> None:
    """Reasons of both kinds included."""
    assert decode_result(encode_result(result)) == result


def test_a_history_of_settings_comes_back_as_it_was() -> None:
    """Law 14: every version, with its wall times and dates."""
    settings = PracticeSettings(zone="America/New_York", cut_off=time(2, 30), types=TypeModes(), master=True)
    version = SettingsVersion(
        version=1, effective_from=AT, saved_at=AT, saved_by="ada", reason="start", settings=settings
    )
    history = SettingsHistory(practice_id="p", versions=(version, changed(version, version=2)))
    assert decode_settings(encode_settings(history)) == history


def test_another_zone_is_the_same_instant() -> None:
    """Instants are UTC on the wire; the offset they came with does not matter."""
    there = changed(PAYMENT, occurred_at=AT.astimezone(timezone(timedelta(hours=-5))))
    assert encode_event(there) == encode_event(PAYMENT)


def test_a_naive_instant_is_not_written() -> None:
    """An instant without an offset is no instant."""
    with pytest.raises(Unencodable, match="occurred_at"):
        encode_event(changed(PAYMENT, occurred_at=datetime(2026, 3, 1)))  # noqa: DTZ001 - the fault under test


def test_what_does_not_fit_its_schema_is_not_written() -> None:
    """A long has 64 bits."""
    with pytest.raises(Unencodable, match="PaymentSucceeded"):
        encode_event(changed(PAYMENT, gross_minor=2**70))


def refused(topic: TopicName, value: bytes | None) -> Undecodable:
    with pytest.raises(Undecodable) as caught:
        decode_event(topic, value)
    return caught.value


@pytest.mark.parametrize("value", [None, b"", b"\0\0\0", b"garbage that is long enough", b"\1" + bytes(20)])
def test_garbage_is_no_wire_format(value: bytes | None) -> None:
    """Tombstones, too short values and other magic bytes: NOT_WIRE_FORMAT."""
    assert refused(TopicName.PAYMENTS, value).reason is DeadLetterReason.NOT_WIRE_FORMAT


def test_an_unknown_schema_id_is_named() -> None:
    """UNKNOWN_SCHEMA says which id, so that somebody can look it up."""
    error = refused(TopicName.PAYMENTS, wire.header(4711) + b"x")
    assert error.reason is DeadLetterReason.UNKNOWN_SCHEMA
    assert "4711" in str(error)


def test_an_event_on_another_topic_is_refused() -> None:
    """WRONG_TOPIC: its key and order would not be those of its stream."""
    assert refused(TopicName.PAYMENTS, encode_event(PAYOUT)).reason is DeadLetterReason.WRONG_TOPIC


def test_too_large_is_refused_before_it_is_read() -> None:
    """Law 9: 256 KiB for an event, whatever it holds."""
    value = wire.header(wire.fixed_schema_ids().id_of("PaymentSucceeded")) + bytes(256 * 1024)
    assert refused(TopicName.PAYMENTS, value).reason is DeadLetterReason.TOO_LARGE


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda event: type(event).__name__)
def test_bytes_after_the_record_and_missing_bytes_are_refused(event: Event) -> None:
    """One byte more or less is another record, not this one with something ignored."""
    topic, value = STREAM_TOPICS[event.stream], encode_event(event)
    assert refused(topic, value + b"\0").reason is DeadLetterReason.UNDECODABLE
    for end in range(wire.HEADER_BYTES, len(value)):
        assert refused(topic, value[:end]).reason in (DeadLetterReason.UNDECODABLE, DeadLetterReason.UNKNOWN_ENUM)


@given(body=st.binary(max_size=300), kind=st.sampled_from(EVENT_TYPES))
def test_no_bytes_do_anything_but_decode_or_be_refused(body: bytes, kind: type[Event]) -> None:
    """Poison is a named refusal, never another exception."""
    topic = STREAM_TOPICS[kind.stream]
    with suppress(Undecodable):
        decode_event(topic, wire.header(wire.fixed_schema_ids().id_of(kind.__name__)) + body)


def test_an_instant_beyond_the_calendar_is_refused_by_field() -> None:
    """INVALID_FIELD names occurred_at; the number is not repeated."""
    codec = Codec(PaymentSucceeded)
    values = codec._shape.to_avro(PAYMENT) | {"occurred_at": 2**62}
    from io import BytesIO

    from fastavro import schemaless_writer

    body = BytesIO()
    schemaless_writer(body, codec._schema, values, disable_tuple_notation=True)
    error = refused(TopicName.PAYMENTS, codec._header + body.getvalue())
    assert (error.reason, error.field) == (DeadLetterReason.INVALID_FIELD, "occurred_at")


class NewerIds:
    """A registry in which somebody else has released a newer PaymentSucceeded."""

    def __init__(self, newer: dict[str, Any]) -> None:
        self.newer = WriterSchema(schema_id=9001, record=newer["name"], schema=wire.parse_plain(newer), current=False)

    def id_of(self, record: str) -> int:
        return wire.fixed_schema_ids().id_of(record)

    def writer(self, schema_id: int) -> WriterSchema | None:
        return self.newer if schema_id == 9001 else wire.fixed_schema_ids().writer(schema_id)


def newer_payment() -> dict[str, Any]:
    schema = copy.deepcopy(wire.current_schema("PaymentSucceeded"))
    for field in schema["fields"]:
        if field["name"] == "kind":
            field["type"]["symbols"].append("SUBSCRIPTION")
    schema["fields"].append({"name": "loyalty", "type": ["null", "string"], "default": None})
    return schema


def test_a_newer_writer_is_read_and_its_new_value_is_refused_by_name() -> None:
    """Rules of evolution: a new field is skipped; a new enum value arrives as UNKNOWN and is a dead letter by name."""
    from io import BytesIO

    from fastavro import schemaless_writer

    ids = NewerIds(newer_payment())
    codec = EventCodec(ids)
    values = Codec(PaymentSucceeded)._shape.to_avro(PAYMENT) | {"loyalty": "gold"}
    for kind, expected in (("TERMINAL", PaymentKind.TERMINAL), ("SUBSCRIPTION", PaymentKind.UNKNOWN)):
        body = BytesIO()
        schemaless_writer(body, ids.newer.schema, values | {"kind": kind}, disable_tuple_notation=True)
        event = codec.decode(TopicName.PAYMENTS, wire.header(9001) + body.getvalue())
        assert event == changed(PAYMENT, kind=expected)
    with pytest.raises(Invalid) as caught:
        validate(event)
    assert (caught.value.reason, caught.value.field) == (DeadLetterReason.UNKNOWN_ENUM, "kind")


def test_cloud_event_headers() -> None:
    """CloudEvents 1.0, Kafka binding; ids only."""
    headers = dict(cloud_event_headers(PAYMENT))
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"ev-1",
        "ce_source": b"payments.example",
        "ce_type": b"writeback.payments.PaymentSucceeded.v1",
        "ce_time": b"2026-03-01T17:00:00.123456Z",
        "ce_subject": b"practice-1",
        "content-type": b"application/vnd.confluent.avro",
    }


def test_another_avro_reader_reads_our_values() -> None:
    """The body is plain Avro with logical types: any tool that has the avsc reads instants as instants."""
    from io import BytesIO

    import fastavro

    schema = fastavro.parse_schema(json.loads(json.dumps(wire.current_schema("PaymentSucceeded"))))
    read: Any = fastavro.schemaless_reader(BytesIO(encode_event(PAYMENT)[5:]), schema, None)
    assert read["occurred_at"] == AT.astimezone(UTC)
    assert read["remittance"]["claims"][0]["service_from"].isoformat() == "2026-02-01"

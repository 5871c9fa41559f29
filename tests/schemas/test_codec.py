"""Encoding and decoding of every record, and every way in which bytes can be wrong."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta, timezone
from io import BytesIO
from typing import Any

import fastavro
import msgspec
import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.bookkeeping.money import Money
from schemas.codec import (
    Codec,
    EventCodec,
    Undecodable,
    Unencodable,
    cloud_event_headers,
    decode_event,
    decode_settings,
    encode_event,
    encode_settings,
)
from schemas.events import EVENT_TYPES, CardRef, Event, PaymentKind, PaymentSucceeded
from schemas.practice_settings import PracticeSettings, SettingsHistory, SettingsVersion, TypeModes
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.topics import STREAM_TOPICS, TopicName
from schemas.validation.events import Invalid, validate
from schemas.vocabulary import DeadLetterReason
from schemas.wire import WriterSchema
from schemas.writebacks import Result, Writeback
from tests.schemas.examples import AT, EXAMPLES, PAYMENT, PAYOUT, any_record, changed


@pytest.mark.parametrize("record", [*EVENT_TYPES, Writeback, Result, RecordRefused, SenderWarning])
@settings(max_examples=40)
@given(data=st.data())
def test_every_record_comes_back_as_it_was(record: type[msgspec.Struct], data: st.DataObject) -> None:
    """decode(encode(x)) = x, whatever the fields hold; and our bytes are those that fastavro writes."""
    one = data.draw(any_record(record))
    codec = Codec(record)
    value = codec.encode(one)
    assert codec.decode(value) == one
    plain = wire.current_plain(record.__name__)
    read: Any = schemaless_reader(BytesIO(value[wire.HEADER_BYTES :]), plain, None)
    assert written(plain, read) == value[wire.HEADER_BYTES :]


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda event: type(event).__name__)
def test_each_stream_has_its_events(event: Event) -> None:
    """The topic and the schema id say together what a value is."""
    assert decode_event(STREAM_TOPICS[event.stream], encode_event(event)) == event


def test_a_history_of_settings_comes_back_as_it_was() -> None:
    """Law 14: every version, with its wall times and dates."""
    body = PracticeSettings(zone="America/New_York", cut_off=time(2, 30), types=TypeModes(), master=True)
    version = SettingsVersion(version=1, effective_from=AT, saved_at=AT, saved_by="ada", reason="start", settings=body)
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
    with pytest.raises(Unencodable, match="gross_minor"):
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
    plain = wire.current_plain("PaymentSucceeded")
    value = written(plain, plain_values(PAYMENT) | {"occurred_at": 2**62})
    error = refused(TopicName.PAYMENTS, encode_event(PAYMENT)[:5] + value)
    assert (error.reason, error.field) == (DeadLetterReason.INVALID_FIELD, "occurred_at")


class NewerIds:
    """A registry in which somebody else has released a newer PaymentSucceeded."""

    def __init__(self, newer: dict[str, Any]) -> None:
        self.newer = WriterSchema(schema_id=9001, record=newer["name"], schema=wire.parse_plain(newer), ours=False)

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
    ids = NewerIds(newer_payment())
    codec = EventCodec(ids)
    values = plain_values(PAYMENT) | {"loyalty": "gold"}
    for kind, expected in (("TERMINAL", PaymentKind.TERMINAL), ("SUBSCRIPTION", PaymentKind.UNKNOWN)):
        value = written(ids.newer.schema, values | {"kind": kind})
        event = codec.decode(TopicName.PAYMENTS, wire.header(9001) + value)
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


def plain_values(event: PaymentSucceeded) -> dict[str, Any]:
    """What fastavro reads from our bytes, instants as they are on the wire."""
    values: Any = schemaless_reader(BytesIO(encode_event(event)[5:]), wire.current_plain("PaymentSucceeded"), None)
    return dict(values)


def written(schema: Any, values: dict[str, Any]) -> bytes:
    body = BytesIO()
    schemaless_writer(body, schema, values)
    return body.getvalue()


def test_another_avro_reader_reads_our_values() -> None:
    """The body is plain Avro with logical types: any tool that has the avsc reads instants as instants."""
    schema = fastavro.parse_schema(json.loads(json.dumps(wire.current_schema("PaymentSucceeded"))))
    read: Any = schemaless_reader(BytesIO(encode_event(PAYMENT)[5:]), schema, None)
    assert read["occurred_at"] == AT.astimezone(UTC)
    assert read["remittance"]["claims"][0]["service_from"].isoformat() == "2026-02-01"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"gross_minor": "1"}, "gross_minor"),
        ({"gross_minor": None}, "gross_minor"),
        ({"currency": None}, "currency"),
        ({"currency": "\ud800"}, "currency"),
        ({"kind": "TERMINAL?"}, "kind"),
        ({"splits": ("x",)}, "splits"),
        ({"card": CardRef(brand=7, last4="4242")}, "card.brand"),  # type: ignore[arg-type] # the fault under test
    ],
)
def test_what_cannot_be_written_is_named(fields: dict[str, Any], named: str) -> None:
    """A fault of our own is found by its field; the value is not repeated."""
    with pytest.raises(Unencodable, match=f"^{named}") as caught:
        encode_event(changed(PAYMENT, **fields))
    assert "TERMINAL" not in str(caught.value)


def test_decoded_amounts_are_money() -> None:
    """M-1, M-8: an amount has its currency; a fee that is not known is none, never zero (N-5)."""
    assert PAYMENT.gross - (PAYMENT.fee or Money(0)) == Money(9680, "USD")
    assert PAYMENT.surcharge == Money(0, "USD")
    assert changed(PAYMENT, fee_minor=None).fee is None
    assert str(PAYOUT.net) == "96.80 USD"

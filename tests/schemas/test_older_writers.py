"""Records that were written under an older released version are read as resolution by Avro would read them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import fastavro
import pytest

from schemas import wire
from schemas.avro_values import Shape
from schemas.codec import EVENTS_BY_NAME, Codec, Undecodable, decode_event
from schemas.compatibility import Released, _sample, current, released, schema_of
from schemas.practice_settings import SettingsHistory
from schemas.topics import TopicName
from schemas.writebacks import Result, Writeback
from tests.processors.rules.kind_examples import claim, line, remitted

RECORDS: dict[str, Any] = EVENTS_BY_NAME | {each.__name__: each for each in (Result, SettingsHistory, Writeback)}
OLDER = [each for each in released() if schema_of(each) != current(each.record)]


def read(record: str, body: bytes, writer: Any, reader: Any) -> Any:
    values: Any = fastavro.schemaless_reader(BytesIO(body), writer, reader)
    try:
        return Shape(RECORDS[record]).from_avro(values)
    except Undecodable as error:
        return error.reason, error.field


@pytest.mark.parametrize("version", OLDER, ids=lambda each: f"{each.record} v{each.version}")
def test_an_older_version_is_read_alike_with_and_without_resolution(version: Released) -> None:
    """Rules of evolution: every symbol and branch once; what the older version lacks has its default."""
    writer, reader = wire.parse_plain(schema_of(version)), wire.current_plain(version.record)
    for number in range(64):
        body = BytesIO()
        fastavro.schemaless_writer(body, writer, _sample(writer, number, {}))
        direct = read(version.record, body.getvalue(), writer, None)
        assert direct == read(version.record, body.getvalue(), writer, reader)


def test_every_version_that_we_released_is_read_without_resolution() -> None:
    """Resolution takes twice as long, and upstreams change their version when they like."""
    ids = wire.fixed_schema_ids()
    found = [ids.writer(version.id) for version in released()]
    assert all(writer is not None and writer.ours for writer in found)


def test_an_insurer_of_the_first_version_remarks_nothing() -> None:
    """I-5: PaymentSucceeded v1 has no remarks."""
    event = remitted(claim(line(12000, CO_45=5000)))
    body = Codec(type(event)).encode(event)[wire.HEADER_BYTES :]
    first = schema_of(next(each for each in released() if each.record == "PaymentSucceeded"))
    values = fastavro.schemaless_reader(BytesIO(body), wire.current_plain("PaymentSucceeded"), wire.parse_plain(first))
    old = BytesIO()
    fastavro.schemaless_writer(old, wire.parse_plain(first), values)
    assert decode_event(TopicName.PAYMENTS, wire.header(1001) + old.getvalue()) == event

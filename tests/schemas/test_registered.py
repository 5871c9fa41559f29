"""Schemas of a registry: ours are recognised, others of ours are resolved, and hostile ones are never decoded by."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import compatibility
from schemas.codec import Undecodable, decode_event, encode_event
from schemas.registered import NotOursError, accepted, full_name, subject, under_released_id
from schemas.topics import CATALOGUE, TopicName
from schemas.vocabulary import DeadLetterReason
from tests.schemas.examples import PAYMENT, PAYOUT

Schema = dict[str, Any]
BODY = encode_event(PAYMENT)[5:]


def payment_schema() -> Schema:
    return compatibility.current("PaymentSucceeded")


def test_every_released_version_is_known_by_what_it_is_on_the_wire() -> None:
    """Without words, defaults and order of properties, as Avro's canonical form has it."""
    for version in compatibility.released():
        schema = compatibility.schema_of(version)
        bare = json.dumps({key: schema[key] for key in reversed(schema) if key != "doc"})
        assert accepted(7, bare).released is not None, version


def test_values_keep_their_bytes_behind_our_header() -> None:
    found = accepted(7, json.dumps(payment_schema()))
    ours = under_released_id(b"\0\0\0\0\7" + BODY, found)
    assert ours[5:] == BODY
    assert decode_event(TopicName.PAYMENTS, ours) == PAYMENT


def test_a_newer_schema_of_an_event_is_resolved_against_ours() -> None:
    """An upstream that was updated first: a field that we do not know is left out, the money is the same."""
    schema = payment_schema()
    schema["fields"].insert(1, {"name": "store_ref", "type": "string"})
    written = fastavro.schemaless_reader(BytesIO(BODY), fastavro.parse_schema(payment_schema()), None)
    body = BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), {**written, "store_ref": "s-1"})  # type: ignore[dict-item]
    found = accepted(9, json.dumps(schema))
    assert found.released is None
    assert decode_event(TopicName.PAYMENTS, under_released_id(b"\0\0\0\0\x09" + body.getvalue(), found)) == PAYMENT
    with pytest.raises(Undecodable) as refused:
        under_released_id(b"\0\0\0\0\x09" + body.getvalue()[:-1], found)
    assert refused.value.reason is DeadLetterReason.UNDECODABLE


def changed(change: Callable[[Schema], object]) -> str:
    schema = payment_schema()
    change(schema)
    return json.dumps(schema)


def field(kind: Any) -> str:
    return changed(lambda schema: schema["fields"].append({"name": "more", "type": kind}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"string"',
        '{"type":"string"}',
        '{"name":5,"type":"record","fields":[]}',
        "[" * 100_000,
        '{"type":' * 5_000,
        " " * 300_000 + "{}",
        changed(lambda schema: schema.update(namespace="evil")),
        changed(lambda schema: schema.update(name="Writeback")),
        changed(lambda schema: schema.update(type="enum", symbols=["A"])),
        changed(lambda schema: schema.update(fields="none")),
        field({"type": "array", "items": "null"}),
        field({"type": "array", "items": {"type": "fixed", "name": "nothing", "size": 0}}),
        field({"type": "array", "items": {"type": "record", "name": "empty", "fields": []}}),
        field({"type": "record", "name": "wide", "fields": [{"name": "n", "type": "null"}]}),
        field({"type": "map", "values": {"type": "array", "items": "null"}}),
        field(["null", {"type": "array", "items": "null"}]),
        field("unheard.Of"),
    ],
)
def test_what_no_record_may_be_read_by_is_refused(text: str) -> None:
    """No schema, another's, or one by which few bytes would be read for ever."""
    with pytest.raises(NotOursError):
        accepted(7, text)


@given(st.text(max_size=300) | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(json.dumps))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(NotOursError):
        accepted(7, text)


def test_a_schema_that_holds_itself_ends() -> None:
    """Its value could be nested as deep as it is long: no record of ours, and no crash."""
    schema = payment_schema()
    name = full_name("PaymentSucceeded")
    schema["fields"].append({"name": "inner", "type": ["null", name]})
    found = accepted(7, json.dumps(schema))
    with pytest.raises(Undecodable):
        under_released_id(b"\0\0\0\0\7" + (BODY + b"\2") * 900, found)


def test_subjects_are_topic_and_record_name() -> None:
    """One for each record type of each topic, with the environment's prefix; none stands twice."""
    assert subject("eu.", TopicName.PAYOUTS, "PayoutPaid") == "eu.payouts.v1-writeback.payouts.v1.PayoutPaid"
    names = [subject("", spec.name, record) for spec in CATALOGUE.values() for record in spec.records]
    assert len(set(names)) == len(names)
    assert encode_event(PAYOUT)

"""A registry's ids: asked once, kept over a restart, never waited for long, and never believed beyond their schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import compatibility
from schemas.codec import Undecodable, encode_event
from schemas.topics import SOURCE_RECORD_BYTES, TopicName
from schemas.vocabulary import DeadLetterReason
from schemas.wire import fixed_schema_ids, header
from streams.kafka.registered_schemas import (
    MISSED_S,
    MOST_MISSED,
    PAUSE_S,
    REFILL_S,
    WAIT_S,
    RegisteredSchemas,
    UnansweredSchema,
)
from streams.kafka.registered_subjects import SubjectIds, register_all
from streams.kafka.schema_file import SchemaFile
from streams.kafka.schema_registry import MOST_ANSWER_BYTES, MOST_STUCK, RegistryUnavailable, SchemaRegistry
from streams.runtime.errors import ConfigurationError
from tests.registry_server import RegistryServer, registry_server
from tests.schemas.examples import PAYMENT

OURS = encode_event(PAYMENT)
BODY = OURS[5:]
TEXT = json.dumps(compatibility.current("PaymentSucceeded"))
FOREIGN = '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"total","type":"long"}]}'
RELEASED = fixed_schema_ids().id_of("PaymentSucceeded")


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    def __call__(self) -> float:
        return self.now


def schemas(server: RegistryServer, clock: Clock | None = None, file: SchemaFile | None = None) -> RegisteredSchemas:
    clock = clock or Clock()
    return RegisteredSchemas(SchemaRegistry(server.url, ask_s=60), file, monotonic=clock, sleep=clock.sleep)


def read(known: RegisteredSchemas, schema_id: int) -> bytes | None:
    return known.released(TopicName.PAYMENTS, header(schema_id) + BODY)


def test_an_id_is_asked_for_once(server: RegistryServer) -> None:
    server.add(7, TEXT)
    known = schemas(server)
    assert [read(known, 7) for _ in range(3)] == [OURS] * 3
    assert server.asked == ["GET /schemas/ids/7"]
    server.fault = "away"
    assert read(known, 7) == OURS


def test_an_unknown_id_is_a_dead_letter_and_is_asked_for_again_later(server: RegistryServer) -> None:
    """A schema that was registered after its first record; meanwhile the registry is left alone."""
    clock = Clock()
    known = schemas(server, clock)
    for _ in range(2):
        with pytest.raises(Undecodable, match=r"7: the schema registry has none of ours") as refused:
            read(known, 7)
        assert refused.value.reason is DeadLetterReason.UNKNOWN_SCHEMA
    assert len(server.asked) == 1
    server.add(7, TEXT)
    clock.now += MISSED_S
    assert read(known, 7) == OURS


def test_a_released_id_is_ours_only_where_the_registry_has_none(server: RegistryServer) -> None:
    """Records from before the registry are read on; the same number of another team's schema is not ours."""
    assert read(schemas(server), RELEASED) == OURS
    server.add(RELEASED, FOREIGN)
    with pytest.raises(Undecodable):
        read(schemas(server), RELEASED)


@pytest.mark.expects_errors
def test_a_registry_that_is_away_is_waited_for_within_a_bound(server: RegistryServer) -> None:
    """However many records name new ids; the time comes back, and nothing was believed meanwhile."""
    server.add(7, TEXT)
    server.fault = "away"
    clock = Clock()
    known = schemas(server, clock)
    for schema_id in range(7, 57):
        with pytest.raises(UnansweredSchema, match="did not answer") as refused:
            read(known, schema_id)
        assert refused.value.reason is DeadLetterReason.UNKNOWN_SCHEMA
    assert WAIT_S <= clock.slept < 2 * WAIT_S
    assert len(server.asked) == 0
    server.fault = None
    with pytest.raises(UnansweredSchema):
        read(known, 7)
    clock.now += REFILL_S
    assert read(known, 7) == OURS


@pytest.mark.expects_errors
def test_a_released_id_is_not_guessed_while_the_registry_is_away(server: RegistryServer) -> None:
    """What it means was never asked; once that is known, an outage changes nothing."""
    server.fault = "away"
    clock = Clock()
    known = schemas(server, clock)
    with pytest.raises(UnansweredSchema):
        read(known, RELEASED)
    server.fault = None
    clock.now += REFILL_S
    assert read(known, RELEASED) == OURS
    server.fault = "away"
    clock.now += REFILL_S
    assert read(known, RELEASED) == OURS


def test_a_short_outage_costs_a_pause(server: RegistryServer) -> None:
    server.add(7, TEXT)
    server.fault = "away"
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        server.fault = None

    known = RegisteredSchemas(SchemaRegistry(server.url, ask_s=60), monotonic=clock, sleep=sleep)
    assert read(known, 7) == OURS
    assert clock.slept == PAUSE_S


@pytest.mark.parametrize("fault", ["hangs", "drips"])
def test_a_question_that_never_ends_is_left(server: RegistryServer, fault: str) -> None:
    """A socket's time-out counts from its last byte, so a drip would go on; of those there are few at once."""
    server.fault = fault
    registry = SchemaRegistry(server.url, ask_s=0.3)
    for _ in range(MOST_STUCK + 3):
        with pytest.raises(RegistryUnavailable):
            registry.schema(7)
    if fault == "drips":
        assert server.asked == ["drips"] * MOST_STUCK


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"schema": 5}',
        b'{"id": "x"}',
        b"[" * 200_000,
        b'{"schema": "' + b"x" * MOST_ANSWER_BYTES + b'"}',
    ],
)
def test_an_answer_that_is_none_is_no_answer(server: RegistryServer, answer: bytes) -> None:
    server.answers["/schemas/ids/7"] = answer
    with pytest.raises(RegistryUnavailable):
        SchemaRegistry(server.url, ask_s=60).schema(7)


@pytest.mark.parametrize("more", ['"schemaType":"PROTOBUF"', '"references":[{"name":"a","subject":"b","version":1}]'])
def test_a_schema_of_another_kind_is_none(server: RegistryServer, more: str) -> None:
    server.answers["/schemas/ids/7"] = b'{"schema":' + json.dumps(TEXT).encode() + b"," + more.encode() + b"}"
    assert SchemaRegistry(server.url, ask_s=60).schema(7) is None


@pytest.mark.expects_errors
def test_what_was_learned_outlives_the_process(server: RegistryServer, tmp_path: Path) -> None:
    """A role that starts while the registry is away reads what it read; another registry's ids are not taken for it."""
    server.add(7, TEXT)
    assert read(schemas(server, file=SchemaFile(tmp_path / "s.json", server.url)), 7) == OURS
    server.fault = "away"
    assert read(schemas(server, file=SchemaFile(tmp_path / "s.json", server.url)), 7) == OURS
    with pytest.raises(UnansweredSchema):
        read(schemas(server, file=SchemaFile(tmp_path / "s.json", "http://other")), 7)


@pytest.mark.expects_errors
@pytest.mark.parametrize("content", [b"", b"[]", b'{"registry":"x","schemas":{"a":1}}', b"\xff" * 10])
def test_a_broken_file_costs_a_question(server: RegistryServer, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(content)
    server.add(7, TEXT)
    assert read(schemas(server, file=SchemaFile(path, server.url)), 7) == OURS


def test_what_is_no_value_of_the_wire_format_is_left_to_the_decoder(server: RegistryServer) -> None:
    known = schemas(server)
    for value in (None, b"", b"\0\0", b"{}", header(7) + b"x" * SOURCE_RECORD_BYTES):
        assert known.released(TopicName.PAYMENTS, value) == value
    assert server.asked == []
    assert known.readable(TopicName.PAYMENTS, header(7) + b"x") == header(0) + b"x"


def test_a_flood_of_made_up_ids_is_bounded(server: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    known = schemas(server)
    monkeypatch.setattr(SchemaRegistry, "schema", lambda _, schema_id: None)
    for schema_id in range(2**20, 2**20 + MOST_MISSED + 50):
        with pytest.raises(Undecodable):
            read(known, schema_id)
    assert len(known._missed) == MOST_MISSED


def test_the_contract_is_registered_and_written_by(server: RegistryServer) -> None:
    """Every version of every type, held to full compatibility; repeats change nothing, and credentials go along."""
    registry = SchemaRegistry(server.url, "us:er", ask_s=60)
    first = list(register_all(registry, "eu."))
    assert list(register_all(registry, "eu.")) == first
    assert set(server.compatibility.values()) == {"FULL_TRANSITIVE"}
    assert len(first) == len(server.subjects) == len(server.compatibility)
    assert set(server.credentials) == {"Basic dXM6ZXI="}
    ids = SubjectIds(registry, "eu.")
    before = len(server.asked)
    written = [ids.registered(TopicName.PAYMENTS, OURS) for _ in range(3)]
    assert len(server.asked) == before + 1
    (name,) = [each for each in first if each.name.endswith("payments.v1.PaymentSucceeded")]
    assert written == [header(name.ids[-1]) + BODY] * 3
    assert schemas(server).released(TopicName.PAYMENTS, written[0]) == OURS


def test_what_is_not_registered_is_not_sent(server: RegistryServer) -> None:
    with pytest.raises(ConfigurationError, match="topics register"):
        SubjectIds(SchemaRegistry(server.url, ask_s=60), "").registered(TopicName.PAYMENTS, OURS)

"""Bad input through every role (laws 9, 11): each record has its reason, and blocks nobody."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import KafkaError, Producer

from schemas.codec import encode_event
from schemas.events import FeePart
from schemas.topics import PAYOUT_ITEMS, SOURCE_RECORD_BYTES, TopicName, physical
from tests.deploy.commands.console import writeback
from tests.scenarios import topics
from tests.scenarios.example_events import just_now, payment, payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put, put_all
from tests.scenarios.waiting import WITHIN_S
from tests.streams.kafka.test_event_files import line_of

pytestmark = pytest.mark.stack

GARBAGE = b"\xde\xad\xbe\xef"
OTHER_ID = b"\x00\x00\x0f\x42\x3f"
"""Wire format, and a schema id that nobody gave out."""


def dead_letters_by_value(pipeline: Pipeline) -> dict[bytes | None, tuple[bytes | None, int, str, str]]:
    """By value: key, partition, reason and the field at fault."""
    return {
        each.value: (
            each.key,
            each.partition,
            each.headers["dl-reason"].decode(),
            each.headers.get("dl-field", b"").decode(),
        )
        for each in topics.dead_letters(pipeline.world)
    }


def test_every_kind_of_bad_record_is_a_dead_letter_and_its_neighbours_are_posted(pipeline: Pipeline) -> None:
    """Garbage, unknown ids, wrong types and topics, negative amounts, sums that disagree and dates to come leave with
    key and bytes as they were and one reason each; good payments between them, first and last, are posted."""
    practice = pipeline.practice()
    key = practice.encode()
    good = [payment(practice, f"pt-{number % 3 + 1}", 1_000 + number, 30) for number in range(6)]
    torn = encode_event(good[0])
    bad = {
        GARBAGE: "NOT_WIRE_FORMAT",
        OTHER_ID + b"x": "UNKNOWN_SCHEMA",
        torn[:-3]: "UNDECODABLE",
        torn + b"\x00": "UNDECODABLE",
        torn[:5] + b"\xff" * (len(torn) - 5): "UNDECODABLE",
        encode_event(payout(practice)): "WRONG_TOPIC",
        encode_event(payment(practice, gross=-5_000, fee=0)): "NEGATIVE_AMOUNT",
        encode_event(payment(practice, net_minor=1)): "AMOUNTS_DISAGREE",
        encode_event(payment(practice, currency="dollars")): "INVALID_FIELD",
        encode_event(payment(practice, currency="CAD")): "CURRENCY_MISMATCH",
        encode_event(payment(practice, patient="pt\x00-1")): "INVALID_FIELD",
        encode_event(payment(practice, occurred_at=just_now() + timedelta(hours=1))): "OCCURRED_IN_FUTURE",
        encode_event(payment(practice, occurred_at=just_now() + timedelta(days=40_000))): "OCCURRED_IN_FUTURE",
        encode_event(payment("another-practice")): "KEY_MISMATCH",
    }
    values = [encode_event(each) for each in good[:3]] + list(bad) + [encode_event(each) for each in good[3:]]
    values[0], values[3] = values[3], values[0]  # a poison pill first in the batch, too
    put_all(pipeline.world, [(TopicName.PAYMENTS, key, value, 0) for value in [*values, None]])
    pipeline.start_all()
    pipeline.send(payment(practice, gross=0, fee=0))
    pipeline.until_stored(len(values) + 2)
    pipeline.until_states(POSTED=12, SKIPPED_ZERO=1)
    refused = dead_letters_by_value(pipeline)
    assert {value: refused[value][2] for value in bad} == bad
    assert refused[None][2] == "NOT_WIRE_FORMAT"
    assert len(refused) == len(bad) + 1
    assert {found[:2] for found in refused.values()} == {(key, 0)}
    fields = {refused[value][3] for value in bad}
    assert {"gross_minor", "net_minor", "currency", "patient_ref", "occurred_at", "practice_id"} <= fields
    pipeline.invariants()


def test_records_near_the_limit_are_posted_and_beyond_it_are_dead_letters(pipeline: Pipeline) -> None:
    """Law 9: a payment of just under 256 KiB and a payout of 20,000 items are posted once; a payment of a megabyte and
    a payout of over 4 MiB leave as TOO_LARGE, byte for byte."""
    practice = pipeline.practice(quickbooks=True)
    pipeline.start_all()
    fees = tuple(FeePart(fee_kind=f"part-{number:05d}-" + "x" * 50, amount_minor=0) for number in range(4_500))
    near = payment(practice, fees=(FeePart(fee_kind="card", amount_minor=320), *fees))
    value = encode_event(near)
    while len(value) > SOURCE_RECORD_BYTES:
        near = msgspec.structs.replace(near, fees=(near.fees or ())[:-50])
        value = encode_event(near)
    assert len(value) > SOURCE_RECORD_BYTES - 8 * 1024
    large = payout(practice, ((100, 1),) * PAYOUT_ITEMS)
    pipeline.send(near, large)
    over, over_payout = value + bytes(1_000_000 - len(value)), encode_event(large) + bytes(4 * 1024 * 1024)
    over_payout = over_payout[: 4 * 1024 * 1024 + 60 * 1024]
    put(pipeline.world, TopicName.PAYMENTS, practice.encode(), over)
    put(pipeline.world, TopicName.PAYOUTS, practice.encode(), over_payout)
    pipeline.until_states(POSTED=3)
    pipeline.until_stored(4)
    refused = dead_letters_by_value(pipeline)
    assert set(refused) == {over, over_payout}
    assert {found[2] for found in refused.values()} == {"TOO_LARGE"}
    assert pipeline.at_targets() == {practice: 10_000 + 99 * PAYOUT_ITEMS}
    pipeline.invariants(replay=False)


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_ten_megabytes_are_refused_by_the_broker(pipeline: Pipeline, compression: str) -> None:
    """A message of 10 MB is not taken at all, however small it can be packed, so its sender knows at once."""
    errors: list[KafkaError | None] = []
    producer = Producer(
        {
            "bootstrap.servers": pipeline.world.bootstrap,
            "message.max.bytes": 20_000_000,
            "compression.type": compression,
            "acks": "all",
        }
    )
    for topic in (TopicName.PAYMENTS, TopicName.PAYOUTS):
        producer.produce(
            physical(pipeline.world.prefix, topic),
            bytes(10_000_000),
            b"p1",
            on_delivery=lambda error, _: errors.append(error),
        )
    assert producer.flush(WITHIN_S) == 0
    assert [error.name() if error else None for error in errors] == ["MSG_SIZE_TOO_LARGE"] * 2
    assert topics.sources(pipeline.world) == []


def test_a_file_with_bad_lines_is_reported_line_by_line(pipeline: Pipeline, tmp_path: Path) -> None:
    """`writeback send`: a line of 10 MB, a negative amount and garbage are refused with line, field and reason, exit 1;
    the good line is posted."""
    practice = pipeline.practice()
    good = payment(practice)
    file = tmp_path / "events.jsonl"
    file.write_bytes(
        line_of(good)
        + line_of(payment(practice), trace_id="x" * 10_000_000)
        + line_of(payment(practice), gross_minor=-1)
        + b"garbage\n"
    )
    said = writeback(pipeline.world, "send", str(file), "--json")
    assert said.code == 1, said.errors
    summary = msgspec.json.decode(str(said))
    assert summary["confirmed"] == 1
    found = [(each["line"], each["field"], each["reason"]) for each in summary["refused"]]
    assert found == [
        (2, "trace_id", "INVALID_FIELD"),
        (3, "gross_minor", "NEGATIVE_AMOUNT"),
        (4, "", "UNDECODABLE"),
    ]
    pipeline.start_all()
    pipeline.until_states(POSTED=2)
    pipeline.invariants()


def test_malformed_settings_are_refused_and_change_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    """`writeback settings set`: exit 2 and one sentence that names the field and what it takes; the version in force
    stays the one that decides."""
    practice = pipeline.practice()
    pipeline.start_all()
    file = tmp_path / "settings.json"
    for text, named in (
        (b"{", "is not JSON"),
        (b'{"zone": "America/New_Yrok"}', "did you mean America/New_York"),
        (b'{"zone": "America/New_York", "amount": "HALF"}', "amount: takes one of"),
        (b'{"zone": "America/New_York", "masterr": true}', "masterr: there is no such setting"),
        (b'{"master": true}', "zone: is needed"),
    ):
        file.write_bytes(text)
        said = writeback(pipeline.world, "settings", "set", practice, str(file), "--yes", "--why", "a try")
        assert said.code == 2, (text, said.errors)
        assert named in said.errors
        assert "Traceback" not in said.errors
    assert Counter(row["version"] for row in pipeline.rows("SELECT version FROM settings")) == {1: 1}
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=2)
    pipeline.invariants()

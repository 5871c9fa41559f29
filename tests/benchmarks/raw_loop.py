"""The limit that RULES is held against: consume, decode, encode, produce, in transactions, and nothing else.

`python -m tests.benchmarks.raw_loop writeback|echo PREFIX PARTITIONS` runs until SIGTERM. `writeback` encodes what
RULES writes for the same payment (the contract's record, of the same size, with nothing decided); `echo` encodes the
payment again. Client settings and batches are those of RULES.
"""

from __future__ import annotations

import io
import sys
import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from fastavro import schemaless_reader, schemaless_writer

from processors.rules.source_records import decide_record
from schemas import wire
from schemas.codec import encode_event, encode_writeback
from schemas.topics import TopicName, physical
from schemas.writebacks import SourcePosition, Writeback
from streams.kafka.client_config import consumer_config, producer_config
from streams.runtime.lifecycle import Stop
from streams.settings import ProgramSettings
from tests.benchmarks.traffic import histories, payments, practice_ids

HEADER = 5
BATCH = 5000
LINGER_S = 0.010


def main(arguments: list[str]) -> int:
    kind = arguments[0]
    encode = Encoder(kind)
    settings = ProgramSettings.load()
    stop = Stop()
    stop.on_signals()
    config = consumer_config(settings, group=f"raw-{kind}") | {"auto.offset.reset": "earliest"}
    consumer = Consumer(config)
    producer = Producer(producer_config(settings, transactional_id=f"raw-{kind}"))
    producer.init_transactions()
    consumer.subscribe([physical(settings.topic_prefix, TopicName.PAYMENTS)])
    out = f"{settings.topic_prefix}raw-{kind}"
    while not stop:
        batch = collect(consumer)
        if not batch:
            continue
        producer.begin_transaction()
        after: dict[tuple[str, int], int] = {}
        for message in batch:
            producer.produce(out, encode(message.value()), message.key())
            after[message.topic(), message.partition()] = message.offset() + 1
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in after.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
    consumer.close()
    return 0


def collect(consumer: Consumer) -> list[Any]:
    """Up to BATCH records, at most LINGER_S after the first, as RULES does."""
    batch = consumer.consume(1, timeout=0.5)
    until = time.monotonic() + LINGER_S
    while batch and len(batch) < BATCH and (left := until - time.monotonic()) > 0:
        batch += consumer.consume(min(500, BATCH - len(batch)), timeout=left)
    return [message for message in batch if message.error() is None]


class Encoder:
    """Decode with fastavro, copy what the output takes, encode with fastavro. Schemas are parsed once."""

    def __init__(self, kind: str) -> None:
        self._event = wire.current_plain("PaymentSucceeded")
        ids = wire.fixed_schema_ids()
        self._echo = kind == "echo"
        self._schema = self._event if self._echo else wire.current_plain("Writeback")
        self._header = wire.header(ids.id_of("PaymentSucceeded" if self._echo else "Writeback"))
        self._template = _template()

    def __call__(self, value: bytes) -> bytes:
        body = io.BytesIO(value)
        body.seek(HEADER)
        event: Any = schemaless_reader(body, self._event, None)
        record = event if self._echo else self._filled(event, value)
        out = io.BytesIO()
        out.write(self._header)
        schemaless_writer(out, self._schema, record, disable_tuple_notation=True)
        return out.getvalue()

    def _filled(self, event: dict[str, Any], value: bytes) -> dict[str, Any]:
        record = self._template
        record["occurred_at"] = event["occurred_at"]
        record["original"] = value
        identity = record["identity"]
        identity["practice_id"] = event["practice_id"]
        identity["event_id"] = event["event_id"]
        identity["subject"] = event["payment_id"]
        return record


def _template() -> dict[str, Any]:
    """What RULES writes for a usual payment (net, with its companion), as the plain values that Avro takes."""
    practices = practice_ids(1)
    (history,) = histories(practices)
    (payment,) = payments(1, practices, run="template")
    position = SourcePosition(
        topic=TopicName.PAYMENTS, topic_id="A" * 22, partition=0, offset=100_000, appended_at=payment.occurred_at
    )
    result = decide_record(position, practices[0].encode(), encode_event(payment), {practices[0]: history}.get)
    if not isinstance(result, Writeback):
        raise SystemExit(f"the template payment was refused: {result.reason}")
    plain: Any = schemaless_reader(io.BytesIO(encode_writeback(result)[HEADER:]), wire.current_plain("Writeback"), None)
    return dict(plain)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Invalid and repeated records as upstreams produce them, written to the topic without the producer kit's checks."""

from __future__ import annotations

import msgspec
from confluent_kafka import Producer

from deploy.demo.day import Day
from schemas.codec import encode_event
from schemas.events import MoneyFields
from schemas.topics import TopicName, physical
from schemas.validation.events import key_of
from streams.settings import ProgramSettings

DUPLICATES = 5
REFUSED = 3
"""Garbage, an unknown schema and amounts that disagree: dead letters."""


def send_invalid_records(settings: ProgramSettings, day: Day) -> int:
    """Send repeats, a conflict, garbage, an unknown schema and wrong sums; returns how many. Blocks."""
    producer = Producer({**settings.kafka_client(), "acks": "all", "partitioner": "murmur2_random"})
    topic = physical(settings.topic_prefix, TopicName.PAYMENTS)
    payments = [each for each in day.payments if on_payments_topic(each)]
    first = payments[0]
    values = [encode_event(each) for each in payments[:DUPLICATES]]
    values.append(encode_event(msgspec.structs.replace(first, gross_minor=first.gross_minor + 100, net_minor=None)))
    values.append(b"not an event at all")
    values.append(b"\x00\x00\x00\xff\xff" + encode_event(first)[5:])
    values.append(encode_event(msgspec.structs.replace(first, event_id="ev-wrong-sum", net_minor=first.gross_minor)))
    for value in values:
        producer.produce(topic, value, key_of(first))
    producer.flush(30)
    return len(values)


def on_payments_topic(event: MoneyFields) -> bool:
    """Whether it belongs on the payments topic."""
    return type(event).stream == "payments"

"""The producer kit against a real broker: where events land, what they carry, and what is refused (E-6, laws 9, 12)."""

from __future__ import annotations

import pytest
from confluent_kafka import OFFSET_BEGINNING, TIMESTAMP_LOG_APPEND_TIME, Consumer, TopicPartition

from schemas.codec import decode_event
from schemas.topics import TopicName, physical
from schemas.validation.events import Invalid
from schemas.vocabulary import DeadLetterReason
from streams.kafka.producer import Delivery, EventProducer, Undelivered
from streams.kafka.topics import ensure_topics
from tests.scenarios.waiting import WITHIN_S
from tests.schemas.examples import PAYMENT, PAYOUT, changed
from tests.worlds import World

pytestmark = pytest.mark.stack

KEYS = ("practice-1", "practice-2", "practice-3", "p", "a-much-longer-practice-id-0042")


def murmur2(data: bytes) -> int:
    """The hash of Kafka's own Java client, written down again as an independent answer; its sign bit is cleared."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if tail := data[whole:]:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def test_events_land_where_a_java_client_would_put_them(world: World) -> None:
    """Law 12: one practice, one partition, whichever client sends; key, headers and append time are as promised."""
    settings = world.settings(topic_partitions=12)
    ensure_topics(settings)
    deliveries: list[Delivery] = []
    with EventProducer(settings.kafka_client(), world.prefix, deliveries.append) as producer:
        for key in KEYS:
            producer.send(changed(PAYMENT, practice_id=key))
        producer.send(PAYOUT)
    assert [each.error for each in deliveries] == [None] * 6
    by_topic = {each.topic for each in deliveries}
    assert by_topic == {physical(world.prefix, TopicName.PAYMENTS), physical(world.prefix, TopicName.PAYOUTS)}
    for raw, partition, event in read_payments(world, len(KEYS)):
        assert partition == (murmur2(raw) & 0x7FFFFFFF) % 12
        assert event == changed(PAYMENT, practice_id=raw.decode())


def read_payments(world: World, count: int) -> list[tuple[bytes, int, object]]:
    consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": f"{world.prefix}look"})
    topic = physical(world.prefix, TopicName.PAYMENTS)
    consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in range(12)])
    found: list[tuple[bytes, int, object]] = []
    try:
        while len(found) < count:
            message = consumer.poll(20)
            assert message is not None, "the events did not arrive"
            assert message.error() is None
            assert message.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME
            headers = dict(message.headers() or ())
            assert headers["ce_subject"] == message.key()
            found.append(
                (
                    bytes(message.key() or b""),
                    message.partition() or 0,
                    decode_event(TopicName.PAYMENTS, bytes(message.value() or b"")),
                )
            )
    finally:
        consumer.close()
    return found


def test_an_event_that_breaks_the_contract_never_leaves(world: World) -> None:
    """The same checks as RULES makes, before the first byte."""
    producer = EventProducer({"bootstrap.servers": world.bootstrap}, world.prefix)
    with pytest.raises(Invalid) as refused:
        producer.send(changed(PAYMENT, net_minor=1))
    assert refused.value.reason is DeadLetterReason.AMOUNTS_DISAGREE
    producer.flush(5)
    assert producer.delivered == 0


@pytest.mark.long
def test_what_the_broker_did_not_confirm_is_said(world: World) -> None:
    """Nothing is lost in silence: a topic that is not there, or no broker, ends in Undelivered."""
    deliveries: list[Delivery] = []
    producer = EventProducer({"bootstrap.servers": world.bootstrap}, f"{world.prefix}absent.", deliveries.append)
    producer.send(PAYMENT)
    with pytest.raises(Undelivered, match="1 events were not confirmed"):
        producer.flush(WITHIN_S)
    assert [each.error for each in deliveries] in (["UNKNOWN_TOPIC_OR_PART"], ["_UNKNOWN_TOPIC"])
    silent = EventProducer({"bootstrap.servers": "127.0.0.1:1"})
    silent.send(PAYMENT)
    with pytest.raises(Undelivered, match="send them again"):
        silent.flush(0.2)

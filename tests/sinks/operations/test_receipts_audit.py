"""The auditor finds what has no receipt, and takes control and aborted records for what they are (law 11)."""

from __future__ import annotations

import threading

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from schemas.topics import TopicName, physical
from sinks.operations.queries.receipts_audit import PartitionAudit, audit
from streams.kafka.topic_identity import TopicGuard
from streams.kafka.topics import ensure_topics
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

WAIT = threading.Event().wait


def produced(world: World, *, transactions: int = 2, aborted: int = 1) -> str:
    """Upstream in transactions: on one partition 3 records and a marker each; aborted ones between. The topic's id."""
    producer = Producer({"bootstrap.servers": world.bootstrap, "transactional.id": f"{world.prefix}upstream"})
    producer.init_transactions(WITHIN_S)
    topic = physical(world.prefix, TopicName.PAYMENTS)
    for number in range(transactions + aborted):
        producer.begin_transaction()
        for _ in range(3):
            producer.produce(topic, b"value", b"key", partition=1)
        if number == 1:
            producer.flush(WITHIN_S)
            producer.abort_transaction(WITHIN_S)
        else:
            producer.commit_transaction(WITHIN_S)
    return topic


def give_receipts(database: LedgerDatabase, topic_id: str, *offsets: int, practice_id: str = "p") -> None:
    for offset in offsets:
        database.connection.execute(
            "INSERT INTO receipts (practice_id, topic_id, part, off, verdict) VALUES (%s, %s, 1, %s, 'FIRST')",
            (practice_id, topic_id, offset),
        )


def audited(world: World, database: LedgerDatabase) -> list[PartitionAudit]:
    return audit(database.connection, world.settings(), wait=WAIT)


def topic_id_of(world: World, topic: str) -> str:
    return TopicGuard(AdminClient({"bootstrap.servers": world.bootstrap}), [topic]).id_of(topic)


def test_a_record_without_a_receipt_is_named(world: World, database: LedgerDatabase) -> None:
    """Offsets 0-2 and 8-10 are records; 3, 7 and 11 are markers; 4-6 were aborted. One of the six has no receipt."""
    ensure_topics(world.settings())
    topic = produced(world)
    give_receipts(database, topic_id_of(world, topic), 0, 1, 2, 8, 10)
    unsound = [each for each in audited(world, database) if not each.sound]
    assert [(each.topic, each.partition, each.missing_offsets) for each in unsound] == [(TopicName.PAYMENTS, 1, (9,))]
    give_receipts(database, topic_id_of(world, topic), 9)
    assert all(each.sound for each in audited(world, database))


def test_two_receipts_for_one_record_are_named(world: World, database: LedgerDatabase) -> None:
    ensure_topics(world.settings())
    topic_id = topic_id_of(world, produced(world))
    give_receipts(database, topic_id, 0, 1, 2, 8, 9, 10)
    give_receipts(database, topic_id, 8, practice_id="?")
    (unsound,) = [each for each in audited(world, database) if not each.sound]
    assert (unsound.doubled, unsound.missing) == (1, 0)

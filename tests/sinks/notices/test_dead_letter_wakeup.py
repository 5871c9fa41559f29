"""The dead-letter topic hastens the notifier, and nothing else depends on it (law 26)."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from schemas.topics import TopicName, physical
from sinks.notices import role
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack


def test_a_dead_letter_on_the_topic_makes_the_notifier_look_at_once(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an hour between two looks, the mail still comes: the record said look now."""
    monkeypatch.setattr(role, "POLL_S", 3600.0)
    topic = physical(ledger.world.prefix, TopicName.DEAD_LETTERS)
    admin = AdminClient({"bootstrap.servers": ledger.world.bootstrap})
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])[topic].result()
    ledger.practice("northside", "office@northside.example")
    ledger.dead_letter(1, stage="rules", reason="CONFLICT")
    producer = Producer({"bootstrap.servers": ledger.world.bootstrap})
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
        ledger.effect(1)

        def notified() -> bool:
            producer.produce(topic, b"bytes")
            producer.flush(10)
            return len(ledger.mailbox.raw) == 3

        wait_until(notified)

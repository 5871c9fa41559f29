"""Lag from where the truth is: positions in Postgres against high-water marks in Kafka (law 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from schemas.topics import TopicName, physical
from sinks.ledger.schema.migrate import migrate
from tests.deploy.commands.console import writeback, writeback_json
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.notices.notice_ledger import Mailbox, NoticeLedger
from tests.worlds import World

pytestmark = pytest.mark.stack
TOPICS = (TopicName.PAYMENTS, TopicName.WRITEBACKS)


@pytest.fixture
def ledger(world: World, tmp_path: Path) -> Iterator[NoticeLedger]:
    """Seven records on one partition of both topics; RULES has done 5, INTAKE 3."""
    migrate(world.database_url)
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    names = [physical(world.prefix, name) for name in TOPICS]
    for made in admin.create_topics([NewTopic(name, 2, 1) for name in names]).values():
        made.result()
    producer = Producer({"bootstrap.servers": world.bootstrap})
    for name in names:
        for _ in range(7):
            producer.produce(name, b"x", partition=1)
    producer.flush(WITHIN_S)
    rules = Consumer({"bootstrap.servers": world.bootstrap, "group.id": f"{world.prefix}rules"})
    rules.commit(offsets=[TopicPartition(names[0], 1, 5)], asynchronous=False)
    rules.close()
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO topic_partitions (topic, topic_id, partitions) VALUES ('writebacks.v1', 'w', 2)"
        )
        connection.execute("INSERT INTO intake_offsets (topic_id, part, next_offset) VALUES ('w', 1, 3)")
        yield NoticeLedger(world, connection, Mailbox(), tmp_path)


def behind(document: Any) -> dict[tuple[str, int], int | None]:
    return {(each["role"], each["part"]): each["behind"] for each in document["partitions"]}


def test_records_behind_per_role(ledger: NoticeLedger) -> None:
    document = writeback_json(ledger.world, "lag")
    assert behind(document) == {("rules", 0): None, ("rules", 1): 2, ("intake", 0): None, ("intake", 1): 4}


def test_outbox_gates_money_and_people(ledger: NoticeLedger) -> None:
    ledger.practice("northside")
    ledger.effect(1, state="SCHEDULED", reason="AUTO_INSTANT", amount_minor=1234)
    ledger.effect(2, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED", amount_minor=1000)
    ledger.effect(3, state="POSTED", reason="AUTO_INSTANT")
    ledger.connection.execute(
        "INSERT INTO gates (practice_id, connection_id, next_due_at) VALUES (%s, 'pms', now() - interval '1 h')",
        ("northside",),
    )
    ledger.connection.execute("INSERT INTO outbox (practice_id, id, topic) VALUES ('p', gen_random_uuid(), 't')")
    document = writeback_json(ledger.world, "lag")
    assert [each["rows"] for each in document["outbox"]] == [1]
    (gate,) = document["gates"]
    assert gate["practice_id"] == "northside"
    assert gate["due_for_s"] >= 3600
    assert document["unposted"] == [
        {"target": "PMS", "currency": "USD", "age": "<1 h", "entries": 2, "amount_minor": 2234}
    ]
    assert [each["state"] for each in document["waiting_for_people"]] == ["AWAITING_LINK"]
    said = writeback(ledger.world, "lag")
    assert "22.34 USD" in said
    assert "unclaimed" in said
    assert re.search(r"1 h \d min", said)


def test_closed_connections_and_the_dead(ledger: NoticeLedger) -> None:
    """NOT-3: what staff is told of by mail is what the operator sees first: which connection, since when, how much."""
    ledger.practice("northside")
    ledger.effect(1, state="SCHEDULED", reason="AUTO_INSTANT", amount_minor=1234)
    ledger.effect(2, state="REJECTED", reason="REFUSED_BY_TARGET", amount_minor=1000)
    ledger.connection_closed("TARGET_DOWN", 90)
    document = writeback_json(ledger.world, "lag", "--practice", "northside")
    (closed,) = document["closed"]
    assert closed["reason"] == "TARGET_DOWN"
    assert (closed["entries"], closed["amount_minor"], closed["currency"]) == (1, 1234, "USD")
    (dead,) = document["dead"]
    assert (dead["practice_id"], dead["entries"], dead["records"]) == ("northside", 1, 0)
    said = writeback(ledger.world, "lag")
    assert "TARGET_DOWN" in said
    assert "writeback dlq list" in said
    ledger.practice("southside")
    nothing = writeback_json(ledger.world, "lag", "--practice", "southside")
    assert "did you mean southside" in writeback(ledger.world, "lag", "--practice", "southsid").errors
    assert (nothing["closed"], nothing["dead"]) == ([], [])

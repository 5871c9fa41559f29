"""An outbox, its topics, and a consumer that reads what was really committed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from psycopg.rows import TupleRow

from schemas.topics import CATALOGUE, TopicName, physical
from sinks.ledger.schema.migrate import migrate
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

PARTITIONS = 3
DEADLINE_S = WITHIN_S
PUBLISHED = (TopicName.RESULTS, TopicName.DEAD_LETTERS, TopicName.SETTINGS, TopicName.REDECISIONS)


class Outbox:
    """The database side of a relay test."""

    def __init__(self, world: World, connection: psycopg.Connection[TupleRow]) -> None:
        self.world = world
        self.connection = connection

    def put(
        self,
        topic: TopicName = TopicName.RESULTS,
        *,
        practice_id: str = "northside",
        value: bytes | None = b"value",
        headers: list[list[str]] | None = None,
        part: int | None = None,
    ) -> uuid.UUID:
        row = uuid.uuid4()
        self.connection.execute(
            "INSERT INTO outbox (practice_id, id, topic, key, value, headers, part) VALUES (%s,%s,%s,%s,%s,%s,%s)",
            (practice_id, row, topic.value, practice_id.encode(), value, json.dumps(headers or []), part),
        )
        self.connection.execute("NOTIFY writeback_outbox")
        return row

    def save_settings(self, practice_id: str, version: int, body: dict[str, Any]) -> None:
        self.connection.execute(
            "INSERT INTO practices (practice_id) VALUES (%s) ON CONFLICT DO NOTHING", (practice_id,)
        )
        self.connection.execute(
            "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
            " VALUES (%s, %s, now() + make_interval(secs => %s), %s, now(), 'test', 'test')",
            (practice_id, version, version, json.dumps(body)),
        )

    def republished_today(self) -> None:
        """The nightly republish has been: no test depends on the hour it runs at."""
        self.connection.execute("INSERT INTO settings_republished VALUES ((now() AT TIME ZONE 'UTC')::date, now())")

    def ids(self) -> set[uuid.UUID]:
        return {row[0] for row in self.connection.execute("SELECT id FROM outbox")}

    def wait_empty(self) -> None:
        until = time.monotonic() + DEADLINE_S
        while self.ids():
            if time.monotonic() > until:
                raise AssertionError("the outbox did not empty")
            self.connection.execute("SELECT pg_sleep(0.02)")

    @contextmanager
    def committed(self, topic: TopicName) -> Iterator[Consumer]:
        """A consumer at the beginning of a topic that sees only committed records."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.world.bootstrap,
                "group.id": f"{self.world.prefix}test",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.max.bytes": 20_000_000,
            }
        )
        name = physical(self.world.prefix, topic)
        consumer.assign([TopicPartition(name, part, 0) for part in range(PARTITIONS)])
        try:
            yield consumer
        finally:
            consumer.close()

    def records(self, topic: TopicName) -> list[Message]:
        """Every committed record of a topic, read to the end of each partition."""
        found: list[Message] = []
        ended: set[int] = set()
        until = time.monotonic() + DEADLINE_S
        with self.committed(topic) as consumer:
            while len(ended) < PARTITIONS:
                if time.monotonic() > until:
                    raise AssertionError("the topic was not read to its end")
                message = consumer.poll(0.2)
                if message is None:
                    continue
                if message.error() is not None:
                    ended.add(int(message.partition() or 0))
                else:
                    found.append(message)
        return found


def outbox_ids(messages: list[Message]) -> list[uuid.UUID]:
    """The ids that consumers dedupe by, repeats included."""
    found = []
    for message in messages:
        value = dict(message.headers() or [])["wb-outbox-id"]
        found.append(uuid.UUID(value.decode() if isinstance(value, bytes) else value))
    return found


@pytest.fixture
def outbox(world: World) -> Iterator[Outbox]:
    migrate(world.database_url)
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    topics = [
        NewTopic(
            physical(world.prefix, name),
            num_partitions=PARTITIONS,
            replication_factor=1,
            config={"max.message.bytes": str(CATALOGUE[name].max_batch_bytes)},
        )
        for name in PUBLISHED
    ]
    for created in admin.create_topics(topics, operation_timeout=DEADLINE_S).values():
        created.result()
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        yield Outbox(world, connection)

"""The fixtures that every other test stands on."""

from __future__ import annotations

import psycopg
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.scenarios.waiting import WITHIN_S
from tests.worlds import Stack, World, fresh_world

pytestmark = pytest.mark.stack


def test_a_world_is_alone_and_gone_afterwards(stack: Stack) -> None:
    """A topic and a row made in one world exist in no other, and in none once it ends."""
    with fresh_world(stack) as first, fresh_world(stack) as second:
        assert first.prefix != second.prefix
        admin = AdminClient({"bootstrap.servers": stack.bootstrap})
        admin.create_topics([NewTopic(f"{first.prefix}x", 1, 1)])[f"{first.prefix}x"].result(WITHIN_S)
        with psycopg.connect(first.database_url) as mine, psycopg.connect(second.database_url) as other:
            mine.execute("CREATE TABLE x ()")
            mine.commit()
            assert other.execute("SELECT to_regclass('x')").fetchone() == (None,)
    with psycopg.connect(stack.database_url) as after:
        found = after.execute("SELECT FROM pg_database WHERE datname = %s", (first.database,)).fetchone()
    assert found is None
    assert not [t for t in admin.list_topics(timeout=WITHIN_S).topics if t.startswith(first.prefix)]


def test_the_broker_takes_transactions(world: World) -> None:
    """The stack is the real thing: a transaction commits on it (law 13)."""
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    topic = f"{world.prefix}transactions"
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(WITHIN_S)
    producer = Producer({"bootstrap.servers": world.bootstrap, "transactional.id": f"{world.prefix}0"})
    producer.init_transactions(WITHIN_S)
    producer.begin_transaction()
    producer.produce(topic, b"value")
    producer.commit_transaction(WITHIN_S)


def test_settings_of_a_world_point_at_it(world: World) -> None:
    """Role processes get the world through their environment alone."""
    environ = world.environ(slot=2)
    assert environ["WRITEBACK_TOPIC_PREFIX"] == world.prefix
    assert environ["DATABASE_URL"] == world.database_url
    assert environ["WRITEBACK_SLOT"] == "2"

"""Topics are made as the catalogue says, and bad ones are refused (laws 5, 9, 12)."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.topics import CATALOGUE, TopicName, physical
from streams.kafka.topics import check_topics, ensure_topics
from streams.runtime.errors import ConfigurationError, Transient
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import World

pytestmark = pytest.mark.stack


def make(world: World, name: TopicName, config: dict[str, str], partitions: int = 3) -> None:
    topic = physical(world.prefix, name)
    wanted = NewTopic(topic, partitions, 1, config=CATALOGUE[name].broker_config(1) | config)
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    admin.create_topics([wanted])[topic].result(WITHIN_S)


def test_missing_topics_are_made_and_good_ones_are_left(world: World) -> None:
    """The first run creates the whole catalogue, the second finds it good; one node is a warning, no error."""
    with pytest.raises(ConfigurationError, match="is missing"):
        check_topics(world.settings())
    first = ensure_topics(world.settings())
    assert len(first.created) == len(CATALOGUE)
    second = ensure_topics(world.settings())
    assert second.created == ()
    assert len(second.checked) == len(CATALOGUE)
    assert all("outside a single machine" in warning for warning in second.warnings)
    assert second.warnings
    assert check_topics(world.settings()).warnings == second.warnings


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        (TopicName.SETTINGS, {"cleanup.policy": "delete"}, "cleanup.policy=delete and needs compact"),
        (TopicName.PAYMENTS, {"retention.ms": "60000"}, "keeps records for 60000 ms"),
        (TopicName.PAYMENTS, {"message.timestamp.type": "CreateTime"}, "needs LogAppendTime"),
        (TopicName.PAYMENTS, {"compression.type": "producer"}, "needs uncompressed"),
        (TopicName.PAYOUTS, {"retention.bytes": "1000000"}, "retention.bytes"),
        (TopicName.WRITEBACKS, {"max.message.bytes": "1000"}, "takes 1000 bytes"),
        (TopicName.RESULTS, {"unclean.leader.election.enable": "true"}, "unclean.leader.election.enable=true"),
    ],
)
def test_a_topic_that_would_break_the_design_is_refused(
    world: World, name: TopicName, config: dict[str, str], message: str
) -> None:
    """Each refusal names the topic, what it has and what it needs."""
    make(world, name, config)
    with pytest.raises(ConfigurationError, match=message) as refused:
        ensure_topics(world.settings())
    assert physical(world.prefix, name) in str(refused.value)


def test_another_partition_count_is_refused(world: World) -> None:
    """Law 12: counts are fixed at the first start, by the ledger where it has them."""
    ensure_topics(world.settings())
    payments = physical(world.prefix, TopicName.PAYMENTS)
    with pytest.raises(ConfigurationError, match="growth is a new topic"):
        ensure_topics(world.settings(topic_partitions=6))
    with pytest.raises(ConfigurationError, match=f"{payments} has 3 partitions .* started with 12"):
        ensure_topics(world.settings(), {TopicName.PAYMENTS: 12})


def test_a_topic_that_vanished_is_not_made_anew(world: World) -> None:
    """Law 5: a re-created topic begins at offset 0, and the ledger's positions would skip its records."""
    with pytest.raises(ConfigurationError, match="positions in topics that are gone"):
        ensure_topics(world.settings(), {TopicName.PAYMENTS: 3})


def test_an_unreachable_broker_is_said_clearly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the address that was tried."""
    monkeypatch.setattr("streams.kafka.topics.REACH_S", 1.0)
    with pytest.raises(Transient, match=r"127\.0\.0\.1:1 did not"):
        ensure_topics(world.settings(kafka_bootstrap_servers="127.0.0.1:1"))


def test_a_small_batch_that_unpacks_to_more_than_its_dead_letter_is_refused_by_the_broker(world: World) -> None:
    """Law 9: ten compressible megabytes do not enter; the producer is notified at once."""
    ensure_topics(world.settings())
    errors: list[str | None] = []
    producer = Producer(
        {"bootstrap.servers": world.bootstrap, "compression.type": "lz4", "message.max.bytes": 20_000_000}
    )
    topic = physical(world.prefix, TopicName.PAYMENTS)
    producer.produce(
        topic, bytes(10_000_000), on_delivery=lambda error, _: errors.append(error.name() if error else None)
    )
    assert producer.flush(WITHIN_S) == 0
    assert errors == ["MSG_SIZE_TOO_LARGE"]

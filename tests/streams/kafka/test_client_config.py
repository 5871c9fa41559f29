"""The client settings of every consumer and producer of the money path, which nothing overrides (laws 1, 5, 12, 13)."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer

from streams.kafka.client_config import consumer_config, group_protocol, producer_config
from streams.runtime.errors import Transient
from streams.settings import ProgramSettings
from tests.worlds import World


def settings(**changed: str) -> ProgramSettings:
    return ProgramSettings.load(
        kafka_bootstrap_servers="127.0.0.1:1", topic_prefix="x.", **({"group_protocol": "classic"} | changed)
    )


@pytest.mark.parametrize("protocol", ["consumer", "classic"])
def test_nothing_is_committed_or_reset_behind_our_back(protocol: str) -> None:
    """Laws 1, 5; and the client takes the settings as they are."""
    config = consumer_config(settings(group_protocol=protocol), group="rules")
    assert config["group.id"] == "x.rules"
    assert config["enable.auto.commit"] is False
    assert config["enable.auto.offset.store"] is False
    assert config["auto.offset.reset"] == "error"
    assert config["isolation.level"] == "read_committed"
    assert config["group.protocol"] == protocol
    Consumer(config).close()


def test_kip_848_gets_no_times_of_its_own() -> None:
    """Law 13: sessions, heartbeats and assignors are the broker's; no static membership."""
    config = consumer_config(settings(group_protocol="consumer"), group="rules")
    refused = {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy", "group.instance.id"}
    assert not refused & set(config)


def test_producers_are_idempotent_and_partition_as_java_does() -> None:
    """Laws 12, 13."""
    plain = producer_config(settings())
    assert (plain["acks"], plain["enable.idempotence"], plain["partitioner"]) == ("all", True, "murmur2_random")
    assert "transactional.id" not in plain
    transactional = producer_config(settings(), transactional_id="rules-3")
    assert transactional["transactional.id"] == "x.rules-3"
    assert transactional["transaction.timeout.ms"] == 15_000
    assert transactional["retry.backoff.ms"] == 5
    Producer(transactional)


@pytest.mark.stack
def test_kip_848_where_the_broker_has_it(world: World) -> None:
    """What nobody set is the newer protocol here; who sets one has it."""
    assert group_protocol(world.settings()) == "consumer"
    assert group_protocol(world.settings(group_protocol="classic")) == "classic"


def test_a_broker_that_cannot_be_asked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad input: an unreachable broker at start has a clear error."""
    monkeypatch.setattr("streams.kafka.client_config.ADMIN_S", 0.5)
    with pytest.raises(Transient, match="KAFKA_BOOTSTRAP_SERVERS"):
        group_protocol(settings(group_protocol="auto"))

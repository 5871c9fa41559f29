"""Lag in records and in seconds: of the partitions that the process has, and of no others."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from prometheus_client import REGISTRY

from streams.kafka import consumer_lag
from streams.kafka.consumer_lag import LagGauge, Read
from streams.runtime.errors import Role

TOPIC = "lag-of-this-test"


class Positions:
    """What a consumer knows without asking: its partitions, how far it has read them, and their ends."""

    def __init__(self, **partitions: tuple[int, int]) -> None:
        self.known = {int(name[1:]): marks for name, marks in partitions.items()}

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, number) for number in self.known]

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        return [TopicPartition(TOPIC, each.partition, self.known[each.partition][0]) for each in partitions]

    def get_watermark_offsets(self, partition: TopicPartition, *, cached: bool) -> tuple[int, int]:
        assert cached, "a gauge asks the broker nothing"
        return 0, self.known[partition.partition][1]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_lag, "EVERY_S", 0.0)


def value(name: str, partition: int) -> float | None:
    labels = {"role": "rules", "topic": TOPIC, "partition": str(partition)}
    return REGISTRY.get_sample_value(f"writeback_consumer_lag_{name}", labels)


def measured(gauge: LagGauge, positions: Any, *read: Read) -> None:
    gauge.measure(positions, read)


def test_lag_is_counted_and_timed() -> None:
    """Two minutes behind with 30 records, and at the end: nothing."""
    gauge = LagGauge(Role.RULES)
    ago_ms = int(time.time() * 1000) - 120_000
    measured(gauge, Positions(p0=(70, 100), p1=(5, 5)), Read(TOPIC, 0, ago_ms), Read(TOPIC, 1, ago_ms))
    assert (value("records", 0), value("records", 1)) == (30, 0)
    assert value("seconds", 0) == pytest.approx(120, abs=30)
    assert value("seconds", 1) == 0
    gauge.forget()


def test_a_partition_of_which_nothing_was_read_counts_from_when_it_was_seen() -> None:
    gauge = LagGauge(Role.RULES)
    measured(gauge, Positions(p0=(0, 9)))
    first = value("seconds", 0)
    assert first is not None
    assert first < 60
    measured(gauge, Positions(p0=(0, 9)))
    assert (value("seconds", 0) or 0) >= first
    gauge.forget()


def test_a_partition_that_went_to_another_process_is_not_shown() -> None:
    """Its last number would stand there for ever, and look like a lag that nobody works on."""
    gauge = LagGauge(Role.RULES)
    measured(gauge, Positions(p0=(1, 9), p1=(1, 9)))
    measured(gauge, Positions(p1=(2, 9)))
    assert value("records", 0) is None
    assert value("seconds", 0) is None
    assert value("records", 1) == 7
    gauge.forget()
    assert value("records", 1) is None


def test_an_unknown_position_is_no_lag_of_0() -> None:
    gauge = LagGauge(Role.RULES)
    measured(gauge, Positions(p0=(-1001, 9), p1=(3, -1001)))
    assert (value("records", 0), value("records", 1)) == (None, None)

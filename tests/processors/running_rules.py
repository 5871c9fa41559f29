"""RULES on the real broker: topics, settings, events in, and what came out."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from typing import Any

import msgspec
from confluent_kafka import Consumer, IsolationLevel, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    OffsetSpec,
)

from processors.rules_role import run
from schemas.codec import encode_event, encode_settings
from schemas.events import Event
from schemas.practice_settings import SettingsHistory
from schemas.topics import STREAM_TOPICS, TopicName, physical
from schemas.validation.events import key_of
from streams.fault_injection import install
from streams.kafka.topics import ensure_topics
from streams.runtime.endpoints import Health
from streams.runtime.lifecycle import Stop
from streams.settings import ProgramSettings
from tests.scenarios.topics import Record, dead_letters, read_all
from tests.scenarios.waiting import WITHIN_S, until
from tests.worlds import World


class Sent(msgspec.Struct, frozen=True):
    topic: TopicName
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class RulesAtWork:
    """One test's RULES surroundings."""

    def __init__(self, world: World, **settings: Any) -> None:
        self.world = world
        self.settings: ProgramSettings = world.settings(**settings)
        ensure_topics(self.settings)
        self.admin = AdminClient({"bootstrap.servers": world.bootstrap})
        self._producer = Producer(
            {"bootstrap.servers": world.bootstrap, "message.max.bytes": 9_000_000, "partitioner": "murmur2_random"}
        )

    def save(self, *histories: SettingsHistory) -> None:
        for each in histories:
            self.put(TopicName.SETTINGS, each.practice_id.encode(), encode_settings(each))

    def send(self, events: Iterable[Event]) -> list[Sent]:
        return self.put_all((STREAM_TOPICS[event.stream], key_of(event), encode_event(event), None) for event in events)

    def put(self, topic: TopicName, key: bytes | None, value: bytes | None, **more: Any) -> Sent:
        return self.put_all([(topic, key, value, more or None)])[0]

    def put_all(
        self, records: Iterable[tuple[TopicName, bytes | None, bytes | None, dict[str, Any] | None]]
    ) -> list[Sent]:
        """Produce and wait for the broker; where each record stands, in the order given."""
        found: dict[int, Sent] = {}

        def report(number: int, topic: TopicName) -> Any:
            def on_delivery(error: Any, message: Any) -> None:
                if error is not None:
                    raise KafkaException(error)
                found[number] = Sent(topic, message.partition(), message.offset(), message.key(), message.value())

            return on_delivery

        for number, (topic, key, value, more) in enumerate(records):
            self._producer.produce(
                physical(self.world.prefix, topic), value, key, on_delivery=report(number, topic), **(more or {})
            )
            self._producer.poll(0)
        self._producer.flush(WITHIN_S)
        return [found[number] for number in sorted(found)]

    def out(self) -> list[Record]:
        """Every write-back and dead letter that is committed now."""
        return read_all(self.world, TopicName.WRITEBACKS, TopicName.DEAD_LETTERS)

    def until_out(self, count: int, within: float = WITHIN_S) -> list[Record]:
        until(lambda: len(self.out()) >= count, f"{count} records come out", within)
        return self.out()

    def dead(self) -> list[Record]:
        return dead_letters(self.world)

    def committed(self, topic: TopicName) -> dict[int, int]:
        """The committed offset of each partition of a source topic; partitions without one are left out."""
        consumer = Consumer({"bootstrap.servers": self.world.bootstrap, "group.id": self.settings.prefixed("rules")})
        try:
            asked = [
                TopicPartition(physical(self.world.prefix, topic), number)
                for number in range(self.settings.topic_partitions)
            ]
            answered = consumer.committed(asked, timeout=WITHIN_S)
            return {found.partition: found.offset for found in answered if found.offset >= 0}
        finally:
            consumer.close()

    def commit_as(self, topic: TopicName, partition: int, offset: int, metadata: str) -> None:
        """Set the group's offset from outside, as an operator's tool would."""
        consumer = Consumer({"bootstrap.servers": self.world.bootstrap, "group.id": self.settings.prefixed("rules")})
        try:
            where = TopicPartition(physical(self.world.prefix, topic), partition, offset, metadata=metadata)
            consumer.commit(offsets=[where], asynchronous=False)
        finally:
            consumer.close()

    def hidden(self, topic: TopicName) -> int:
        """Records and markers at the end of the topic that an open transaction hides from readers of committed ones."""
        name = physical(self.world.prefix, topic)
        where = [TopicPartition(name, number) for number in range(self.settings.topic_partitions)]
        asked: dict[TopicPartition, Any] = dict.fromkeys(where, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        every, stable = (
            sum(answer.result().offset for answer in self.admin.list_offsets(asked, isolation_level=level).values())
            for level in (IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED)
        )
        return int(every - stable)


class CountingHealth(Health):
    """Counts the rounds of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds = 0

    def beat(self) -> None:
        super().beat()
        self.rounds += 1


def set_topic(work: RulesAtWork, topic: TopicName, name: str, value: str) -> None:
    """Change a topic's setting on the broker."""
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(
        ConfigResource.Type.TOPIC, physical(work.world.prefix, topic), incremental_configs=[entry]
    )
    for done in work.admin.incremental_alter_configs([resource]).values():
        done.result(WITHIN_S)


def delete_before(work: RulesAtWork, topic: TopicName, partition: int, offset: int) -> None:
    """Delete a partition's records before an offset, as retention does."""
    where = TopicPartition(physical(work.world.prefix, topic), partition, offset)
    for done in work.admin.delete_records([where]).values():
        done.result(WITHIN_S)


def delete_topic(work: RulesAtWork, topic: TopicName) -> None:
    for done in work.admin.delete_topics([physical(work.world.prefix, topic)], operation_timeout=WITHIN_S).values():
        done.result(WITHIN_S)


class RulesThread:
    """RULES in a thread of the test, for tests that look into it or end it in order."""

    def __init__(self, settings: ProgramSettings) -> None:
        install(settings.test_controls)
        self.stop = Stop()
        self.health = CountingHealth()
        self.error: BaseException | None = None
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, args=(settings,), daemon=True)
        self._thread.start()

    def _run(self, settings: ProgramSettings) -> None:
        try:
            self.code = run(settings, self.stop, self.health)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def until_ready(self) -> None:
        until(lambda: self.health.is_ready()[0] or not self._thread.is_alive(), "RULES is ready")
        if self.error is not None:
            raise self.error

    def until_quiet(self) -> None:
        """The loop has come round a few times more, or has ended."""
        rounds = self.health.rounds
        until(lambda: self.health.rounds > rounds + 6 or not self._thread.is_alive(), "the loop comes round")

    def until_ended(self, within: float = WITHIN_S) -> BaseException | None:
        self._thread.join(within)
        if self._thread.is_alive():
            raise AssertionError("RULES did not end")
        return self.error

    def __enter__(self) -> RulesThread:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(WITHIN_S)
        if self._thread.is_alive() and sys.exc_info()[0] is None:
            raise AssertionError("RULES did not stop")

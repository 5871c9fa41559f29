"""Consumes `patients.v1` from positions in Postgres; a partition that cannot go on is read from its beginning."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.codec import Undecodable
from schemas.topics import TopicName, physical
from sinks.ledger.intake.records import Consumed
from sinks.sync.identities.store import IdentityStore, Position, StoredPosition
from streams.fault_injection import Control, disabled
from streams.kafka import watermarks
from streams.kafka.client_config import consumer_config, group_protocol
from streams.kafka.consumer_lag import LagGauge, Read
from streams.kafka.registered_schemas import UnansweredSchema, registered_schemas
from streams.kafka.starting_positions import assign_partitions
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.errors import Permanent, Role, Transient
from streams.runtime.logging import log
from streams.runtime.metrics import REBALANCES
from streams.settings import ProgramSettings

GROUP: Final = "sync"
POLL_S: Final = 0.5
"""How long an idle reader waits for a first record, and so how late a stop may be."""
BATCH: Final = 500
QUEUE_KIB: Final = 2 * 1024
"""What is held ahead: identities are small, and nobody waits for them."""
REREAD_AFTER_S: Final = 12 * 60 * 60.0
"""Brokers keep a tombstone for a day by default. A reader that was away for longer than half of that may have missed
one, and learns from a reading of the whole partition who is not there any more."""
LOOK_EVERY_S: Final = 60.0
"""Between two looks whether a quiet partition is still read to its end."""

_POSITION_LOST: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})
_REFUSED: Final = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED})
_LOG: Final = log(__name__)


class RejoinError(Transient):
    """Positions in memory are void: join again, from the stored ones."""


class IdentityFeed:
    """One membership in the group, made anew after every error. One thread."""

    def __init__(self, settings: ProgramSettings, store: IdentityStore) -> None:
        """Blocks for a question to the broker. ConfigurationError where the topic is not there."""
        self._store = store
        self._topic = physical(settings.topic_prefix, TopicName.PATIENTS)
        self._admin = AdminClient({**settings.kafka_client(), "log_level": 3})
        self._guard = TopicGuard(self._admin, [self._topic])
        self._parts = range(self._guard.partitions_of(self._topic))
        self._protocol = group_protocol(settings)
        self._schemas = registered_schemas(settings, GROUP)
        self._lag = LagGauge(Role.SYNC)
        self._lost: Exception | None = None
        self._looked_at = time.monotonic()
        self.positions: dict[int, Position] = {}
        """Of the partitions assigned now."""
        self.ends: dict[int, int] = {}
        """Partitions that are read to their end, and where it is: past the last record transactions have theirs."""
        config = consumer_config(settings, group=GROUP) | {
            "enable.partition.eof": True,
            "queued.max.messages.kbytes": QUEUE_KIB,
            "queued.min.messages": BATCH,
        }
        self._consumer = Consumer(config)
        self._consumer.subscribe(
            [self._topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def take(self) -> list[Consumed]:
        """The next records, in order per partition; empty after POLL_S. Raises Transient, Permanent, psycopg.Error."""
        records: list[Consumed] = []
        self._add([self._consumer.poll(POLL_S)], records)
        if records:
            self._add(self._consumer.consume(BATCH - 1, timeout=0), records)
        self._guard.check()
        self._lag.measure(self._consumer, (Read(self._topic, each.part, each.timestamp_ms) for each in records))
        return [each for each in records if each.part in self.positions and self._is_next(each)]

    def look(self) -> list[int]:
        """Once a minute: the partitions that are read to their end now, by the broker's word. Blocks for a question."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return []
        self._looked_at = time.monotonic()
        highs = watermarks.highs(self._admin, self._topic, self._parts)
        return [part for part in self.ends if part in self.positions and highs[part] <= self.ends[part]]

    def close(self) -> None:
        """Leave the group. Blocks until the broker knows."""
        self._lag.forget()
        self._consumer.close()

    def _is_next(self, record: Consumed) -> bool:
        return record.off >= self.positions[record.part].next_offset

    def _add(self, messages: Sequence[Message | None], records: list[Consumed]) -> None:
        if self._lost is not None:
            lost, self._lost = self._lost, None
            raise lost
        for message in messages:
            if message is None:
                continue
            error = message.error()
            if error is not None:
                self._consider(error, message)
                continue
            record = self._consumed(message)
            self.ends.pop(record.part, None)
            records.append(record)

    def _consumed(self, message: Message) -> Consumed:
        key, value = message.key(), message.value()
        return Consumed(
            topic=TopicName.PATIENTS,
            topic_id=self._guard.id_of(self._topic),
            part=message.partition() or 0,
            off=message.offset() or 0,
            timestamp_ms=message.timestamp()[1],
            key=key.encode() if isinstance(key, str) else key,
            value=self._readable(value.encode() if isinstance(value, str) else value),
        )

    def _readable(self, value: bytes | None) -> bytes | None:
        """Under an id of ours. While a registry that never told of its schema is away, it is waited for: the record
        stands on its topic alone."""
        if self._schemas is None:
            return value
        try:
            return self._schemas.released(TopicName.PATIENTS, value)
        except UnansweredSchema as error:
            raise Transient("the schema registry is away, and has not told the schema of a patient's record") from error
        except Undecodable:
            return self._schemas.readable(TopicName.PATIENTS, value)

    def _consider(self, error: KafkaError, message: Message) -> None:
        """An error instead of a record. A lost position is found again when the group is joined."""
        if error.code() == KafkaError._PARTITION_EOF:
            self.ends[message.partition() or 0] = message.offset() or 0
            return
        if error.code() in _POSITION_LOST or error.code() == KafkaError._MAX_POLL_EXCEEDED:
            raise RejoinError("the position in the patients' topic is not valid any more")
        if error.fatal() or error.code() in _REFUSED:
            raise Permanent(f"the broker refuses this consumer: {error.name()}")
        _LOG.warning("the consumer reports an error", code=error.name(), topic=self._topic)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Each partition starts where it is stored, or at its beginning. An error is raised by the round under way."""
        REBALANCES.labels(Role.SYNC.value, "assigned").inc()
        try:
            lows = watermarks.lows(self._admin, self._topic, self._parts)
            highs = watermarks.highs(self._admin, self._topic, self._parts)
            for partition in partitions:
                part = partition.partition
                position = self._start(part, lows[part], highs[part])
                self.positions[part] = position
                partition.offset = position.next_offset
            assign_partitions(consumer, self._protocol, partitions)
        except (psycopg.Error, KafkaException, KeyError, Permanent, Transient) as error:
            self._lost = error

    def _start(self, part: int, low: int, high: int) -> Position:
        stored, topic_id = self._store.position(part), self._guard.id_of(self._topic)
        if stored is not None and _goes_on(stored, topic_id, low, high):
            return Position(
                topic_id=topic_id, next_offset=stored.next_offset, run=stored.run, rebuilt_to=stored.rebuilt_to
            )
        _LOG.info("the patients' topic is read from its beginning", topic=self._topic, partition=part, offset=low)
        return self._store.begin_run(part, topic_id, low, high)

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        REBALANCES.labels(Role.SYNC.value, "revoked").inc()
        for partition in partitions:
            self.positions.pop(partition.partition, None)
            self.ends.pop(partition.partition, None)


def _goes_on(stored: StoredPosition, topic_id: str, low: int, high: int) -> bool:
    """Whether nothing can have been missed: the same topic, the position in it, and read not long ago. Pure."""
    is_recent = stored.age_s < REREAD_AFTER_S or disabled(Control.TOMBSTONES)
    return stored.topic_id == topic_id and low <= stored.next_offset <= high and is_recent

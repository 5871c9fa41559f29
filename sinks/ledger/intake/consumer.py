"""Consumes decided records and dead letters from positions in Postgres, never from Kafka's own (laws 3, 5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import TopicName, physical
from sinks.ledger.intake.positions import KnownTopic, Partition, RecordsLostError, check_low_water
from sinks.ledger.intake.records import Consumed
from streams.fault_injection import Control, disabled
from streams.kafka import watermarks
from streams.kafka.client_config import consumer_config, group_protocol
from streams.kafka.consumer_lag import LagGauge, Read
from streams.kafka.registered_schemas import registered_schemas
from streams.kafka.starting_positions import assign_partitions
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.errors import Permanent, Role, Transient
from streams.runtime.logging import log
from streams.runtime.metrics import REBALANCES
from streams.settings import ProgramSettings

GROUP: Final = "intake"
CONSUMED: Final = (TopicName.WRITEBACKS, TopicName.DEAD_LETTERS, TopicName.PATIENTS)
POLL_S: Final = 0.1
"""How long an idle intake waits for a first record, and so how late a stop or a sweep may be."""
LINGER_S: Final = 0.003
"""A batch of CROWD records or more stays open this long after its first: one commit for what came together."""
CROWD: Final = 32
"""Fewer records than this are written at once: what comes meanwhile is the next batch."""
SHOW_EVERY_S: Final = 0.1
"""How old what Kafka shows of our positions may be: a commit there for each of ours would only cost the broker."""
BATCH_BYTES: Final = 16 * 1024 * 1024
"""Payouts' records may be 8 MiB: the batch, and with it the role's memory, stays bounded."""
LOW_WATER_EVERY_S: Final = 60.0

_NEVER: Final = 2**63
_POSITION_LOST: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})
_REFUSED: Final = frozenset({KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED})

_LOG = log(__name__)

ReadPositions = Callable[[], dict[Partition, int]]


class Rejoin(Transient):
    """Positions in memory are void: join the group again, from the stored positions."""


class Feed:
    """One membership in the group. Made anew after every error, so that nothing of the old one is trusted."""

    def __init__(
        self, settings: ProgramSettings, admin: AdminClient, guard: TopicGuard, read_positions: ReadPositions
    ) -> None:
        """`read_positions` is called inside the assignment, and reads what is committed (law 3)."""
        self._admin = admin
        self._guard = guard
        self._partitions = settings.topic_partitions
        self._protocol = group_protocol(settings)
        self._prefix = settings.topic_prefix
        self._names = {physical(settings.topic_prefix, name): name for name in CONSUMED}
        self._read_positions = read_positions
        self._batch = settings.intake_batch
        self._schemas = registered_schemas(settings, GROUP)
        self._lag = LagGauge(Role.INTAKE)
        self._lost: Exception | None = None
        self._checked_at = time.monotonic()
        self.positions: dict[Partition, int] = {}
        """Of the partitions assigned now."""
        self.ends: dict[Partition, int] = {}
        """Where a partition was read to its end: past the last record there may be control records of transactions."""
        self.joined = False
        self._unshown: dict[Partition, int] = {}
        self._shown_at = 0.0
        self._consumer = Consumer(consumer_config(settings, group=GROUP) | {"enable.partition.eof": True})
        self._consumer.subscribe(
            list(self._names), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def take(self) -> list[Consumed]:
        """The next batch, in order per partition; empty after POLL_S. Raises Rejoin, Permanent, RecordsLostError."""
        records: list[Consumed] = []
        size = self._first(records)
        until = time.monotonic() + LINGER_S
        while records and len(records) < self._batch and size < BATCH_BYTES:
            left = until - time.monotonic() if len(records) >= CROWD else 0.0
            got = self._consumer.consume(self._batch - len(records), timeout=max(left, 0.0))
            size += self._add(got, records)
            if len(records) < CROWD or time.monotonic() >= until:
                break
        self._lag.measure(self._consumer, map(self._read, records))
        # A partition revoked meanwhile is not ours to write; one that came back is read again from its position.
        return [
            record for record in records if self.positions.get((record.topic_id, record.part), _NEVER) <= record.off
        ]

    def _first(self, records: list[Consumed]) -> int:
        """Wait for a first record; the end of a partition, reported after each batch, is none."""
        until = time.monotonic() + POLL_S
        size = 0
        while not records and (left := until - time.monotonic()) > 0:
            size = self._add([self._consumer.poll(left)], records)
        return size

    def check(self) -> None:
        """Once an iteration: what Kafka shows of us; topic ids and low-water marks each minute (law 5)."""
        self._guard.check()
        now = time.monotonic()
        if self._unshown and now - self._shown_at >= SHOW_EVERY_S:
            self._shown_at = now
            self._commit_shown()
        if now - self._checked_at >= LOW_WATER_EVERY_S:
            self._checked_at = now
            self._check_low_water(self._consumer.assignment())

    def show(self, moved: dict[Partition, int]) -> None:
        """Commit to Kafka, within SHOW_EVERY_S, what is committed in Postgres: it only shows the lag."""
        self._unshown |= moved

    def _commit_shown(self) -> None:
        """An error costs nothing."""
        offsets = [
            TopicPartition(name, part, offset)
            for (topic_id, part), offset in self._unshown.items()
            for name in self._names
            if self._guard.id_of(name) == topic_id
        ]
        self._unshown.clear()
        self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self) -> None:
        """Leave the group. Blocks until the broker knows."""
        self._lag.forget()
        if self._unshown:
            with suppress(KafkaException):  # after an error the client may refuse; the next member shows it
                self._commit_shown()
        self._consumer.close()

    def _add(self, messages: Sequence[Message | None], records: list[Consumed]) -> int:
        self._raise_lost()
        size = 0
        for message in messages:
            if message is None:
                continue
            error = message.error()
            if error is not None:
                self._consider(error, message)
                continue
            record = self._consumed(message)
            size += len(record.value or b"")
            records.append(record)
        return size

    def _consumed(self, message: Message) -> Consumed:
        topic = message.topic() or ""
        key, value, headers = message.key(), message.value(), message.headers()
        return Consumed(
            topic=self._names[topic],
            topic_id=self._guard.id_of(topic),
            part=message.partition() or 0,
            off=message.offset() or 0,
            timestamp_ms=message.timestamp()[1],
            key=key.encode() if isinstance(key, str) else key,
            value=self._readable(self._names[topic], value.encode() if isinstance(value, str) else value),
            headers=list(headers.items()) if isinstance(headers, dict) else headers or [],
        )

    def _readable(self, name: TopicName, value: bytes | None) -> bytes | None:
        """Under an id of ours: of this role's topics, `patients.v1` is the one that upstreams write."""
        if self._schemas is None or name is not TopicName.PATIENTS:
            return value
        return self._schemas.readable(name, value)

    def _read(self, record: Consumed) -> Read:
        return Read(physical(self._prefix, record.topic), record.part, record.timestamp_ms)

    def _consider(self, error: KafkaError, message: Message) -> None:
        """An error instead of a record."""
        topic, part = message.topic() or "", message.partition() or 0
        if error.code() == KafkaError._PARTITION_EOF:
            self.ends[self._guard.id_of(topic), part] = message.offset() or 0
            return
        if error.code() in _POSITION_LOST:
            raise RecordsLostError(
                f"{topic} partition {part}: the stored position is not in the topic any more; records were deleted "
                "unread, or the log was cut. See `writeback audit-receipts`, have them sent again, then move the "
                "position in intake_offsets by hand"
            )
        if error.fatal() or error.code() in _REFUSED:
            raise Permanent(f"the broker refuses this consumer: {error.name()}")
        if error.code() == KafkaError._MAX_POLL_EXCEEDED:
            raise Rejoin("a batch took longer than the group waits")
        _LOG.warning("the consumer reports an error", code=error.name(), topic=topic)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """1. read the positions; 2. hold them against the low-water marks; 3. start exactly there.

        An error here must not be lost in the client's callback: it is raised by the round that is under way.
        """
        REBALANCES.labels(Role.INTAKE.value, "assigned").inc()
        try:
            stored = self._read_positions()
            for partition in partitions:
                key = (self._guard.id_of(partition.topic), partition.partition)
                self.positions[key] = stored[key]
                partition.offset = stored[key]
            self._check_low_water(partitions)
            assign_partitions(consumer, self._protocol, partitions)
            self.joined = True
        except (psycopg.Error, KafkaException, KeyError, Permanent, Transient) as error:
            self._lost = error

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        REBALANCES.labels(Role.INTAKE.value, "revoked").inc()
        for partition in partitions:
            key = (self._guard.id_of(partition.topic), partition.partition)
            self.positions.pop(key, None)
            self.ends.pop(key, None)
            self._unshown.pop(key, None)

    def _raise_lost(self) -> None:
        if self._lost is not None:
            lost, self._lost = self._lost, None
            if isinstance(lost, KeyError):
                raise Permanent("a partition was assigned that the ledger has no position for") from lost
            raise lost

    def _check_low_water(self, partitions: Sequence[TopicPartition]) -> None:
        if disabled(Control.TOPIC_IDS):
            return
        for topic in sorted({partition.topic for partition in partitions}):
            lows = watermarks.lows(self._admin, topic, range(self._partitions))
            known = KnownTopic(self._names[topic], topic, self._guard.id_of(topic), self._partitions)
            for part in sorted(partition.partition for partition in partitions if partition.topic == topic):
                check_low_water(known, part, lows[part], self.positions.get((known.topic_id, part), lows[part]))


def known_topics(
    admin: AdminClient, settings: ProgramSettings, guard: TopicGuard
) -> list[tuple[KnownTopic, dict[int, int]]]:
    """The consumed topics with their low-water marks, for the ledger's first start. Blocks; raises KafkaException."""
    found = []
    for name in CONSUMED:
        topic = physical(settings.topic_prefix, name)
        partitions = range(settings.topic_partitions)
        lows = watermarks.lows(admin, topic, partitions)
        found.append((KnownTopic(name, topic, guard.id_of(topic), len(partitions)), lows))
    return found

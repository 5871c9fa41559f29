"""Consume, decide, produce: each batch in one Kafka transaction, and after an abort back to where it began (law 1)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from streams.client_config import GroupProtocol
from streams.consumer_lag import LagGauge
from streams.controls import Control, Controls
from streams.crash_points import CrashPoint, reach
from streams.errors import ConfigurationError, Consequence, Fenced, Permanent, Role, Transient, category_of, consequence
from streams.lifecycle import Stop
from streams.logging import log
from streams.metrics import BATCH_RECORDS, BATCH_SECONDS, ERRORS, REBALANCES, RULES_ABORTS
from streams.starting_positions import (
    PATIENCE_S,
    PositionLostError,
    adopt,
    committed_offsets,
    starting_positions,
)
from streams.telemetry import Health
from streams.topic_guard import TopicGuard

POLL_S: Final = 0.5
"""How long an idle loop waits for a first record, and so how long a stop may wait for it."""
CHUNK: Final = 500
BATCH_BYTES: Final = 8 * 1024 * 1024
"""A batch ends here, whatever its count: payouts may be 4 MiB each, and a role has 150 MB."""
CALL_S: Final = 15.0
"""One try of a transactional call: as long as the broker keeps a transaction open. A timed-out call is resumed."""
OUTAGE_S: Final = 600.0
"""Aborts in a row, or a call that does not end, for this long: exit, and let a restart decide. Nothing is lost."""
_LOG = log(__name__)

_POSITION_LOST: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})
_REFUSED: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_RECORD,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
    }
)
"""Repeating does not help: the same records would be refused again."""


class Outgoing(msgspec.Struct, frozen=True):
    """A record to produce. `topic` is the physical name; without `partition` the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None = None
    partition: int = -1


class Handler(Protocol):
    """What is done with a batch."""

    def decide(self, batch: Sequence[Message]) -> Sequence[Outgoing]:
        """The records that follow from the batch. Asked again for the same records after an abort, so it must not
        remember them before `committed`. Raising stops the role; nothing was written."""
        ...

    def committed(self) -> None:
        """The batch last decided is committed."""
        ...


class Batching(msgspec.Struct, frozen=True):
    records: int = 5000
    """Most records of a batch."""
    linger_s: float = 0.010
    """Longest time a batch stays open after its first record."""


class TransactionalLoop:
    """One batch after the other, exactly once between topics:

    1. collect: up to `records`, at most `linger_s` after the first;
    2. decide: the handler, outside any transaction;
    3. begin;
    4. produce what was decided;
    5. send the offsets max(offset)+1 of the batch's own records, never the consumer's position;
    6. commit.

    An error in 3 to 6 aborts and seeks every assigned partition to its committed offset: without that, the aborted
    records would be skipped for ever (law 1). Partitions revoked while a batch is collected void the batch the same
    way. Fenced or fatal: the loop raises and the process has to exit.
    """

    def __init__(
        self,
        *,
        consumer: Consumer,
        producer: Producer,
        topics: Sequence[str],
        handler: Handler,
        guard: TopicGuard,
        protocol: GroupProtocol,
        health: Health,
        repeatable: Collection[str] = (),
        batching: Batching | None = None,
        controls: Controls | None = None,
        role: Role = Role.RULES,
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topics = list(topics)
        self._handler = handler
        self._guard = guard
        self._protocol = protocol
        self._health = health
        self._repeatable = repeatable
        self._batching = batching or Batching()
        self._controls = controls or Controls()
        self._role = role
        self._lag = LagGauge(role)
        self._starts: dict[tuple[str, int], int] = {}
        self._revoked = False
        self._callback_error: Exception | None = None
        self._refused: KafkaError | None = None
        self._aborting_since: float | None = None
        self._pause = threading.Event()  # never set: what cannot be waited for otherwise waits on it
        self._stop = Stop()

    def run(self, stop: Stop) -> None:
        """Blocks until `stop`, finishing the batch in hand. Raises what the process has to exit for."""
        self._stop = stop
        self._until_done(self._producer.init_transactions)  # ends what an older process of this slot left open
        self._consumer.subscribe(
            self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        try:
            while not stop:
                self._round()
                self._health.beat()
                self._health.ready(True)
        finally:
            self._health.ready(False, "stopped")
            self._consumer.close()

    def _round(self) -> None:
        batch = self._collect()
        self._guard.look()
        self._lag.measure(self._consumer)
        if not batch:
            return
        started = time.monotonic()
        outgoing = self._handler.decide(batch)
        try:
            self._write(batch, outgoing)
        except KafkaException as error:
            self._abort(error)
            return
        self._aborting_since = None
        self._handler.committed()
        BATCH_RECORDS.labels(self._role.value).observe(len(batch))
        BATCH_SECONDS.labels(self._role.value).observe(time.monotonic() - started)

    def _collect(self) -> list[Message]:
        """Step 1. Empty when nothing came, or when a revocation voided what had come."""
        self._revoked = False
        batch: list[Message] = []
        size = self._take(self._polled(self._consumer.poll(POLL_S)), batch)
        until = time.monotonic() + self._batching.linger_s
        while batch and len(batch) < self._batching.records and size < BATCH_BYTES:
            left = until - time.monotonic()
            if left <= 0:
                break
            room = min(CHUNK, self._batching.records - len(batch))
            size += self._take(self._consumer.consume(room, timeout=left), batch)
            self._raise_callback_error()
        if self._revoked and batch:
            self._rewind()
            return []
        return batch

    def _polled(self, message: Message | None) -> list[Message]:
        self._raise_callback_error()
        return [] if message is None else [message]

    def _take(self, messages: Sequence[Message], batch: list[Message]) -> int:
        """Adds the records among `messages` to the batch; returns their bytes."""
        size = 0
        for message in messages:
            error = message.error()
            if error is not None:
                self._consider(error, message)
                continue
            batch.append(message)
            size += len(message)
        return size

    def _consider(self, error: KafkaError, message: Message) -> None:
        """An error instead of a record. What cannot be waited out raises."""
        if error.code() in _POSITION_LOST:
            raise PositionLostError(
                f"{message.topic()}-{message.partition()}: the next offset is not in the partition any more; records "
                "expired unread, or the log was cut. Have them sent again, then set the group's offset"
            )
        if error.fatal() or error.code() in (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED,
        ):
            raise Permanent(f"the broker refuses this consumer: {error.name()}")
        if error.code() == KafkaError._MAX_POLL_EXCEEDED:
            self._revoked = True
        _LOG.warning("the consumer reports an error", code=error.name(), topic=message.topic())

    def _write(self, batch: Sequence[Message], outgoing: Sequence[Outgoing]) -> None:
        """Steps 3 to 6."""
        producer = self._producer
        self._refused = None
        producer.begin_transaction()
        for record in outgoing:
            self._produce(record)
        reach(CrashPoint.RULES_AFTER_PRODUCE)
        offsets = self._offsets_after(batch)
        group = self._consumer.consumer_group_metadata()
        self._until_done(lambda timeout: producer.send_offsets_to_transaction(offsets, group, timeout))
        producer.flush(CALL_S)  # what the commit would do first; here, so that a crash before it finds all sent
        reach(CrashPoint.RULES_BEFORE_COMMIT)
        self._until_done(producer.commit_transaction)
        reach(CrashPoint.RULES_AFTER_COMMIT)

    def _offsets_after(self, batch: Sequence[Message]) -> list[TopicPartition]:
        """max(offset)+1 per partition; the topic's id goes along, so that a re-created topic is known again (law 5)."""
        after: dict[tuple[str, int], int] = {}
        for message in batch:
            where = (message.topic() or "", message.partition() or 0)
            after[where] = max(after.get(where, 0), (message.offset() or 0) + 1)
        return [
            TopicPartition(topic, partition, offset, metadata=self._guard.id_of(topic))
            for (topic, partition), offset in after.items()
        ]

    def _produce(self, record: Outgoing) -> None:
        """Hands one record to the client; waits while its queue is full."""
        until = time.monotonic() + CALL_S
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers) if record.headers else None,
                    on_delivery=self._on_delivery,
                )
                return
            except BufferError:
                if time.monotonic() > until:
                    raise Transient("the producer's queue stays full: the broker does not take records") from None
                self._producer.poll(0.1)
            except KafkaException as error:
                self._on_delivery(error.args[0], None)
                raise

    def _on_delivery(self, error: KafkaError | None, message: Message | None) -> None:
        if error is not None and error.code() in _REFUSED:
            self._refused = error

    def _abort(self, error: KafkaException) -> None:
        """Ends the transaction without effect and goes back; raises where going on cannot help."""
        kafka_error: KafkaError = error.args[0]
        chosen = consequence(error, self._role)
        category = category_of(error)
        ERRORS.labels(self._role.value, category.__name__ if category else "unknown", chosen.value).inc()
        if category is Fenced:
            raise Fenced("a newer process with the same slot took over: give each process a slot of its own") from error
        if chosen is not Consequence.REWIND:
            raise error
        RULES_ABORTS.inc()
        _LOG.warning("a batch is aborted and will be read again", code=kafka_error.name())
        self._until_done(self._producer.abort_transaction)
        if self._refused is not None or kafka_error.code() in _REFUSED:
            name = (self._refused or kafka_error).name()
            raise ConfigurationError(
                f"the broker does not take a record of this batch ({name}), so nothing of it was written: do the "
                "topics have the sizes and rights of the catalogue? `writeback topics ensure` checks them"
            ) from error
        now = time.monotonic()
        self._aborting_since = self._aborting_since or now
        if now - self._aborting_since > OUTAGE_S:
            raise Transient("every batch was aborted for ten minutes") from error
        self._rewind()

    def _rewind(self) -> None:
        """Seeks every assigned partition to its committed offset, or to its named start when none is committed."""
        if self._controls.off(Control.REWIND):
            return
        mine = self._consumer.assignment()
        if not mine:
            return
        for partition in committed_offsets(self._consumer, mine, time.monotonic() + PATIENCE_S):
            offset = partition.offset
            if offset < 0:
                offset = self._starts[partition.topic, partition.partition]
            self._seek(TopicPartition(partition.topic, partition.partition, offset))

    def _seek(self, target: TopicPartition) -> None:
        """A partition that was assigned a moment ago cannot be sought before its fetcher stands."""
        until = time.monotonic() + CALL_S
        while True:
            try:
                self._consumer.seek(target)
                return
            except KafkaException as error:
                if error.args[0].code() != KafkaError._STATE or time.monotonic() > until:
                    raise
                self._pause.wait(0.01)

    def _until_done(self, call: Callable[[float], object]) -> None:
        """Resumes a call that timed out or may be retried, for up to OUTAGE_S; one try more after a stop."""
        until = time.monotonic() + OUTAGE_S
        while True:
            last = bool(self._stop)
            try:
                call(CALL_S)
                return
            except KafkaException as error:
                if last or not error.args[0].retriable() or time.monotonic() > until:
                    raise
                self._health.beat()
                self._pause.wait(0.05)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        REBALANCES.labels(self._role.value, "assigned").inc()
        try:
            starts = starting_positions(consumer, partitions, self._guard, self._repeatable)
            self._starts |= {(start.topic, start.partition): start.offset for start in starts}
            adopt(consumer, self._protocol, starts)
        except (ConfigurationError, Transient, KafkaException) as error:
            self._callback_error = error  # raised by the loop: an exception does not pass through the client

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        REBALANCES.labels(self._role.value, "revoked").inc()
        self._revoked = True

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        REBALANCES.labels(self._role.value, "lost").inc()
        self._revoked = True

    def _raise_callback_error(self) -> None:
        if self._callback_error is not None:
            raise self._callback_error

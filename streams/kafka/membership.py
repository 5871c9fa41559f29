"""A member of a consumer group: assignment at explicit positions, batches, rewinding (laws 1, 3, 5)."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.fault_injection import Control, disabled
from streams.kafka.client_config import GroupProtocol
from streams.kafka.resumed_calls import CALL_S, ResumedCalls
from streams.kafka.starting_positions import (
    PATIENCE_S,
    PositionLostError,
    assign_partitions,
    committed_offsets,
    starting_positions,
)
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.errors import ConfigurationError, Permanent, Role, Transient
from streams.runtime.logging import log
from streams.runtime.metrics import REBALANCES

POLL_S: Final = 0.5
"""How long an idle loop waits for a first record, and so how long a stop may wait for it."""
CHUNK: Final = 500
CROWD: Final = 64
"""Fewer records than this are no backlog: waiting for more would only delay them. While they are written the next
ones gather by themselves, so a batch grows with the traffic."""
BATCH_BYTES: Final = 8 * 1024 * 1024
"""A batch ends here, whatever its count: payouts may be 4 MiB each, and a role has 150 MB."""
_POSITION_LOST: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})
_LOG = log(__name__)


class Batching(msgspec.Struct, frozen=True):
    records: int = 5000
    """Most records of a batch."""
    linger_s: float = 0.010
    """Longest time a batch stays open after its first record; only one that has become a crowd waits at all."""


class Membership:
    """A consumer as the loop uses it. One thread.

    Partitions start where `starting_positions` says and nowhere else. A batch that a revocation met while it was
    collected is void: what was revoked is somebody else's, and the rest is read again.
    """

    def __init__(
        self,
        consumer: Consumer,
        *,
        guard: TopicGuard,
        protocol: GroupProtocol,
        calls: ResumedCalls,
        repeatable: Collection[str],
        batching: Batching,
        role: Role,
    ) -> None:
        self._consumer = consumer
        self._guard = guard
        self._protocol = protocol
        self._calls = calls
        self._repeatable = repeatable
        self._batching = batching
        self._role = role
        self._starts: dict[tuple[str, int], int] = {}
        self._revoked = False
        self._left_over: list[Message] = []
        """Records that were collected and not taken by the last transaction; the next batch begins with them."""
        self._callback_error: Exception | None = None

    def join(self, topics: Sequence[str]) -> None:
        self._consumer.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def leave(self) -> None:
        """Blocks until the group knows."""
        self._consumer.close()

    def group_metadata(self) -> Any:
        """The member's metadata in its group, which the broker checks when offsets are sent."""
        return self._consumer.consumer_group_metadata()

    def collect(self) -> list[Message]:
        """Step 1. Empty when nothing came, or when a revocation voided what had come."""
        self._revoked = False
        batch, self._left_over = self._left_over, []
        size = sum(len(message) for message in batch)
        # The group is asked in any case: it may have taken away what is left over.
        size += self._take(self._polled(self._consumer.poll(0.0 if batch else POLL_S)), batch)
        until = time.monotonic() + self._batching.linger_s
        while batch and len(batch) < self._batching.records and size < BATCH_BYTES:
            left = until - time.monotonic() if len(batch) >= CROWD else 0.0
            room = min(CHUNK, self._batching.records - len(batch))
            size += self._take(self._consumer.consume(room, timeout=max(left, 0.0)), batch)
            self._raise_callback_error()
            if len(batch) < CROWD or time.monotonic() >= until:
                break
        if self._revoked and batch:
            self.rewind()
            return []
        return batch

    def leave_over(self, rest: Sequence[Message]) -> None:
        """The next batch begins with these: the last of the one just collected, in their order. A rewind forgets
        them."""
        self._left_over = list(rest)

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

    def rewind(self) -> None:
        """Seeks every assigned partition to its committed offset, or to its named start when none is committed."""
        self._left_over.clear()
        if disabled(Control.REWIND):
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
                self._calls.pause(0.01)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        REBALANCES.labels(self._role.value, "assigned").inc()
        try:
            starts = starting_positions(consumer, partitions, self._guard, self._repeatable)
            self._starts |= {(start.topic, start.partition): start.offset for start in starts}
            assign_partitions(consumer, self._protocol, starts)
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

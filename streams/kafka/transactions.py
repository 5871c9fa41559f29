"""Consumes, decides and produces, each batch in one Kafka transaction; an abort rewinds (law 1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from streams.fault_injection import CrashPoint, reach
from streams.kafka.client_config import GroupProtocol
from streams.kafka.consumer_lag import LagGauge, Read
from streams.kafka.membership import Batching, Membership
from streams.kafka.resumed_calls import CALL_S, HungCall, ResumedCalls
from streams.kafka.topic_identity import TopicGuard
from streams.kafka.transaction_age import OpenSince, fenced_error
from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError, Consequence, Fenced, Role, Transient, category_of, consequence
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import BATCH_RECORDS, BATCH_SECONDS, ERRORS, TRANSACTIONS_ABORTED
from streams.runtime.role_loop import OUTAGE_S

_LOG = log(__name__)

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

MOST_HUNG: Final = 5
"""Producers that one process may leave behind."""
ON_THE_WIRE_S: Final = 2.0
"""Before an abort, for what was produced; a broker that is away is not waited for longer."""


class Outgoing(msgspec.Struct, frozen=True):
    """A record to produce. `topic` is the physical name; without `partition` the key decides."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] | None = None
    partition: int = -1


class Step(msgspec.Struct, frozen=True):
    """What one transaction writes."""

    outgoing: Sequence[Outgoing]
    taken: int
    """Records of the batch, from its first on, that this follows from; one at least. The rest begins the next batch."""


class Handler(Protocol):
    """Decides the records that follow from a batch."""

    def decide(self, batch: Sequence[Message]) -> Step:
        """The records that follow from the batch, or from its first ones where all would be too much for one
        transaction. Asked again for the same records after an abort, so it must not remember them before `committed`.
        Raising stops the role; nothing was written."""
        ...

    def committed(self) -> None:
        """The step last decided is committed."""
        ...


class TransactionalBatches:
    """One batch after the other, exactly once between topics:

    1. collect: up to `records`, at most `linger_s` after the first;
    2. decide: the handler, outside any transaction; what it leaves of the batch begins the next one;
    3. begin;
    4. produce what was decided;
    5. send the offsets max(offset)+1 of the batch's own records, never the consumer's position;
    6. commit.

    An error in 3 to 6 aborts and seeks every assigned partition to its committed offset: without that, the aborted
    records would be skipped for ever (law 1). Partitions revoked while a batch is collected void the batch the same
    way. A producer that hangs is left behind; another one fences it, and the batch begins again. Fenced or fatal: it
    raises and the process has to exit.
    """

    def __init__(
        self,
        *,
        consumer: Consumer,
        make_producer: Callable[[], Producer],
        topics: Sequence[str],
        handler: Handler,
        guard: TopicGuard,
        protocol: GroupProtocol,
        health: Health,
        stop: Stop,
        repeatable: Collection[str] = (),
        batching: Batching | None = None,
        role: Role = Role.RULES,
    ) -> None:
        """`make_producer`: one of the same transactional id each time."""
        self._consumer = consumer
        self._make_producer = make_producer
        self._producer = make_producer()
        self._hung = 0
        self._topics = list(topics)
        self._handler = handler
        self._guard = guard
        self._health = health
        self._role = role
        self._calls = ResumedCalls(health, stop)
        self._membership = Membership(
            consumer,
            guard=guard,
            protocol=protocol,
            calls=self._calls,
            repeatable=repeatable,
            batching=batching or Batching(),
            role=role,
        )
        self._lag = LagGauge(role)
        self._aborting_since: float | None = None
        self._open_since = OpenSince()
        self._joined = False

    def iterate(self) -> None:
        """One batch, or nothing where none came; at first the group is joined. Blocks for the batch in hand, which a
        stop lets end. Raises what the process has to exit for."""
        if not self._joined:
            self._calls.until_done(self._producer.init_transactions)  # ends what an older process left open
            self._membership.join(self._topics)
            self._joined = True
        self._batch()
        self._health.ready(True)

    def disconnect(self) -> None:
        """Leave the group. Blocks until the group knows."""
        if self._joined:
            self._joined = False
            self._lag.forget()
            self._membership.leave()

    def _batch(self) -> None:
        batch = self._membership.collect()
        self._guard.check()
        self._lag.measure(self._consumer, map(_read, batch))
        if not batch:
            return
        started = time.monotonic()
        step = self._handler.decide(batch)
        taken = batch[: step.taken]
        self._membership.leave_over(batch[step.taken :])
        try:
            self._write(taken, step.outgoing)
        except KafkaException as error:
            self._abort(error)
            return
        except HungCall as error:
            self._replace_producer(error)
            return
        self._aborting_since = None
        self._handler.committed()
        BATCH_RECORDS.labels(self._role.value).observe(len(taken))
        BATCH_SECONDS.labels(self._role.value).observe(time.monotonic() - started)

    def _write(self, batch: Sequence[Message], outgoing: Sequence[Outgoing]) -> None:
        """Steps 3 to 6."""
        producer = self._producer
        self._open_since = OpenSince()
        producer.begin_transaction()
        for record in outgoing:
            self._produce(record)
        reach(CrashPoint.RULES_AFTER_PRODUCE)
        offsets = self._offsets_after(batch)
        group = self._membership.group_metadata()
        self._calls.until_done(
            lambda timeout: producer.send_offsets_to_transaction(offsets, group, timeout), may_hang=True
        )
        producer.flush(CALL_S)  # what the commit would do first; here, so that a crash before it finds all sent
        reach(CrashPoint.RULES_BEFORE_COMMIT)
        self._calls.until_done(producer.commit_transaction)
        reach(CrashPoint.RULES_AFTER_COMMIT)

    def _replace_producer(self, error: HungCall) -> None:
        """Goes on with another producer, which ends what the hung one left open, and reads the batch again. Raises
        `error` where it happened MOST_HUNG times in this process: each costs some memory and a thread."""
        self._hung += 1
        if self._hung > MOST_HUNG:
            raise error
        ERRORS.labels(self._role.value, Transient.__name__, Consequence.REWIND.value).inc()
        TRANSACTIONS_ABORTED.labels(self._role.value).inc()
        _LOG.warning("a producer hangs and is replaced; its batch will be read again", count=self._hung)
        self._producer = self._make_producer()
        self._calls.until_done(self._producer.init_transactions)
        self._membership.rewind()

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
        """Hands one record to the client; waits while its queue is full.

        There is no delivery report: the commit succeeds only when every record is stored, and raises what the first
        refused one met. A report would run while a fatal error is being raised, and hide it behind a SystemError.
        """
        until = time.monotonic() + CALL_S
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers) if record.headers else None,
                )
                return
            except BufferError:
                if time.monotonic() > until:
                    raise Transient("the producer's queue stays full: the broker does not take records") from None
                self._producer.poll(0.1)

    def _abort(self, error: KafkaException) -> None:
        """Ends the transaction without effect and goes back; raises where going on cannot help."""
        kafka_error: KafkaError = error.args[0]
        chosen = consequence(error, self._role)
        category = category_of(error)
        if category is Fenced:
            raise fenced_error("worker", self._open_since.age_s(), CALL_S) from error
        if chosen is not Consequence.REWIND:
            raise error
        ERRORS.labels(self._role.value, category.__name__ if category else "unknown", chosen.value).inc()
        TRANSACTIONS_ABORTED.labels(self._role.value).inc()
        _LOG.warning("a batch is aborted and will be read again", code=kafka_error.name())
        # What was produced reaches its partition before the end of the transaction reaches the coordinator: an end
        # that overtakes it is answered INVALID_TXN_STATE, which is fatal.
        self._producer.flush(ON_THE_WIRE_S)
        self._calls.until_done(self._producer.abort_transaction)
        if kafka_error.code() in _REFUSED:
            raise ConfigurationError(
                f"the broker refuses a record of this batch ({kafka_error.name()}), so nothing of it was written: "
                "do the topics have the sizes and rights of the catalogue? `writeback topics ensure` checks them"
            ) from error
        now = time.monotonic()
        self._aborting_since = self._aborting_since or now
        if now - self._aborting_since > OUTAGE_S:
            raise Transient("every batch was aborted for ten minutes") from error
        self._membership.rewind()


def _read(message: Message) -> Read:
    return Read(message.topic() or "", message.partition() or 0, message.timestamp()[1])

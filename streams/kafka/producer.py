"""The producer kit for upstream payment systems: events are validated, idempotent, ordered and confirmed.

    with EventProducer({"bootstrap.servers": "kafka:9092"}) as producer:
        producer.send(PaymentSucceeded(...))          # Invalid when the event breaks the contract
    # leaving the block waits for the broker; Undelivered says how many it did not confirm

What it sets and why: `acks=all` and `enable.idempotence` (an acknowledged event is on every in-sync replica, once and
in order), `partitioner=murmur2_random` (the partition that Java clients choose; librdkafka's own default agrees for
85 of 1,000 keys, law 12), key = practice (E-6), CloudEvents headers, `traceparent` where the caller works in a span
(W3C Trace Context), the Confluent wire format, and validation before the first byte leaves. An upstream in another
language sets the same and needs nothing of this program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from types import TracebackType
from typing import Final, Self

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from schemas.codec import cloud_event_headers, encode_event
from schemas.events import Event
from schemas.topics import CATALOGUE, LARGEST_BATCH_BYTES, STREAM_TOPICS, physical
from schemas.validation.events import Invalid, key_of, validate
from schemas.vocabulary import DeadLetterReason
from streams.kafka.producer_traces import send_span, trace_headers
from streams.kafka.registered_subjects import SubjectIds
from streams.kafka.schema_registry import SchemaRegistry
from streams.runtime.errors import Ambiguous, Transient
from streams.runtime.spans import Span

DELIVERY_MS: Final = 120_000
"""How long the client tries one event before it reports it as not delivered."""
QUEUE_S: Final = 60.0
"""How long `send` waits for room in the client's queue."""
FLUSH_S: Final = DELIVERY_MS / 1000 + 5

UPSTREAM_CONFIG: Final[dict[str, str | int | float | bool]] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 5,
    "message.max.bytes": LARGEST_BATCH_BYTES,
    "delivery.timeout.ms": DELIVERY_MS,
    "log_level": 2,  # errors are reported by `send`, deliveries and `flush`
}


class Undelivered(Ambiguous):
    """Events that the broker never confirmed. They may have arrived; sending them again under their ids is safe."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's answer for one event."""

    event_id: str
    topic: str
    partition: int
    offset: int
    error: str | None
    """The broker's code, such as MSG_SIZE_TOO_LARGE; None when the event is stored."""


class EventProducer:
    """Sends events. Not shared between threads; one for the life of a process."""

    def __init__(
        self,
        client: Mapping[str, str],
        topic_prefix: str = "",
        on_delivery: Callable[[Delivery], None] | None = None,
        registry: SchemaRegistry | None = None,
    ) -> None:
        """`client` leads to the broker: `bootstrap.servers` and its security settings; the rest is fixed here.

        `registry`: schema ids are those that it has for the contract's schemas, under topic and record name.
        """
        self._ids = None if registry is None else SubjectIds(registry, topic_prefix)
        self._prefix = topic_prefix
        self._on_delivery = on_delivery
        self._producer = Producer({**client, **UPSTREAM_CONFIG})
        self.delivered = 0
        self.failed = 0

    def send(self, event: Event, *, checked: bool = False) -> None:
        """Hands one event to the client; it is stored only once its Delivery says so.

        Raises Invalid for an event that breaks the contract (`checked` skips what the caller has done already).
        Blocks only while the client's queue is full, at most QUEUE_S seconds, then raises Transient; with a registry
        also for its first answer for a type, and raises RegistryUnavailable, or ConfigurationError for a schema that it
        does not have. Nothing was sent then.
        """
        value = encode_event(event) if checked else checked_value(event)
        name = STREAM_TOPICS[event.stream]
        if self._ids is not None:
            value = self._ids.registered(name, value)
        topic = physical(self._prefix, name)
        self._produce(topic, key_of(event), value, event)
        self._producer.poll(0)

    def _produce(self, topic: str, key: bytes, value: bytes, event: Event) -> None:
        deadline = monotonic() + QUEUE_S
        span = send_span(event, topic)
        headers = cloud_event_headers(event) + trace_headers(span)
        while True:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    headers=headers,  # type: ignore[arg-type] # a list of pairs is what it takes
                    on_delivery=self._reporter(event.event_id, span),
                )
                return
            except BufferError:
                if monotonic() >= deadline:
                    raise Transient(
                        f"the broker takes no more events since {QUEUE_S:.0f} s: check that it is up, then send again"
                    ) from None
                self._producer.poll(0.1)  # room is made by delivery reports

    def _reporter(self, event_id: str, span: Span | None) -> Callable[[KafkaError | None, Message], None]:
        def report(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self.delivered += 1
            else:
                self.failed += 1
            if span is not None:
                span.end(failed=error is not None)
            if self._on_delivery is not None:
                self._on_delivery(
                    Delivery(
                        event_id=event_id,
                        topic=message.topic() or "",
                        partition=message.partition() or 0,
                        offset=message.offset() or 0,
                        error=None if error is None else error.name(),
                    )
                )

        return report

    def flush(self, seconds: float = FLUSH_S) -> None:
        """Waits until every event has its Delivery. Undelivered when some have none or were refused."""
        left = self._producer.flush(seconds)
        if left or self.failed:
            raise Undelivered(
                f"{left + self.failed} events were not confirmed by the broker; send them again, their ids make it safe"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.flush(FLUSH_S)


def checked_value(event: Event, now: datetime | None = None) -> bytes:
    """An event's value after every check that RULES will make; Invalid otherwise. Pure.

    With `now`, what would arrive more than five minutes before it happened is refused too (E-10).
    """
    validate(event, now)
    value = encode_event(event)
    limit = CATALOGUE[STREAM_TOPICS[event.stream]].max_value_bytes
    if len(value) > limit:
        raise Invalid(DeadLetterReason.TOO_LARGE, "event", f"has {len(value)} bytes; at most {limit} are taken")
    return value

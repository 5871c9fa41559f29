"""Reads what stands on the results topic, to its end or for as long as wanted, without a group.

For people and for tests: a consumer that must miss nothing joins a group of its own and commits what it has handled.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.codec import Undecodable, decode_published
from schemas.refusals import RecordRefused
from schemas.sender_warnings import SenderWarning
from schemas.topics import TopicName, physical
from schemas.writebacks import Result
from streams.kafka import watermarks
from streams.kafka.registered_schemas import RegisteredSchemas, UnansweredSchema, registered_schemas
from streams.kafka.topic_records import ASK_S, described, reader
from streams.runtime.errors import ConfigurationError, Transient
from streams.runtime.lifecycle import Stop
from streams.settings import ProgramSettings

CHUNK: Final = 500
POLL_S: Final = 0.2
"""How late a stop is noticed."""
REMEMBERED: Final = 20_000
"""Ids by which repeats are dropped: a relay repeats a batch at once, and a batch has at most 500."""


PublishedRecord = Result | RecordRefused | SenderWarning


class Published(msgspec.Struct, frozen=True):
    """One record of the topic."""

    partition: int
    offset: int
    result: PublishedRecord


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Where to begin, and what to keep. Without `since` at the oldest record, or with `from_now` behind the newest."""

    since: datetime | None = None
    """By the time at which a result was published."""
    from_now: bool = False
    practice_id: str | None = None
    event_id: str | None = None
    refused_only: bool = False
    """Leaves results out; warnings to senders stay."""

    def keeps(self, result: PublishedRecord) -> bool:
        """Pure."""
        return (
            (self.practice_id is None or result.practice_id == self.practice_id)
            and (self.event_id is None or result.event_id == self.event_id)
            and (not self.refused_only or not isinstance(result, Result))
        )


def published_results(
    settings: ProgramSettings, wanted: Wanted, stop: Stop | None = None, on_ready: Callable[[], None] | None = None
) -> Iterator[Published]:
    """What matches, each id once, in the order of each partition. Blocks while there is nothing.

    With `stop`: until that is set; `on_ready` is called once the start is fixed, so that nothing that is published
    after it is missed. Without: to the ends as they stand now. A record that this release cannot decode is left out.
    Raises ConfigurationError where the topic is not there, Transient where the broker does not answer.
    """
    topic = physical(settings.topic_prefix, TopicName.RESULTS)
    consumer = reader(settings, "results")
    try:
        starts = _starts(settings, consumer, topic, wanted)
        consumer.assign(starts)
        if on_ready is not None:
            on_ready()
        messages = _to_the_ends(consumer, len(starts)) if stop is None else _until(consumer, stop)
        yield from _decoded(messages, wanted, registered_schemas(settings, "results"))
    except KafkaException as error:
        raise Transient("the results topic cannot be read: is the broker reachable?") from error
    finally:
        consumer.close()


def _starts(settings: ProgramSettings, consumer: Consumer, topic: str, wanted: Wanted) -> list[TopicPartition]:
    admin = AdminClient({**settings.kafka_client(), "log_level": 3})
    known = described(admin, topic)
    if known is None:
        raise ConfigurationError(f"the topic {topic} is not there: `writeback topics ensure` makes it")
    _, partitions = known
    if wanted.since is not None:
        millis = int(wanted.since.timestamp() * 1000)
        asked = [TopicPartition(topic, part, millis) for part in partitions]
        return list(consumer.offsets_for_times(asked, timeout=ASK_S))
    bounds = (
        watermarks.highs(admin, topic, partitions) if wanted.from_now else watermarks.lows(admin, topic, partitions)
    )
    return [TopicPartition(topic, part, bounds[part]) for part in partitions]


def _to_the_ends(consumer: Consumer, partitions: int) -> Iterator[Message]:
    ended: set[int] = set()
    heard = time.monotonic()
    while len(ended) < partitions:
        messages = consumer.consume(CHUNK, timeout=POLL_S)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > ASK_S:
            raise Transient("the results topic could not be read to its end: is the broker reachable?")
        for message in messages:
            if _is_record(message):
                yield message
            elif _is_end(message):
                ended.add(message.partition() or 0)


def _until(consumer: Consumer, stop: Stop) -> Iterator[Message]:
    while not stop:
        yield from (message for message in consumer.consume(CHUNK, timeout=POLL_S) if _is_record(message))


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def _is_record(message: Message) -> bool:
    """An error that passes is waited out by the client; any other is raised."""
    error = message.error()
    if error is None:
        return True
    if error.code() != KafkaError._PARTITION_EOF and not error.retriable():
        raise KafkaException(error)
    return False


def _decoded(messages: Iterator[Message], wanted: Wanted, schemas: RegisteredSchemas | None) -> Iterator[Published]:
    seen: OrderedDict[str, None] = OrderedDict()
    for message in messages:
        value = message.value()
        value = value.encode() if isinstance(value, str) else value
        with suppress(Undecodable):
            try:
                ours = value if schemas is None else schemas.released(TopicName.RESULTS, value)
            except UnansweredSchema as error:
                raise Transient(
                    "the schema registry does not answer, so results cannot be read: try again in a minute"
                ) from error
            result = decode_published(ours)
            if result.result_id in seen:
                continue
            seen[result.result_id] = None
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
            if wanted.keeps(result):
                yield Published(message.partition() or 0, message.offset() or 0, result)

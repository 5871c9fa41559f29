"""Measures how far behind each role is: positions in Postgres against high-water marks in Kafka (law 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.topics import SOURCES, TopicName, physical
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_one
from sinks.operations.ledger import Connection, Ledger
from sinks.operations.queries.practices import check_practice
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.settings import ProgramSettings

BROKER_S: Final = 10.0
LOOKED_AT: Final = 10_000
"""Open entries that are summed at most: the answer comes at once, however much waits at a cut-off."""
_SQL: Final = named_queries("sinks.operations.queries", "lag.sql")
READS: Final = {
    "rules": (*SOURCES, TopicName.REDECISIONS),
    "intake": (TopicName.WRITEBACKS, TopicName.DEAD_LETTERS),
}
"""Whose lag is counted on which topic; the relay's is the outbox, the poster's the gates."""


class PartitionLag(msgspec.Struct, frozen=True):
    """`behind` None: the role has no position there yet, or the topic is not there."""

    role: str
    topic: str
    part: int
    position: int | None
    end: int
    behind: int | None


class OutboxDepth(msgspec.Struct, frozen=True):
    topic: str
    rows: int
    oldest_s: float


class DueGate(msgspec.Struct, frozen=True):
    practice_id: str
    connection_id: str
    due_at: datetime
    due_for_s: float
    claimed: bool
    closed_reason: str | None
    held_back: bool


class Closed(msgspec.Struct, frozen=True):
    """A connection that is closed or down, and what waits behind it. No entry has failed."""

    practice_id: str
    target: str
    reason: str
    since: datetime | None
    entries: int
    amount_minor: int
    currency: str | None


class Dead(msgspec.Struct, frozen=True):
    """What stands dead at a practice; `dlq list` names each."""

    practice_id: str
    entries: int
    records: int
    since: datetime


class Unposted(msgspec.Struct, frozen=True):
    """Money that is neither posted nor otherwise final, by the age of its payment."""

    target: str
    currency: str
    age: str
    entries: int
    amount_minor: int


class Waiting(msgspec.Struct, frozen=True):
    practice_id: str
    target: str | None
    state: str
    count: int
    since: datetime


class IntakePosition(msgspec.Struct, frozen=True):
    """INTAKE's next offset of a partition; `topic` None for one that no catalogue knows any more."""

    topic: str | None
    part: int
    next_offset: int


class OpenCounts(msgspec.Struct, frozen=True):
    notices_open: int
    notices_unread: int
    """Of them, those that nobody was told of and nobody is about to be."""
    mails_due: int
    mails_failed: int


class Lag(msgspec.Struct, frozen=True):
    partitions: tuple[PartitionLag, ...]
    outbox: tuple[OutboxDepth, ...]
    gates: tuple[DueGate, ...]
    closed: tuple[Closed, ...]
    dead: tuple[Dead, ...]
    unposted: tuple[Unposted, ...]
    waiting_for_people: tuple[Waiting, ...]
    more_than: int | None
    """Set where the two before are of so many entries or more, of which these are the first."""
    notices_open: int
    notices_unread: int
    mails_due: int
    mails_failed: int


@sees(View.HEALTH)
def measure_lag(ledger: Ledger, settings: ProgramSettings, *, practice_id: str | None = None, most: int = 20) -> Lag:
    """Everything at once; changes nothing. Blocks for some statements and up to BROKER_S per question to the broker.

    Raises KafkaException when the broker does not answer, ConfigurationError for an unknown practice.
    """
    connection, now, one = ledger.connection, ledger.now, {"practice_id": practice_id}
    check_practice(connection, practice_id)
    some = one | {"looked_at": LOOKED_AT}
    unposted = fetch_all(connection, Unposted, _SQL["unposted_by_age"], {"now": now} | some)
    counts = fetch_one(connection, OpenCounts, _SQL["open_counts"], {}) or OpenCounts(0, 0, 0, 0)
    return Lag(
        partitions=tuple(_partitions(connection, settings)),
        outbox=tuple(fetch_all(connection, OutboxDepth, _SQL["outbox_depth"], {})),
        gates=tuple(fetch_all(connection, DueGate, _SQL["oldest_due_gates"], {"now": now, "most": most})),
        closed=tuple(fetch_all(connection, Closed, _SQL["closed_connections"], one | {"most": most})),
        dead=tuple(fetch_all(connection, Dead, _SQL["standing_dead"], one | {"most": most})),
        unposted=tuple(unposted),
        waiting_for_people=tuple(fetch_all(connection, Waiting, _SQL["waiting_for_people"], some)),
        more_than=LOOKED_AT if sum(each.entries for each in unposted) >= LOOKED_AT else None,
        notices_open=counts.notices_open,
        notices_unread=counts.notices_unread,
        mails_due=counts.mails_due,
        mails_failed=counts.mails_failed,
    )


def _partitions(connection: Connection, settings: ProgramSettings) -> list[PartitionLag]:
    """INTAKE's positions are those in Postgres, whatever Kafka says; RULES' are those of its transactions."""
    ends = _ends(settings)
    positions = fetch_all(connection, IntakePosition, _SQL["intake_positions"], {})
    stored = {(str(each.topic), each.part): each.next_offset for each in positions}
    committed = _committed(settings, [key for key in ends if key[0] in READS["rules"]])
    found = []
    for role, topics in READS.items():
        for (topic, part), end in ends.items():
            if topic not in topics:
                continue
            position = stored.get((topic, part)) if role == "intake" else committed.get((topic, part))
            found.append(
                PartitionLag(
                    role, topic.value, part, position, end, None if position is None else max(0, end - position)
                )
            )
    return found


def _ends(settings: ProgramSettings) -> dict[tuple[TopicName, int], int]:
    config = dict(settings.kafka_client()) | {"group.id": settings.prefixed("lag"), "enable.auto.commit": False}
    consumer = Consumer(config | {"log_level": 3})
    try:
        there = consumer.list_topics(timeout=BROKER_S).topics
        found = {}
        for name in {topic for topics in READS.values() for topic in topics}:
            topic = physical(settings.topic_prefix, name)
            for part in there[topic].partitions if topic in there else ():
                marks = consumer.get_watermark_offsets(TopicPartition(topic, part), timeout=BROKER_S)
                found[name, part] = marks[1]
        return dict(sorted(found.items()))
    finally:
        consumer.close()


def _committed(settings: ProgramSettings, keys: list[tuple[TopicName, int]]) -> dict[tuple[TopicName, int], int]:
    if not keys:
        return {}
    admin = AdminClient(dict(settings.kafka_client()) | {"log_level": 3})
    names = {physical(settings.topic_prefix, name): name for name, _ in keys}
    wanted = [TopicPartition(physical(settings.topic_prefix, name), part) for name, part in keys]
    group = ConsumerGroupTopicPartitions(settings.prefixed("rules"), wanted)
    (answer,) = admin.list_consumer_group_offsets([group], request_timeout=BROKER_S).values()
    try:
        offsets = answer.result().topic_partitions
    except KafkaException as error:
        if error.args[0].name() == "GROUP_ID_NOT_FOUND":  # RULES has never run here
            return {}
        raise
    return {(names[each.topic], each.partition): each.offset for each in offsets if each.offset >= 0}

"""Finds records that stand on another partition than their key's, and reports each sender once (law 12).

They are taken all the same: order within a practice holds only among records of one partition, so its sender hears of
it before it matters.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import encode_warning
from schemas.partitioning import partition_of
from schemas.sender_warnings import SenderWarning
from schemas.topics import TopicName
from schemas.validation.refusal_words import WARNING_WORDS
from schemas.vocabulary import SenderFault
from schemas.writebacks import Writeback
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import OutboxMessage
from sinks.ledger.rows.fetch import fetch_all
from streams.runtime.logging import log
from streams.runtime.metrics import MISPLACED_RECORDS

_SQL: Final = named_queries("sinks.ledger.intake")
_LOG: Final = log(__name__)
_SPACE: Final = uuid.UUID("0f6a4c1e-51d0-5c0e-8d5b-0c8f3f1d9a10")
"""Of warnings' ids. Never another one: consumers drop repeats by them."""
MOST_SENDERS: Final = 1_000
"""Systems that are reported; whoever invents more names has heard it."""
KEYS: Final = 16_384
"""Whose partition is remembered: hashing takes some microseconds, and a batch names few practices."""

_belongs: Final = lru_cache(maxsize=KEYS)(partition_of)

Sender = tuple[str, str]
"""Source and topic."""


class _Reported(msgspec.Struct, frozen=True):
    source: str
    topic: str


class MisplacedRecords:
    """What one intake knows of senders' partitions: whom it need not ask the ledger about."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._known: set[Sender] = set()

    def find(self, records: Sequence[Record]) -> list[Writeback]:
        """Those of a batch, in its order. Pure. A request to decide again has its key's partition, not its record's."""
        return [
            record.writeback
            for record in records
            if isinstance(record, Decided)
            and not record.writeback.redecision
            and record.writeback.position.partition != _belongs(record.writeback.original_key, self._partitions)
        ]

    def warnings(
        self, cursor: psycopg.Cursor[TupleRow], found: Sequence[Writeback], now: datetime | None, at: datetime
    ) -> list[OutboxMessage]:
        """Messages for senders that the ledger has not reported yet, which are noted in the caller's transaction.

        Blocks for one statement where there are any that this intake does not know.
        """
        first: dict[Sender, Writeback] = {}
        for each in found:
            first.setdefault(_sender(each), each)
        new = [first[sender] for sender in sorted(first.keys() - self._known)]
        if not new:
            return []
        parameters = {
            "sources": [each.identity.source for each in new],
            "topics": [each.position.topic for each in new],
            "practice_ids": [each.identity.practice_id for each in new],
            "parts": [each.position.partition for each in new],
            "offs": [each.position.offset for each in new],
            "expected_parts": [self._belongs(each) for each in new],
            "most": MOST_SENDERS,
            "now": now,
        }
        reported = fetch_all(cursor, _Reported, _SQL["report_misplaced"], parameters)
        return [self._message(first[each.source, each.topic], at) for each in reported]

    def stored(self, found: Sequence[Writeback]) -> None:
        """The batch is committed: count, and ask no more about these senders."""
        for topic, count in Counter(each.position.topic for each in found).items():
            MISPLACED_RECORDS.labels(topic).inc(count)
        for sender in {_sender(each) for each in found} - self._known:
            source, topic = sender
            _LOG.warning("a sender does not use the murmur2 partitioner", source=source, topic=topic)
            if len(self._known) < MOST_SENDERS:
                self._known.add(sender)

    def _belongs(self, writeback: Writeback) -> int:
        return _belongs(writeback.original_key, self._partitions)

    def _message(self, writeback: Writeback, at: datetime) -> OutboxMessage:
        place, identity = writeback.position, writeback.identity
        fault = SenderFault.OTHER_PARTITIONER
        message_id = uuid.uuid5(_SPACE, f"{fault}:{place.topic_id}:{identity.source}")
        warning = SenderWarning(
            result_id=str(message_id),
            practice_id=identity.practice_id,
            source=identity.source,
            event_id=identity.event_id,
            topic=place.topic,
            partition=place.partition,
            offset=place.offset,
            expected_partition=self._belongs(writeback),
            fault=fault,
            problem=WARNING_WORDS[fault].problem,
            sender_does=WARNING_WORDS[fault].sender_does,
            noticed_at=at,
        )
        return OutboxMessage(
            practice_id=identity.practice_id,
            id=message_id,
            topic=TopicName.RESULTS,
            key=identity.practice_id.encode(),
            value=encode_warning(warning),
        )


def _sender(writeback: Writeback) -> Sender:
    return writeback.identity.source, writeback.position.topic

"""Sends the original bytes of dead records to their source topic again, so that RULES sees them as they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.topics import TopicName, physical
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_one
from sinks.operations.ledger import Connection
from sinks.operations.queries.dead_letters import DeadRecord
from streams.kafka.client_config import producer_config
from streams.kafka.dead_letters import REDRIVE_COUNT
from streams.runtime.errors import Ambiguous
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.operations.actions", "redrive.sql")
ACKNOWLEDGED_S: Final = 8.0
"""Below the statement and transaction timeouts of the transaction that settles the rows."""


class RecordBytes(msgspec.Struct, frozen=True):
    """A record as it came."""

    key: bytes | None
    value: bytes | None


class Republisher:
    """Sends dead records again. Connects to the broker only when there is something to send."""

    def __init__(self, settings: ProgramSettings) -> None:
        self._settings = settings
        self._producer: Producer | None = None
        self._failed: KafkaError | None = None

    def republish(
        self, connection: Connection, records: Sequence[DeadRecord], *, who: str, now: datetime | None
    ) -> int:
        """In the caller's transaction: 1. lock the rows. 2. send, same key, bytes and partition number, counted on.
        3. wait for every acknowledgement. 4. settle the rows. Returns how many were still open.

        Raises Ambiguous when the broker does not acknowledge all; the rows then stay open, and a record that arrived
        all the same is a duplicate by its identity or the same dead letter again.
        """
        sent: list[dict[str, Any]] = []
        for record in records:
            place = {
                "practice_id": record.practice_id,
                "topic_id": record.topic_id,
                "part": record.part,
                "off": record.off,
                "effect_id": record.effect_id,
                "redrives": record.redrives,
            }
            original = fetch_one(connection, RecordBytes, _SQL["record_bytes"], place)
            if original is not None:
                self._send(record, original)
                sent.append(place)
        if sent:
            self._acknowledged()
        for place in sent:
            connection.execute(_SQL["settle_record"], place | {"who": who, "now": now})
        return len(sent)

    def _send(self, record: DeadRecord, original: RecordBytes) -> None:
        if self._producer is None:
            self._producer = Producer(producer_config(self._settings))
        self._producer.produce(
            physical(self._settings.topic_prefix, TopicName(record.topic)),
            key=original.key,
            value=original.value,
            partition=record.part,
            headers=[(REDRIVE_COUNT, str(record.redrives + 1).encode())],
            on_delivery=self._on_delivery,
        )

    def _acknowledged(self) -> None:
        self._failed = None
        producer = self._producer
        left = producer.flush(ACKNOWLEDGED_S) if producer is not None else 0
        if left or self._failed is not None:
            cause = None if self._failed is None else KafkaException(self._failed)
            raise Ambiguous("the broker did not acknowledge every record; run the redrive again") from cause

    def _on_delivery(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed = error

"""Publishes a batch of outbox rows as one Kafka transaction, by the one producer of its slot (laws 13, 14, 25)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.topics import physical
from sinks.ledger.history.stamps import HEADER, LedgerStamp, header_value
from sinks.relay.outbox_rows import Record
from streams.fault_injection import CrashPoint, reach
from streams.kafka.client_config import producer_config
from streams.runtime.errors import Poison, Role
from streams.runtime.metrics import TRANSACTIONS_ABORTED
from streams.settings import ProgramSettings

INIT_S: Final = 30.0
"""Taking over from a killed relay waits until the broker has ended its transaction (transaction.timeout 15 s)."""
COMMIT_S: Final = 10.0
"""Below the database's transaction timeout (15 s), which holds the rows' locks meanwhile."""
OUTBOX_ID_HEADER: Final = "wb-outbox-id"
"""What consumers drop repeats by (law 25)."""

_NOT_THIS_RECORD: Final = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD, KafkaError._INVALID_ARG}
)


class Publisher:
    """The transactional producer `<prefix>relay-<slot>`: an equal slot fences the older process, which must exit."""

    def __init__(self, settings: ProgramSettings) -> None:
        """Blocks up to INIT_S while an older process of this slot is fenced. Raises KafkaException."""
        self._prefix = settings.topic_prefix
        self.stamp: LedgerStamp | None = None
        """How far the ledger is that the next rows come from."""
        self._producer = Producer(producer_config(settings, transactional_id=f"relay-{settings.slot}"))
        self._producer.init_transactions(INIT_S)

    def publish(self, rows: Sequence[Record]) -> None:
        """All of the rows or none. Blocks up to COMMIT_S.

        1. begin. 2. produce. 3. flush: the broker has all of it. 4. commit. There are no delivery callbacks: a refused
        record fails the transaction, and from inside one the client's fatal errors could not be caught.
        Raises Poison when one record can never be taken (with several rows: find it by halves), KafkaException for the
        rest; the transaction is then aborted unless the producer is fenced.
        """
        self._producer.begin_transaction()
        try:
            for row in rows:
                self._produce(row)
            self._producer.flush(COMMIT_S)
            reach(CrashPoint.RELAY_BEFORE_COMMIT)
            self._producer.commit_transaction(COMMIT_S)
        except KafkaException as error:
            kafka_error: KafkaError = error.args[0]
            if kafka_error.fatal():
                raise
            self._producer.abort_transaction(COMMIT_S)
            TRANSACTIONS_ABORTED.labels(Role.RELAY.value).inc()
            if kafka_error.code() in _NOT_THIS_RECORD:
                raise Poison("the broker never takes one of these records") from error
            raise

    def _produce(self, row: Record) -> None:
        stamp = [] if self.stamp is None else [(HEADER, header_value(self.stamp).encode())]
        self._producer.produce(
            physical(self._prefix, row.topic),
            value=row.value,
            key=row.key,
            headers=[
                *((name, text.encode()) for name, text in row.headers),
                (OUTBOX_ID_HEADER, str(row.id).encode()),
                *stamp,
            ],
            partition=-1 if row.part is None else row.part,
        )

"""The RELAY role: publishes outbox rows to Kafka, each at least once and recognisable by its id (law 25)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from confluent_kafka import KafkaException

from schemas.topics import TopicName, physical
from sinks.ledger.history.broker import ask_broker
from sinks.ledger.history.settle import Evidence, current_stamp, settle
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.version import require_schema
from sinks.relay import outbox_rows as outbox
from sinks.relay.outbox_rows import Record
from sinks.relay.published_ids import published_ids
from sinks.relay.publisher import Publisher
from sinks.relay.result_traces import with_traces
from sinks.relay.settings_histories import enqueue_republish, with_settings_histories
from sinks.relay.wakeup import Wakeup
from streams.fault_injection import Control, CrashPoint, disabled, reach
from streams.kafka.broker_watch import watched_broker
from streams.kafka.resumed_calls import CALL_S
from streams.kafka.transaction_age import OpenSince, fenced_error
from streams.runtime.endpoints import Health
from streams.runtime.errors import Fenced, Poison, Role, category_of
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import BATCH_RECORDS, BATCH_SECONDS, OUTBOX_OLDEST, OUTBOX_ROWS, RELAYED
from streams.runtime.role_loop import run_loop
from streams.settings import ProgramSettings

MEASURE_S: Final = 5.0
"""Between two measurements of the backlog, and two questions whether the nightly republish is due."""
SETTINGS_SLOT: Final = 0
"""One fenced publisher of settings (law 14): another slot's slower one could publish an older truth after a newer."""

_LOG = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Relay until stopped; returns the exit code 0. Blocks.

    Raises Fenced when a newer process has this slot, and what an outage ended in.
    """
    relay = Relay(settings, health)
    try:
        with watched_broker(settings, health, physical(settings.topic_prefix, TopicName.RESULTS)):
            return run_loop(Role.RELAY, relay, stop, health)
    finally:
        relay.disconnect()


class Relay:
    """The work of the role. Connections are made when needed and dropped after an error."""

    def __init__(self, settings: ProgramSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._publishes_settings = settings.slot == SETTINGS_SLOT
        self._ids = published_ids(settings, health)
        self._connection: outbox.Connection | None = None
        self._publisher: Publisher | None = None
        self._wakeup: Wakeup | None = None
        self._set_aside: list[UUID] = []
        self._measured_at = float("-inf")
        self._more = False
        self._open_since = OpenSince()

    def iterate(self) -> int:
        """Publish one batch, then wait for work unless there is more. Returns how many rows left the outbox."""
        try:
            connection, publisher, wakeup = self._connected()
            self._measure(connection)
            if self._ids is not None:
                self._ids.learn()
            done = self._batch(connection, publisher)
        except KafkaException as error:
            if category_of(error) is Fenced:
                raise fenced_error("relay", self._open_since.age_s(), CALL_S) from error
            raise
        if not self._more:
            wakeup.wait()
        self._open_since = OpenSince()
        return done

    def _batch(self, connection: outbox.Connection, publisher: Publisher) -> int:
        """1. lock rows. 2. read the histories of settings. 3. publish and commit in Kafka. 4. delete. 5. commit.

        A crash between 3 and 5 publishes again, under the same ids; a crash before publishes nothing.
        """
        if disabled(Control.OUTBOX):
            return self._delete_first(connection, publisher)
        began = time.monotonic()
        with connection.transaction():
            taken = self._take(connection)
            if not taken:
                return 0
            publisher.stamp = current_stamp(connection)
            refused = self._publish(publisher, with_settings_histories(connection, taken))
            reach(CrashPoint.RELAY_AFTER_COMMIT)
            done = [row for row in taken if row.id not in refused]
            outbox.delete(connection, done)
        self._count(done, time.monotonic() - began)
        return len(done)

    def _delete_first(self, connection: outbox.Connection, publisher: Publisher) -> int:
        with connection.transaction():
            taken = self._take(connection)
            records = with_settings_histories(connection, taken)
            outbox.delete(connection, taken)
        if taken:
            self._publish(publisher, records)
        return len(taken)

    def _take(self, connection: outbox.Connection) -> list[Record]:
        held = () if self._ids is None else self._ids.held
        without = held if self._publishes_settings else (*held, TopicName.SETTINGS)
        taken = outbox.take(connection, without=without, set_aside=self._set_aside)
        self._more = outbox.is_full(taken)
        traced = with_traces(connection, taken)  # read as they were stored: under released ids
        return traced if self._ids is None else self._ids.under(traced)

    def _publish(self, publisher: Publisher, records: Sequence[Record]) -> set[UUID]:
        """Publish; a record that the broker never takes is found by halves, stays in the outbox and is logged."""
        if not records:
            return set()
        try:
            publisher.publish(records)
        except Poison:
            if len(records) > 1:
                half = len(records) // 2
                return self._publish(publisher, records[:half]) | self._publish(publisher, records[half:])
            row = records[0]
            self._set_aside.append(row.id)
            self._health.ready(False, "the broker refuses an outbox row; it is kept and tried again at the next start")
            _LOG.error("an outbox row cannot be published", outbox_id=row.id, topic=row.topic.value)
            return {row.id}
        return set()

    @staticmethod
    def _count(done: Sequence[Record], seconds: float) -> None:
        BATCH_RECORDS.labels(Role.RELAY.value).observe(len(done))
        BATCH_SECONDS.labels(Role.RELAY.value).observe(seconds)
        for row in done:
            RELAYED.labels(row.topic.value).inc()

    def _measure(self, connection: outbox.Connection) -> None:
        if time.monotonic() - self._measured_at < MEASURE_S:
            return
        self._measured_at = time.monotonic()
        backlog = outbox.backlog(connection)
        OUTBOX_ROWS.set(backlog.rows)
        OUTBOX_OLDEST.set(backlog.oldest_s)
        if self._publishes_settings and enqueue_republish(connection):
            _LOG.info("every practice's settings are published again", topic=TopicName.SETTINGS.value)

    def _connected(self) -> tuple[outbox.Connection, Publisher, Wakeup]:
        if self._connection is None or self._publisher is None or self._wakeup is None:
            self._connection = connect(self._settings.database_url, "relay")
            require_schema(self._connection)
            # Before anything is published: the stamps of a ledger that was set back would hide the later ones (law 4).
            evidence = Evidence(ask_broker(self._settings))
            settle(self._connection, self._settings.clock().for_database(), evidence)
            # What is deleted here is in Kafka: a delete that a crash takes back is published again, under its own id.
            self._connection.execute("SET synchronous_commit = off")
            self._wakeup = Wakeup(self._settings.database_url)
            self._publisher = Publisher(self._settings)
            if not self._set_aside:
                self._health.ready(True)
        return self._connection, self._publisher, self._wakeup

    def disconnect(self) -> None:
        """Let go of broker and database. The next iteration connects anew, which also fences what is left open."""
        for held in (self._connection, self._wakeup):
            if held is not None:
                held.close()
        self._connection = self._wakeup = self._publisher = None

"""The INTAKE role: stores what RULES decided in the ledger, batch by batch (PROTOCOL section 4)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Final

import psycopg
from confluent_kafka.admin import AdminClient
from psycopg.rows import TupleRow

from schemas.topics import physical
from sinks.ledger.gates import JITTER_S
from sinks.ledger.gauges import Gauges
from sinks.ledger.gauges.measuring import EVERY_IN_REHEARSAL_S, EVERY_S
from sinks.ledger.history.broker import ask_broker
from sinks.ledger.history.settle import Evidence, settle
from sinks.ledger.intake import positions
from sinks.ledger.intake.batch import BatchWriter
from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.intake.batch_limit import BatchLimit, read_in_steps
from sinks.ledger.intake.consumer import CONSUMED, GROUP, Feed, Rejoin, known_topics
from sinks.ledger.intake.positions import Overtaken
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.backfill_capabilities import backfill_capabilities
from sinks.ledger.retention import RetentionJob
from sinks.ledger.role_slots import RoleSlot
from sinks.ledger.schema import era
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.months import MONTHS_AHEAD
from sinks.ledger.schema.version import require_schema
from sinks.ledger.waiting.sweeps import Sweeps
from streams.fault_injection import Control, disabled
from streams.kafka.broker_watch import watched_broker
from streams.kafka.topic_identity import TopicGuard
from streams.runtime.endpoints import Health
from streams.runtime.errors import Role
from streams.runtime.lifecycle import Stop
from streams.runtime.metric_catalogue import MEASURING_SLOT
from streams.runtime.metrics import BATCH_RECORDS, BATCH_SECONDS
from streams.runtime.role_loop import run_loop
from streams.runtime.times import Profile
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.ledger.intake")

QUIET_S: Final = 1.0
"""No batch for so long: then the positions move past the control records that follow the last one. Each batch has
some, and a transaction for each of them would keep the next batch waiting."""
ERA_EVERY_S: Final = 60.0
LOCK_TIMEOUT_S: Final = 8
"""Shorter than a statement may take."""
ANALYZE_AFTER: Final = 2_000
"""Records after which the tables are analysed: claims took 36-44 ms before and 5-9 after."""


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Store what RULES decides until stopped; returns the exit code 0. Blocks.

    Any error but a permanent one voids what this process believes: it connects, joins and reads its positions anew
    (law 3). Raises ConfigurationError, and what an outage ended in.
    """
    intake = Intake(settings, health)
    try:
        with watched_broker(settings, health, physical(settings.topic_prefix, CONSUMED[0])):
            return run_loop(Role.INTAKE, intake, stop, health, at_once=(Overtaken, Rejoin))
    finally:
        intake.disconnect()


class Intake:
    """The work of the role. Connection and membership are made when needed and dropped after an error."""

    def __init__(self, settings: ProgramSettings, health: Health) -> None:
        self._settings = settings
        self._health = health
        self._clock = settings.clock()
        sandbox = settings.profile is Profile.SANDBOX
        self._policy = Policy(
            group=settings.prefixed(GROUP),
            redecide_after=timedelta(seconds=1 if sandbox else 30),
            jitter_s=JITTER_S[settings.profile],
            partitions=settings.topic_partitions,
        )
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._feed: Feed | None = None
        self._writer: BatchWriter | None = None
        self._slot = RoleSlot(Role.INTAKE, settings.slot)
        self._limit = BatchLimit(most=settings.intake_batch)
        self._sweeps: Sweeps | None = None
        self._gauges: Gauges | None = None
        self._retention: RetentionJob | None = None
        self._stored = 0
        self._stored_at = 0.0
        self._analyze_at = ANALYZE_AFTER
        self._era_at = time.monotonic()
        self._month = date.min

    def iterate(self) -> int:
        """Store one batch, or wait for one, and sweep when it is time. Returns how many records were stored."""
        feed, writer, sweeps = self._connected()
        if self._connection is not None:
            self._slot.look(self._connection)
        records = feed.take()
        feed.check()
        if records:
            self._make_months()
            started = time.monotonic()
            before = dict(feed.positions)
            writer.positions = dict(feed.positions)
            for step in read_in_steps(records):
                writer.store(step)
            feed.positions |= writer.positions
            feed.show({key: at for key, at in feed.positions.items() if at != before[key]})
            self._stored_at = time.monotonic()
            self._count(len(records), self._stored_at - started)
        elif feed.ends and time.monotonic() - self._stored_at >= QUIET_S:
            self._move_to_ends(feed)
        self._housekeeping()
        sweeps.run()
        self._health.ready(feed.joined, "waiting for an assignment")
        return len(records)

    def disconnect(self) -> None:
        """Leave the group and the database; the next iteration begins anew. Never raises."""
        feed, connection, gauges = self._feed, self._connection, self._gauges
        self._feed = self._writer = self._sweeps = self._gauges = self._retention = self._connection = None
        if gauges is not None:
            gauges.close()
        if connection is not None:
            connection.close()
        if feed is not None:
            feed.close()

    def _connected(self) -> tuple[Feed, BatchWriter, Sweeps]:
        """1. database, schema, standbys, history, months, capabilities. 2. topics as the ledger has them. 3. the group.

        The history comes before the first commit to Kafka, which overwrites what the broker knew (law 4).
        """
        if self._feed is not None and self._writer is not None and self._sweeps is not None:
            return self._feed, self._writer, self._sweeps
        settings = self._settings
        connection = self._connection = connect(settings.database_url, "intake")
        require_schema(connection)
        self._slot.take(connection)
        era.require_standbys(connection, single_node=settings.single_node)
        settle(connection, self._clock.for_database(), Evidence(ask_broker(settings)))
        self._make_months()
        backfill_capabilities(connection)
        admin = AdminClient({**settings.kafka_client(), "log_level": 3})
        guard = TopicGuard(
            admin,
            [physical(settings.topic_prefix, name) for name in CONSUMED],
        )
        guard.require_partitions(settings.topic_partitions)
        topics = known_topics(admin, settings, guard)
        for topic, lows in topics:
            positions.register(connection, topic, lows)
        topic_ids = [topic.topic_id for topic, _ in topics]
        # A lock that is waited for in vain is another's doing; a statement that takes too long by itself is a record's.
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{LOCK_TIMEOUT_S}s",))
        self._writer = BatchWriter(connection, self._policy, self._clock, self._limit)
        self._sweeps = Sweeps(connection, self._policy, self._clock, sandbox=settings.profile is Profile.SANDBOX)
        if settings.slot == MEASURING_SLOT:
            every_s = EVERY_IN_REHEARSAL_S if settings.profile is Profile.SANDBOX else EVERY_S
            self._gauges = Gauges(settings.database_url, self._clock, every_s)
            self._gauges.start()
            self._retention = RetentionJob(connection, self._clock, settings.retention_months)
        self._feed = Feed(settings, admin, guard, lambda: positions.read_positions(connection, topic_ids))
        return self._feed, self._writer, self._sweeps

    def _move_to_ends(self, feed: Feed) -> None:
        """Move past trailing control records while idle, so that an idle topic's retention is not taken for a loss."""
        moved = {key: end for key, end in feed.ends.items() if end > feed.positions.get(key, end)}
        feed.ends.clear()
        if moved and self._connection is not None:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                positions.move(cursor, feed.positions, moved)
            feed.positions |= moved
            feed.show(moved)

    def _count(self, records: int, seconds: float) -> None:
        BATCH_RECORDS.labels("intake").observe(records)
        BATCH_SECONDS.labels("intake").observe(seconds)
        self._stored += records
        if self._stored >= self._analyze_at and self._connection is not None:
            self._analyze_at *= 10
            self._connection.execute(_SQL["analyze"])

    def _housekeeping(self) -> None:
        connection = self._connection
        if connection is None:
            return
        now = time.monotonic()
        if now - self._era_at >= ERA_EVERY_S:
            self._era_at = now
            self._settle_era(connection)
        self._make_months()
        if self._retention is not None:
            self._retention.run()

    def _settle_era(self, connection: psycopg.Connection[TupleRow]) -> None:
        look_first = not disabled(Control.LOOK_FIRST)
        era.enter_era(connection, self._clock.for_database(), look_first=look_first)

    def _make_months(self) -> None:
        """Partitions ahead, for business time and for the machine's (a rehearsal may be in another year).

        Before each batch: a partition is there before its first row, however far business time jumped.
        """
        month, connection = self._clock.now().date().replace(day=1), self._connection
        if month == self._month or connection is None:
            return
        for first in {month, datetime.now(UTC).date().replace(day=1)}:
            connection.execute("SELECT ensure_months(%s, %s)", (first, MONTHS_AHEAD))
        self._month = month

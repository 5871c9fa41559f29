"""Stores one batch in one Postgres transaction with its positions: read context, decide, write (laws 2, 3, 8, 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, Stage, Verdict
from sinks.ledger import outbox
from sinks.ledger.intake import positions
from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.intake.batch_limit import TOO_LONG, BatchLimit
from sinks.ledger.intake.decide_batch import BatchDecision
from sinks.ledger.intake.misplaced_records import MisplacedRecords
from sinks.ledger.intake.positions import Partition
from sinks.ledger.intake.read_context import lock_practices, read_context
from sinks.ledger.intake.records import Decided, PatientRecord, Record, Unreadable, practice_of
from sinks.ledger.intake.refused_records import Named, patient_message, refusal_message, unreadable_message
from sinks.ledger.intake.superseding import take_alone
from sinks.ledger.intake.trace_batch import intake_traces
from sinks.ledger.intake.write import write
from sinks.ledger.intake.writes import Writes
from sinks.ledger.named_queries import named_queries
from streams.fault_injection import Control, CrashPoint, disabled, reach
from streams.runtime.clock import Clock
from streams.runtime.errors import Poison, category_of
from streams.runtime.logging import log
from streams.runtime.metrics import (
    DEAD_LETTERS,
    INTAKE_BISECTIONS,
    INTAKE_EFFECTS,
    RECEIPTS,
    REDECISIONS,
    REFUSALS_REPORTED,
)

_SQL: Final = named_queries("sinks.ledger.intake")

Connection = psycopg.Connection[TupleRow]

MOST_RECORDS: Final = 500
"""Of a transaction, where no limit is given."""

_LOG = log(__name__)


class BatchWriter:
    """Writes batches over one connection. Not for two threads.

    `positions` are those that this process knows of its partitions; they change after a commit only. After any error
    that `store` raises it is unknown what was committed: read the positions anew and seek there (law 3).
    """

    def __init__(self, connection: Connection, policy: Policy, clock: Clock, limit: BatchLimit | None = None) -> None:
        """`limit` outlives the writer: it remembers what took too long on an earlier connection."""
        self._connection = connection
        self._limit = limit or BatchLimit(most=MOST_RECORDS)
        self._policy = policy
        self._clock = clock
        self._misplaced = MisplacedRecords(policy.partitions)
        self._traces = intake_traces()
        self._practices: set[str] = set()
        self.positions: dict[Partition, int] = {}

    def store(self, records: Sequence[Record]) -> None:
        """Write records in order, each exactly once, in one transaction as a rule. Blocks.

        Records that the database can never take are found by halves and refused one by one, and so are those that take
        too long (law 9). Raises Overtaken, and psycopg errors of classes 08, 40, 53 and 57 or of a lost connection: of
        a time-out only where a halved batch has to wait for another connection, or its one record for another try.
        """
        left = list(records)
        while left:
            chunk = self._limit.chunk(left)
            try:
                taken = self._transaction(chunk)
                self._limit.stored()
            except TOO_LONG as error:
                taken = self._took_too_long(chunk, error)
            except (psycopg.Error, UnicodeEncodeError) as error:
                if not self._may_bisect(error):
                    raise
                INTAKE_BISECTIONS.inc()
                taken = len(chunk) // 2
                if taken:
                    self.store(chunk[:taken])
                else:
                    self._refuse(chunk[0], error)
                    taken = 1
            left = left[taken:]

    def _took_too_long(self, chunk: Sequence[Record], error: psycopg.Error) -> int:
        """How many records are done with: none, so that fewer are tried next, or the one that was tried enough."""
        if disabled(Control.BISECT):
            raise error
        INTAKE_BISECTIONS.inc()
        refused = self._limit.too_long(chunk)
        _LOG.warning("a batch took too long and is halved", count=len(chunk), limit=self._limit.records)
        if self._connection.closed or (len(chunk) == 1 and not refused):
            raise error
        if refused:
            self._refuse(chunk[0], error)
            self._limit.stored()
        return int(refused)

    def _may_bisect(self, error: BaseException) -> bool:
        if disabled(Control.BISECT):
            return False
        return isinstance(error, UnicodeEncodeError) or category_of(error) is Poison

    def _transaction(self, records: Sequence[Record]) -> int:
        """Returns how many records it took.

        1. compare and set the positions. 2. lock the practices, sorted. 3. read the context in later statements.
        4. decide, pure. 5. write receipts, events, effects, gates, outbox. 6. commit. Kafka's commit comes after, and
        only shows lag.
        """
        self._add_practices(records)
        now = self._clock.for_database()
        with self._connection.transaction(), self._connection.cursor() as cursor:
            # The whole batch is claimed first; where less is taken, that is corrected below, in the same transaction.
            moved = self._moved(records)
            named = {practice for practice in map(practice_of, records) if practice is not None}
            locked = not disabled(Control.PRACTICE_LOCK)
            with self._connection.pipeline():
                sent = positions.send_move(self._connection, self.positions, moved)
                seqs = lock_practices(cursor, sorted(named), locked=locked)
                positions.require_moved(sent, moved)
            context = read_context(cursor, records, seqs, now)
            decision = BatchDecision(context, self._policy)
            writes = decision.run(records)
            if writes.taken == 0:
                writes = take_alone(cursor, decision, records[0], seqs, now)
            if writes.taken < len(records):
                cut = self._moved(records[: writes.taken], but=moved)
                positions.move(cursor, moved, cut)
                moved = cut
            if self._traces is not None:
                self._traces.stamp(records[: writes.taken], writes)
            misplaced = self._misplaced.find(records[: writes.taken])
            writes.outbox += self._misplaced.warnings(cursor, misplaced, now, context.now)
            write(cursor, writes, now=now, at=context.now, jitter_s=self._policy.jitter_s)
            reach(CrashPoint.INTAKE_BEFORE_COMMIT)
        self.positions |= moved
        reach(CrashPoint.INTAKE_AFTER_COMMIT)
        _count(writes)
        if self._traces is not None:
            self._traces.committed()
        self._misplaced.stored(misplaced)
        return writes.taken

    def _moved(self, records: Sequence[Record], but: dict[Partition, int] | None = None) -> dict[Partition, int]:
        """max(offset) + 1 of each partition (law 1); for those in `but` without a record, their old position."""
        moved = {key: self.positions[key] for key in but or ()}
        for record in records:
            key = (record.at.topic_id, record.at.part)
            moved[key] = max(moved.get(key, 0), record.at.off + 1)
        return moved

    def _add_practices(self, records: Sequence[Record]) -> None:
        """Rows for practices that nobody has named before (law 10): they are locked like any other."""
        new = {practice for practice in map(practice_of, records) if practice is not None} - self._practices
        if new:
            self._connection.execute(_SQL["add_practices"], {"practice_ids": sorted(new)})
            self._practices |= new

    def _refuse(self, record: Record, error: BaseException) -> None:
        """The one record that the database never takes: a dead letter, a receipt and the position, without its data."""
        sqlstate = getattr(error, "sqlstate", None) or ""
        _LOG.warning("a record was refused by the ledger", error=type(error).__name__, sqlstate=sqlstate)
        moved = self._moved([record])
        with self._connection.transaction(), self._connection.cursor() as cursor:
            positions.move(cursor, self.positions, moved)
            if isinstance(record, Decided):
                self._refuse_decided(cursor, record)
            elif isinstance(record, PatientRecord):
                # Its value never leaves its topic, whatever is wrong with it.
                refused = msgspec.structs.replace(record, practice_id="?", reason=DeadLetterReason.REFUSED_BY_LEDGER)
                outbox.enqueue(cursor, [patient_message(refused, self._policy.group, self._clock.now())])
                DEAD_LETTERS.labels("intake", DeadLetterReason.REFUSED_BY_LEDGER.value).inc()
            else:
                # Headers that no column holds are none of ours: a record that is not understood blocks nobody.
                stranger = Unreadable(record.at, type(error).__name__)
                outbox.enqueue(cursor, [unreadable_message(stranger, self._policy.group, self._clock.now())])
                DEAD_LETTERS.labels("intake", DeadLetterReason.UNDECODABLE.value).inc()
        self.positions |= moved

    def _refuse_decided(self, cursor: psycopg.Cursor[TupleRow], record: Decided) -> None:
        writeback = record.writeback
        position, identity = writeback.position, writeback.identity
        named = Named.storable(identity)
        cursor.execute(
            _SQL["add_receipt"],
            {
                "practice_id": named.practice_id,
                "topic_id": position.topic_id,
                "part": position.partition,
                "off": position.offset,
                "verdict": Verdict.DEAD_LETTER,
                "source": named.source,
                "event_id": named.event_id,
            },
        )
        now = self._clock.now()
        row = refusal_message(writeback, DeadLetterReason.REFUSED_BY_LEDGER, self._policy.group, now, named)
        outbox.enqueue(cursor, [row])
        RECEIPTS.labels(Verdict.DEAD_LETTER.value).inc()
        DEAD_LETTERS.labels("intake", DeadLetterReason.REFUSED_BY_LEDGER.value).inc()


def _count(writes: Writes) -> None:
    for verdict, count in Counter(writes.verdicts).items():
        RECEIPTS.labels(verdict.value).inc(count)
    for (target, state), count in Counter(writes.started).items():
        INTAKE_EFFECTS.labels(target.value, state.value).inc(count)
    topics = Counter(row.topic for row in writes.outbox)
    REDECISIONS.inc(topics[TopicName.REDECISIONS])
    REFUSALS_REPORTED.inc(len(writes.sender_results))
    for reason, count in Counter(writes.refusals).items():
        DEAD_LETTERS.labels(Stage.INTAKE.value, reason.value).inc(count)

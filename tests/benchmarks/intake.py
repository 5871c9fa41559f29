"""INTAKE, whole, beside binary COPY of the very rows it stored; interleaved rounds on one Postgres."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from confluent_kafka import KafkaException, Producer
from psycopg import sql

from processors.rules.source_records import decide_record
from schemas.codec import encode_event, encode_writeback
from schemas.practice_settings import Timing
from schemas.topics import TopicName, physical
from schemas.writebacks import SourcePosition, Writeback
from sinks.ledger.intake.new_rows import COLUMNS
from streams.kafka.topics import ensure_topics
from tests.benchmarks.contenders import Contender
from tests.benchmarks.ledgers import SECRET_TEXT, furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, at_least, median_ratio, reported
from tests.benchmarks.traffic import histories, payments, practice_ids
from tests.worlds import World

PARTITIONS: Final = 6
PRACTICES: Final = 16
"""So that the poster keeps its 64 calls in flight on connections that stand, as the bare calls do."""
ROUNDS: Final = 3
BATCH: Final = 500
"""Records in one transaction, on both sides."""
TABLES: Final = ("receipts", "events", "bodies", "entries", "work")
"""In this order, for the foreign keys."""
WARM: Final = 0.1
WITHIN_S: Final = 180.0
SOURCE_ID: Final = "A" * 22
LOOK_EVERY_S: Final = 0.05

COPIED: Final = "copied"


class Run(msgspec.Struct, frozen=True):
    rows_per_s: float
    events_per_s: float
    cpu_micros: float


def intake_throughput(world: World, folder: Path, base_url: str, records: int) -> Iterator[Measure]:
    """Each round: `records` write-backs are sent, INTAKE stores them, then the same rows go by COPY into a schema of
    the same tables and indexes. Leaves the ledger full of due effects for the poster."""
    known = list(histories(practice_ids(PRACTICES), Timing.INSTANT))
    furnish(world.database_url, known, base_url)
    ensure_topics(world.settings(topic_partitions=PARTITIONS))
    _make_copies(world)
    ours, theirs = [], []
    for number in range(ROUNDS):
        send_writebacks(world, records, run=f"intake-{number}")
        ours.append(run_intake(world, folder, records))
        theirs.append(_copy(world, f"intake-{number}-"))
    yield at_least(
        "INTAKE, whole / binary COPY of the same rows (receipts, events, bodies, entries, work)",
        median_ratio([run.rows_per_s for run in ours], theirs),
        0.45,
        note=f"{median(run.rows_per_s for run in ours):,.0f} rows/s ({median(run.events_per_s for run in ours):,.0f} "
        f"events/s) beside {median(theirs):,.0f} rows/s; batches of {BATCH} on both sides",
        why_less="identities, facts and plans are read and decided in Python before the COPY",
    )
    yield reported("INTAKE, CPU an event (its own process)", median(run.cpu_micros for run in ours), "µs")


def send_writebacks(world: World, count: int, *, run: str) -> None:
    """What RULES would have written for `count` payments, straight to the topic; all due at once."""
    practices = practice_ids(PRACTICES)
    known = {history.practice_id: history for history in histories(practices, Timing.INSTANT)}
    producer = Producer(
        {
            "bootstrap.servers": world.bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 50,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 2,
        }
    )
    topic = physical(world.prefix, TopicName.WRITEBACKS)
    for offset, payment in enumerate(payments(count, practices, run=run)):
        key = payment.practice_id.encode()
        position = SourcePosition(
            topic=TopicName.PAYMENTS,
            topic_id=f"{run:A>22}",
            partition=0,
            offset=offset,
            appended_at=payment.occurred_at,
        )
        result = decide_record(position, key, encode_event(payment), known.get)
        if not isinstance(result, Writeback):
            raise NotMeasuredError(f"a payment of the benchmark was refused: {result.reason}")
        producer.produce(topic, encode_writeback(result), key)
        producer.poll(0)
    if producer.flush(60):
        raise KafkaException("the broker did not take the benchmark's records in time")


def run_intake(world: World, folder: Path, records: int) -> Run:
    """Rows and records a second between the first tenth and the end, seen from the ledger's positions."""
    environ = world.settings(topic_partitions=PARTITIONS, log_level="WARNING", secret_key=SECRET_TEXT).to_environ()
    with psycopg.connect(world.database_url, autocommit=True) as watching:
        begun, rows_before = _stored(watching), _rows(watching)
        intake = Contender("intake", [sys.executable, "-m", "deploy.command", "intake"], environ, folder)
        try:
            first: tuple[float, float, int] | None = None
            deadline = time.monotonic() + WITHIN_S
            while True:
                intake.check()
                done = _stored(watching) - begun
                now, cpu = time.monotonic(), intake.cpu_s()
                if first is None and done >= records * WARM:
                    first = (now, cpu, done)
                if first is not None and done >= records:
                    break
                if now > deadline:
                    raise NotMeasuredError(f"INTAKE stored {done} of {records} in {WITHIN_S:.0f} s: {intake.tail()}")
                time.sleep(LOOK_EVERY_S)
            share = (done - first[2]) / records
            rows = (_rows(watching) - rows_before) * share
            return Run(
                rows / (now - first[0]),
                (done - first[2]) / (now - first[0]),
                (cpu - first[1]) / (done - first[2]) * 1e6,
            )
        finally:
            intake.stop()


def _stored(watching: psycopg.Connection[Any]) -> int:
    row = watching.execute(
        "SELECT coalesce(sum(o.next_offset), 0) FROM intake_offsets o JOIN topic_partitions t USING (topic_id)"
        " WHERE t.topic LIKE %s",
        (f"%{TopicName.WRITEBACKS}",),
    ).fetchone()
    return int(row[0]) if row else 0


def _rows(watching: psycopg.Connection[Any]) -> int:
    counted = sql.SQL(" + ").join(sql.SQL("(SELECT count(*) FROM {})").format(sql.Identifier(t)) for t in TABLES)
    row = watching.execute(sql.SQL("SELECT {}").format(counted)).fetchone()
    return int(row[0]) if row else 0


def _make_copies(world: World) -> None:
    """Tables of the same columns, constraints, indexes and fill factors; bodies partitioned by month as well."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA copied")
        for table in TABLES:
            partitioned = " PARTITION BY RANGE (month)" if table == "bodies" else ""
            connection.execute(f"CREATE TABLE copied.{table} (LIKE public.{table} INCLUDING ALL){partitioned}")
        connection.execute("CREATE TABLE copied.bodies_all PARTITION OF copied.bodies DEFAULT")
        connection.execute(
            "ALTER TABLE copied.events ADD FOREIGN KEY (practice_id) REFERENCES public.practices;"
            "ALTER TABLE copied.entries ADD FOREIGN KEY (practice_id, source, event_id) REFERENCES copied.events,"
            " ADD FOREIGN KEY (practice_id, depends_on) REFERENCES copied.entries"
        )


def _copy(world: World, run: str) -> float:
    """Rows a second of psycopg's binary COPY, BATCH events and their rows in one transaction."""
    with psycopg.connect(world.database_url) as connection:
        batches = _batches(connection, run)
        count = sum(len(rows) for batch in batches for rows in batch)
        began = time.monotonic()
        for batch in batches:
            with connection.transaction(), connection.cursor() as cursor:
                for table, rows in zip(TABLES, batch, strict=True):
                    with cursor.copy(_statement(table)) as copy:
                        copy.set_types(list(COLUMNS[table].values()))
                        for row in rows:
                            copy.write_row(row)
        return count / (time.monotonic() - began)


def _batches(connection: psycopg.Connection[Any], run: str) -> list[list[Sequence[Any]]]:
    """The rows that INTAKE stored in this round, grouped as it stored them: BATCH events at a time."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    keys: dict[str, dict[tuple[str, str], int]] = {}
    for table in TABLES:
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
        order = "effect_id" if table in ("entries", "work") else "event_id"
        source = sql.SQL(
            "work JOIN (SELECT practice_id, effect_id, event_id FROM entries) e USING (practice_id, effect_id)"
        )
        query = sql.SQL("SELECT practice_id, event_id, {} FROM {} WHERE event_id LIKE %s ORDER BY {}").format(
            columns, source if table == "work" else sql.Identifier(table), sql.Identifier(order)
        )
        found[table] = connection.execute(query, (f"{run}%",)).fetchall()
    keys["place"] = {(row[0], row[1]): number for number, row in enumerate(found["events"])}
    batches: list[list[list[Any]]] = [[[] for _ in TABLES] for _ in range(len(found["events"]) // BATCH + 1)]
    for number, table in enumerate(TABLES):
        for row in found[table]:
            batches[keys["place"][row[0], row[1]] // BATCH][number].append(row[2:])
    connection.rollback()
    return [list(batch) for batch in batches if batch[1]]


def _statement(table: str) -> LiteralString:
    columns: LiteralString = ", ".join(COLUMNS[table])
    names: dict[str, LiteralString] = {each: each for each in TABLES}
    name = names[table]
    return f"COPY copied.{name} ({columns}) FROM STDIN (FORMAT BINARY)"

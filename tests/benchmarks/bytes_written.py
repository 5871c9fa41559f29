"""What is written for an entry and kept for an event: WAL without page images, index entries, bytes on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg

from schemas.practice_settings import Timing
from streams.kafka.topics import ensure_topics
from tests.benchmarks.contenders import Contender
from tests.benchmarks.intake import PARTITIONS, PRACTICES, run_intake, send_writebacks
from tests.benchmarks.ledgers import furnish
from tests.benchmarks.measures import Measure, NotMeasuredError, reported
from tests.benchmarks.posting import poster
from tests.benchmarks.targets import BareTarget
from tests.benchmarks.traffic import histories, practice_ids
from tests.worlds import World

EVENTS: Final = 4_000
WITHIN_S: Final = 180.0
LOOK_EVERY_S: Final = 0.2

TRANSIENT: Final = ("work", "outbox", "gates", "connections", "second_looks")
"""Empty again, or of a fixed size, once everything is posted and sent."""
DROPPED: Final = ("bodies", "attempts")
"""Monthly tables that retention drops whole."""


class Written(msgspec.Struct, frozen=True):
    """Since the server's first start."""

    wal_bytes: int
    wal_records: int
    index_rows: int
    """At most: an update that is not HOT is counted in every index of its table, whatever a partial one leaves out."""


def bytes_written(world: World, folder: Path, target: BareTarget) -> Iterator[Measure]:
    """INTAKE stores EVENTS events, a poster posts all their entries; then what the tables hold."""
    furnish(world.database_url, list(histories(practice_ids(PRACTICES), Timing.INSTANT)), target.base_url)
    ensure_topics(world.settings(topic_partitions=PARTITIONS))
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        with _without_page_images(connection):
            send_writebacks(world, EVENTS, run="written")
            before = _written(connection)
            run_intake(world, folder, EVENTS)
            stored = _written(connection)
            row = connection.execute("SELECT count(*) FROM work").fetchone()
            entries = int(row[0]) if row else 0
            connection.execute("ANALYZE")
            _post(poster(world, folder), target, entries)
            posted = _written(connection)
        yield from _each("event stored", before, stored, EVENTS)
        yield from _each("entry posted", stored, posted, entries)
        yield from _kept(connection)


def _post(poster: Contender, target: BareTarget, entries: int) -> None:
    """Until all have arrived; then it confirms them and is stopped."""
    begun, deadline = target.count(), time.monotonic() + WITHIN_S
    try:
        while target.count() - begun < entries:
            poster.check()
            if time.monotonic() > deadline:
                raise NotMeasuredError(f"{target.count() - begun} of {entries} entries were posted: {poster.tail()}")
            time.sleep(LOOK_EVERY_S)
    finally:
        poster.stop()


@contextmanager
def _without_page_images(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Checkpoints would add images of whole pages, more of them the fewer entries come between two."""
    _set(connection, "ALTER SYSTEM SET full_page_writes = off")
    try:
        yield
    finally:
        _set(connection, "ALTER SYSTEM RESET full_page_writes")


def _set(connection: psycopg.Connection[Any], statement: str) -> None:
    connection.execute(statement.encode())
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("CHECKPOINT")


def _written(connection: psycopg.Connection[Any]) -> Written:
    """By the server's own counters; it is told to bring them up to date first."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute(_WRITTEN).fetchone()
    if row is None:
        raise NotMeasuredError("the server has no statistics of what it writes")
    return Written(int(row[0]), int(row[1]), int(row[2]))


def _each(what: str, before: Written, after: Written, count: int) -> Iterator[Measure]:
    records = (after.wal_records - before.wal_records) / count
    size = (after.wal_bytes - before.wal_bytes) / count
    yield reported(f"WAL for each {what}, no page images", size, "B", f"{records:.1f} records")
    yield reported(f"index writes for each {what}, at most", (after.index_rows - before.index_rows) / count, "")


def _kept(connection: psycopg.Connection[Any]) -> Iterator[Measure]:
    """Bytes of every table with its indexes, for each event; what is left of vacuumed tables included."""
    connection.execute("VACUUM")
    sizes = {str(name): int(size) for name, size in connection.execute(_SIZES).fetchall()}
    row = connection.execute("SELECT count(*), (SELECT count(*) FROM entries) FROM events").fetchone()
    if row is None or not row[0]:
        raise NotMeasuredError("the ledger has no events")
    kept = {name: size / row[0] for name, size in sizes.items() if name not in (*TRANSIENT, *DROPPED)}
    told = ", ".join(f"{name} {size:,.0f}" for name, size in sorted(kept.items(), key=lambda of: -of[1])[:4])
    dropped = ", ".join(f"{name} {sizes.get(name, 0) / row[0]:,.0f}" for name in DROPPED)
    note = f"{told}; {row[1] / row[0]:.2f} entries an event; retention drops {dropped}"
    yield reported("bytes stored for ever an event", sum(kept.values()), "B", note)


_WRITTEN: Final = (
    "SELECT w.wal_bytes, w.wal_records, (SELECT sum((t.n_tup_ins + t.n_tup_upd - t.n_tup_hot_upd)"
    " * (SELECT count(*) FROM pg_index i WHERE i.indrelid = t.relid)) FROM pg_stat_user_tables t) FROM pg_stat_wal w"
)
_SIZES: Final = (
    "SELECT coalesce(p.relname, c.relname), sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c"
    " JOIN pg_namespace s ON s.oid = c.relnamespace LEFT JOIN pg_inherits h ON h.inhrelid = c.oid"
    " LEFT JOIN pg_class p ON p.oid = h.inhparent WHERE s.nspname = 'public' AND c.relkind = 'r' GROUP BY 1"
)

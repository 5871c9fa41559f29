"""Transactions of one practice, listed, filtered and added up: flat in time and in pages, however many it has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import quantiles
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.events import Tender
from schemas.vocabulary import State
from sinks.ledger.schema.migrate import migrate
from sinks.operations.queries.sums import all_sums
from sinks.operations.queries.transaction_filter import DateOf, Wanted
from sinks.operations.queries.transactions import page_of
from tests.benchmarks.measures import Measure, at_most
from tests.worlds import World

SIZES: Final = (20_000, 100_000)
FULL_SIZES: Final = (100_000, 1_000_000)
A_DAY: Final = 200
"""Payments of the practice on one day, at each size: a larger ledger is an older one."""
OLDEST: Final = 90
"""Days ago of the questions: both sizes reach that far."""
PRACTICE: Final = "bench-listing"
ASKED: Final = 60
P95_MS: Final = 200.0
PAGES: Final = 1.5
"""How many times the pages of memory at the larger size: an index that is a level deeper, and no more."""


def listing_times(world: World, *, full: bool) -> Iterator[Measure]:
    """At each size the same questions: a day with its sums, a day as entered, a patient, a rare state, an id."""
    migrate(world.database_url)
    buffers: list[float] = []
    slowest = 0.0
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        for size in FULL_SIZES if full else SIZES:
            _fill(connection, size)
            times, pages = _asked(connection, size)
            buffers.append(pages)
            slowest = quantiles(times, n=20)[-1]
    sizes = FULL_SIZES if full else SIZES
    yield at_most(
        f"Transactions, p95 of a listing at {sizes[-1]:,} payments of one practice",
        slowest,
        P95_MS,
        unit="ms",
        note=f"{ASKED} questions: days with sums, days by posting, patients, states, ids",
    )
    yield at_most(
        f"Transactions, pages of memory at {sizes[-1]:,} payments beside {sizes[0]:,}",
        buffers[1] / buffers[0],
        PAGES,
        unit="×",
        note=f"{buffers[1]:,.0f} beside {buffers[0]:,.0f} for the same questions",
    )


def _questions(size: int) -> Iterator[Wanted]:
    for n in range(ASKED):
        first = _day(n * 7 % OLDEST)
        asked = Wanted(practice_id=PRACTICE, most=200)
        of_day = msgspec.structs.replace(asked, from_day=first, to_day=first)
        yield (
            of_day,
            msgspec.structs.replace(
                asked, date_of=DateOf.POSTED, from_day=first, to_day=first, tenders=(Tender.CHECK,)
            ),
            msgspec.structs.replace(asked, patient=f"pt-{n}"),
            msgspec.structs.replace(asked, states=(State.REJECTED,)),
            msgspec.structs.replace(asked, payment=f"pay-{size - n}"),
        )[n % 5]


def _asked(connection: psycopg.Connection[TupleRow], size: int) -> tuple[list[float], float]:
    """Milliseconds of each question, and the pages that all of them touched."""
    times: list[float] = []
    connection.execute("SELECT pg_stat_reset()")
    before = _pages(connection)
    for each in _questions(size):
        began = time.perf_counter()
        page_of(connection, each)
        if each.from_day is not None:
            all_sums(connection, each)
        times.append((time.perf_counter() - began) * 1000)
    return times, _pages(connection) - before


def _pages(connection: psycopg.Connection[TupleRow]) -> float:
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute(
        "SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read) FROM pg_statio_user_tables"
        " WHERE relname IN ('events', 'entries', 'work', 'outcomes')"
    ).fetchone()
    return float(row[0]) if row else 0.0


def _day(ago: int) -> date:
    return _NEWEST - timedelta(days=ago)


def _fill(connection: psycopg.Connection[TupleRow], size: int) -> None:
    """Up to `size` payments, each with an entry; one in fifty waits. Nothing of it is checked: triggers are off."""
    first = connection.execute("SELECT seq FROM practices WHERE practice_id = %s", (PRACTICE,)).fetchone()
    made = first[0] if first else 0
    numbers = {"practice": PRACTICE, "first": made + 1, "last": size, "newest": _NEWEST, "a_day": A_DAY}
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for each in _FILL:
            connection.execute(each, numbers)
    connection.execute("VACUUM ANALYZE")


_NEWEST: Final = date(2026, 10, 1)
_AT: Final = "%(newest)s::date - make_interval(days => i / %(a_day)s::int, secs => i %% 40000)"
_EACH: Final = "FROM generate_series(%(first)s::int, %(last)s::int) i"
_FILL: Final[tuple[LiteralString, ...]] = (
    "INSERT INTO practices (practice_id, seq) VALUES (%(practice)s, %(last)s)"
    " ON CONFLICT (practice_id) DO UPDATE SET seq = excluded.seq",
    "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
    """ VALUES (%(practice)s, 1, 'epoch', '{"zone": "America/New_York"}', now(), 'bench', 'bench')"""
    " ON CONFLICT DO NOTHING",
    "INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest,"
    " money_digest, occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at)"
    f" SELECT %(practice)s, 'bench', 'ev-' || i, 'pay-' || i, 'payment', 1, 'PaymentSucceeded', 1, '', '', at, at, at,"
    " date_trunc('month', at)::date, 't', 0, i, 'AUTO_INSTANT', at"
    f" FROM (SELECT i, ({_AT})::timestamptz AS at {_EACH}) e",
    "INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, amount_minor,"
    " currency, ledger_date, patient_ref, instruction)"
    " SELECT %(practice)s, i, 'bench', 'ev-' || i, 'PMS', 'payment', '', 'p:' || i %% 5000, 12345, 'USD',"
    f" ({_AT})::date, 'pt-' || i / %(a_day)s::int, json_build_object('payment_kind', 'TERMINAL', 'tender',"
    f" CASE WHEN i %% 3 = 0 THEN 'CHECK' ELSE 'CARD' END, 'gross_minor', 12345) {_EACH}",
    "INSERT INTO work (practice_id, effect_id, connection_id, lane, state, reason, due_at, ledger_date, request_id,"
    " changed_at) SELECT %(practice)s, i, 'pms', 'p:' || i %% 5000, 'REJECTED', 'PATIENT_NOT_FOUND', now(),"
    f" ({_AT})::date, 'r' || i, {_AT} {_EACH} WHERE i %% 5000 = 0",
    "INSERT INTO outcomes (practice_id, effect_id, n, state, reason, connection_id, due_at, ledger_date, request_id,"
    " external_id, posted_at, changed_at) SELECT %(practice)s, i, 1, 'POSTED', 'AUTO_INSTANT', 'pms', now(),"
    f" ({_AT})::date, 'r' || i, i::text, {_AT}, {_AT} {_EACH} WHERE i %% 5000 > 0",
)
"""A patient is named on one day alone, so a patient has as many payments at each size."""

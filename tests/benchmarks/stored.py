"""What an event costs the ledger with few and with very many payments stored: plain ones, and those about others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import encode_event
from schemas.events import Event
from schemas.practice_settings import SettingsHistory, Timing
from schemas.vocabulary import EntryKind
from schemas.writebacks import Writeback
from tests.benchmarks.measures import Measure, Verdict, reported
from tests.benchmarks.mixed_traffic import about
from tests.benchmarks.traffic import PATIENTS, histories, patient_ref, payments, practice_ids
from tests.processors.rules.event_examples import NOON
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.worlds import World

PRACTICES: Final = 16
BATCH: Final = 480
"""Events in one transaction; every linked kind as often as the others."""
ROUNDS: Final = 7
FACTOR: Final = 1.5
"""Slowest by quickest size: more rows make an index a level deeper, not an event dearer."""


class Cost(msgspec.Struct, frozen=True):
    """Microseconds an event, medians of ROUNDS batches."""

    plain: float
    linked: float


def stored_cost(world: World, sizes: tuple[int, ...]) -> Iterator[Measure]:
    """At each size ROUNDS batches of payments, then as many about them, half of which are posted by then."""
    database = LedgerDatabase(world.database_url)
    try:
        known = {history.practice_id: history for history in histories(practice_ids(PRACTICES), Timing.INSTANT)}
        _furnish(database, list(known.values()))
        costs: dict[int, Cost] = {}
        made = 0
        for size in sizes:
            with psycopg.connect(world.database_url, autocommit=True) as filling:
                fill_posted(filling, made // PRACTICES + 1, size // PRACTICES)
            made = size
            costs[size] = _measure(database, known, size)
    finally:
        database.close()
    for name, found in (("plain", [c.plain for c in costs.values()]), ("linked", [c.linked for c in costs.values()])):
        yield _flat(name, found, sizes)
    for size, cost in costs.items():
        yield reported(
            f"ledger, cost of an event with {size:,} payments stored",
            cost.linked,
            "µs",
            f"about another event; a plain payment {cost.plain:.0f} µs; batches of {BATCH}, decided before",
        )


def _flat(name: str, found: list[float], sizes: tuple[int, ...]) -> Measure:
    factor = max(found) / min(found)
    met = factor <= FACTOR
    return Measure(
        name=f"ledger, cost of a {name} event at {', '.join(f'{size:,}' for size in sizes)} stored: slowest / quickest",
        value=f"{factor:.2f} ×",
        number=round(factor, 4),
        target=f"≤ {FACTOR:g} ×",
        verdict=Verdict.MET if met else Verdict.MISSED,
        why="" if met else "the largest size does not stay in the database's 128 MB of buffers",
    )


def _furnish(database: LedgerDatabase, known: list[SettingsHistory]) -> None:
    for history in known:
        practice, settings = history.practice_id, msgspec.structs.asdict(history.versions[0].settings)
        database.add(practice, **settings)
        database.connection.execute(
            "UPDATE connections SET capabilities = %s WHERE home_practice_id = %s",
            ([str(kind) for kind in EntryKind], practice),
        )
        with (
            database.connection.cursor() as cursor,
            cursor.copy(
                "COPY patient_links (practice_id, patient_ref, pms_patient_id, linked_by, linked_at) FROM STDIN"
            ) as links,
        ):
            for number in range(PATIENTS):
                links.write_row((practice, patient_ref(number), "17", "bench", NOON))


def _measure(database: LedgerDatabase, known: dict[str, SettingsHistory], size: int) -> Cost:
    plain, linked = [], []
    for number in range(ROUNDS + 1):
        run = f"s{size}-{number}"
        told = list(payments(BATCH, list(known), run=run, at=NOON))
        first = _store(database, [database.decide(event, history=known[event.practice_id]) for event in told])
        _post_half(database)
        later: list[Event] = list(about(told, run=f"{run}-about", after=timedelta(seconds=30)))
        database.clock.instant = NOON + timedelta(minutes=1)
        second = _store(database, [database.decide(event, history=known[event.practice_id]) for event in later])
        database.clock.instant = NOON
        if number:  # the first round warms up
            plain.append(first)
            linked.append(second)
    return Cost(median(plain), median(linked))


def _store(database: LedgerDatabase, decided: list[Writeback]) -> float:
    began = time.perf_counter()
    database.store(*decided)
    return (time.perf_counter() - began) * 1e6 / len(decided)


def _post_half(database: LedgerDatabase) -> None:
    """Half of what is due as a poster would have left it."""
    database.connection.execute(
        "WITH w AS (DELETE FROM work WHERE state = 'SCHEDULED' AND due_at < %s RETURNING *)"
        " INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, connection_id, due_at, ledger_date,"
        " request_id, sent_at, external_id, posted_at, changed_at) SELECT practice_id, effect_id, n, 'SENDING',"
        " 'POSTED', reason, connection_id, due_at, ledger_date, request_id, %s, 'x/' || effect_id, %s, %s FROM w",
        (NOON, NOON, NOON, NOON),
    )
    database.connection.execute(
        "WITH w AS (DELETE FROM work w USING entries e WHERE e.practice_id = w.practice_id"
        " AND e.effect_id = w.effect_id AND w.state = 'SCHEDULED' AND hashtext(e.event_id) %% 2 = 0 RETURNING w.*)"
        " INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, connection_id, due_at, ledger_date,"
        " request_id, sent_at, external_id, posted_at, changed_at) SELECT practice_id, effect_id, n, 'SENDING',"
        " 'POSTED', reason, connection_id, due_at, ledger_date, request_id, %s, 'x/' || effect_id, %s, %s FROM w",
        (NOON, NOON, NOON),
    )


def fill_posted(connection: psycopg.Connection[TupleRow], first: int, until: int) -> None:
    """Payments `first` to `until` of every practice, posted long ago; no trigger looks at what is there already."""
    (sample,) = payments(1, practice_ids(1), run="sample", at=NOON)
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        span = (first, until)
        for statement in _ROWS:
            connection.execute(statement, span)
        connection.execute(_BODIES, (encode_event(sample), *span))
    connection.execute("VACUUM ANALYZE receipts, events, bodies, entries, work")


_EACH: Final = "FROM practices p, generate_series(%s::int, %s::int) i"
_ROWS: Final = (
    "INSERT INTO receipts (practice_id, topic_id, part, off, verdict, source, event_id)"
    f" SELECT practice_id, 'old', 0, i, 'FIRST', 'bench', 'old-' || i {_EACH}",
    "INSERT INTO events (practice_id, source, event_id, subject, kind, version, event_type, digest_v, digest,"
    " money_digest, occurred_at, appended_at, received_at, month, topic_id, part, off, reason, resolved_at,"
    " settings_version) SELECT practice_id, 'bench', 'old-' || i, 'old-pay-' || i, 'payment', 1, 'PaymentSucceeded',"
    " 1, sha256(('ev-' || i)::bytea), sha256(('pay-' || i)::bytea), '2026-02-01Z', '2026-02-01Z', '2026-02-01Z',"
    f" '2026-02-01', 'old', 0, i, 'AUTO_INSTANT', '2026-02-01Z', 1 {_EACH}",
    "INSERT INTO entries (practice_id, effect_id, source, event_id, target, entry_kind, part, lane, amount_minor,"
    " currency, ledger_date, patient_ref, settings_version, instruction) SELECT practice_id, 1000000000 + i, 'bench',"
    " 'old-' || i, 'PMS', 'payment', '', 'p:patient-' || lpad((i %% 200)::text, 5, '0'), 12345, 'USD', '2026-02-01',"
    f" 'patient-' || lpad((i %% 200)::text, 5, '0'), 1, '{{}}'::json {_EACH}",
    "INSERT INTO outcomes (practice_id, effect_id, n, was, state, reason, connection_id, due_at, ledger_date,"
    " request_id, external_id, posted_at, changed_at) SELECT practice_id, 1000000000 + i, 1, 'SENDING', 'POSTED',"
    " 'AUTO_INSTANT', practice_id || '-PMS', '2026-02-01Z', '2026-02-01', 'old-' || i, 'payments/' || i,"
    f" '2026-02-01Z', '2026-02-01Z' {_EACH}",
)
_BODIES: Final = (
    "INSERT INTO bodies (practice_id, month, source, event_id, original_key, original, plan)"
    " SELECT practice_id, '2026-02-01', 'bench', 'old-' || i, convert_to(practice_id, 'UTF8'), %s, '{}'::bytea"
    f" {_EACH}"
)

"""When a gate has work next (laws 21, 23, 24): only what can be marked or read back counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from sinks.ledger import gates
from tests.processors.rules.event_examples import NOON, payment
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

KEY = ("practice-1", "practice-1-PMS")
HOUR = timedelta(hours=1)


def refreshed(database: LedgerDatabase, jitter_s: int = 0) -> datetime | None:
    with database.connection.transaction(), database.connection.cursor() as cursor:
        gates.refresh(cursor, [KEY], now=database.clock.instant, jitter_s=jitter_s)
    found: datetime | None = database.one("SELECT next_due_at FROM gates WHERE connection_id = %s", KEY[1])
    return found


def two_payments(database: LedgerDatabase) -> None:
    """Effects 1 (payment) and 2 (its companion), 3 and 4, all of one patient."""
    database.add()
    database.link()
    database.report(payment(), payment(event_id="ev-2", payment_id="pay-2"))


def put(database: LedgerDatabase, effect_id: int, **values: object) -> None:
    database.connection.execute("ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER")
    for column, value in values.items():
        query = psycopg.sql.SQL("UPDATE effects SET {} = %s WHERE effect_id = %s").format(
            psycopg.sql.Identifier(column)
        )
        database.connection.execute(query, (value, effect_id))
    database.connection.execute("ALTER TABLE work ENABLE TRIGGER USER; ALTER TABLE outcomes ENABLE TRIGGER USER")


def test_a_due_head_counts_and_what_depends_on_it_does_not(database: LedgerDatabase) -> None:
    two_payments(database)
    assert refreshed(database) == NOON
    put(database, 1, state="REJECTED")
    put(database, 3, state="REJECTED")
    assert refreshed(database) is None


def test_what_is_in_doubt_holds_its_lane_until_its_next_read_back(database: LedgerDatabase) -> None:
    """Law 23: UNCERTAIN holds the lane; its due_at is the next read-back."""
    two_payments(database)
    put(database, 1, state="UNCERTAIN", due_at=NOON + HOUR)
    assert refreshed(database) == NOON + HOUR


def test_a_retry_that_is_not_due_holds_its_lane(database: LedgerDatabase) -> None:
    two_payments(database)
    put(database, 1, state="RETRYING", due_at=NOON + HOUR)
    assert refreshed(database) == NOON + HOUR


def test_a_mark_of_a_dead_poster_is_never_forgotten(database: LedgerDatabase) -> None:
    """SENDING counts with its time: whoever claims the gate next settles it."""
    two_payments(database)
    put(database, 1, state="SENDING")
    assert refreshed(database) == NOON


def test_a_release_to_come_is_spread_and_its_due_time_is_not(database: LedgerDatabase) -> None:
    """Law 24: jitter of at most 120 s on the gate, always the same for a practice; none on what is due."""
    two_payments(database)
    for effect_id in (1, 2, 3, 4):
        put(database, effect_id, due_at=NOON + HOUR)
    found = refreshed(database, jitter_s=120)
    assert found is not None
    assert NOON + HOUR <= found <= NOON + HOUR + timedelta(seconds=120)
    assert refreshed(database, jitter_s=120) == found
    assert database.one("SELECT min(due_at) FROM effects") == NOON + HOUR
    database.clock.instant = NOON + 2 * HOUR
    assert refreshed(database, jitter_s=120) == NOON + HOUR


def test_intake_tells_posters_at_its_commit(database: LedgerDatabase) -> None:
    """A due effect is announced on the channel with its practice."""
    database.add()
    database.link()
    with psycopg.connect(database.database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {gates.CHANNEL}")
        database.report(payment())
        (told,) = listener.notifies(timeout=WITHIN_S, stop_after=1)
    assert told.payload == "practice-1"

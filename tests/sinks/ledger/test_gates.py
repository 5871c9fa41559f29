"""When a gate has work next (laws 21, 23, 24): only what can be marked or read back counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from sinks.ledger import gates
from tests.processors.rules.event_examples import NOON, payment
from tests.scenarios.waiting import WITHIN_S
from tests.sinks.ledger.ledger_fixture import Book

KEY = ("practice-1", "practice-1-PMS")
HOUR = timedelta(hours=1)


def refreshed(book: Book, jitter_s: int = 0) -> datetime | None:
    with book.connection.transaction(), book.connection.cursor() as cursor:
        gates.refresh(cursor, [KEY], now=book.clock.instant, jitter_s=jitter_s)
    found: datetime | None = book.one("SELECT next_due_at FROM gates WHERE connection_id = %s", KEY[1])
    return found


def two_payments(book: Book) -> None:
    """Effects 1 (payment) and 2 (its companion), 3 and 4, all of one patient."""
    book.add()
    book.link()
    book.report(payment(), payment(event_id="ev-2", payment_id="pay-2"))


def put(book: Book, effect_id: int, **values: object) -> None:
    book.connection.execute("ALTER TABLE effects DISABLE TRIGGER USER")
    for column, value in values.items():
        query = psycopg.sql.SQL("UPDATE effects SET {} = %s WHERE effect_id = %s").format(
            psycopg.sql.Identifier(column)
        )
        book.connection.execute(query, (value, effect_id))
    book.connection.execute("ALTER TABLE effects ENABLE TRIGGER USER")


def test_a_due_head_counts_and_what_depends_on_it_does_not(book: Book) -> None:
    two_payments(book)
    assert refreshed(book) == NOON
    put(book, 1, state="REJECTED")
    put(book, 3, state="REJECTED")
    assert refreshed(book) is None


def test_what_is_in_doubt_holds_its_lane_until_its_next_read_back(book: Book) -> None:
    """Law 23: UNCERTAIN holds the lane; its due_at is the next read-back."""
    two_payments(book)
    put(book, 1, state="UNCERTAIN", due_at=NOON + HOUR)
    assert refreshed(book) == NOON + HOUR


def test_a_retry_that_is_not_due_holds_its_lane(book: Book) -> None:
    two_payments(book)
    put(book, 1, state="RETRYING", due_at=NOON + HOUR)
    assert refreshed(book) == NOON + HOUR


def test_a_mark_of_a_dead_poster_is_never_forgotten(book: Book) -> None:
    """SENDING counts with its time: whoever claims the gate next settles it."""
    two_payments(book)
    put(book, 1, state="SENDING")
    assert refreshed(book) == NOON


def test_a_release_to_come_is_spread_and_its_due_time_is_not(book: Book) -> None:
    """Law 24: jitter of at most 120 s on the gate, always the same for a practice; none on what is due."""
    two_payments(book)
    for effect_id in (1, 2, 3, 4):
        put(book, effect_id, due_at=NOON + HOUR)
    found = refreshed(book, jitter_s=120)
    assert found is not None
    assert NOON + HOUR <= found <= NOON + HOUR + timedelta(seconds=120)
    assert refreshed(book, jitter_s=120) == found
    assert book.one("SELECT min(due_at) FROM effects") == NOON + HOUR
    book.clock.instant = NOON + 2 * HOUR
    assert refreshed(book, jitter_s=120) == NOON + HOUR


def test_intake_tells_posters_at_its_commit(book: Book) -> None:
    """A due effect is announced on the channel with its practice."""
    book.add()
    book.link()
    with psycopg.connect(book.database_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {gates.CHANNEL}")
        book.report(payment())
        (told,) = listener.notifies(timeout=WITHIN_S, stop_after=1)
    assert told.payload == "practice-1"

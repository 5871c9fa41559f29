"""What the ledger no longer keeps, and what it keeps all the same: nothing that is open, nothing that still counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from sinks.ledger import conservation, retention
from sinks.ledger.retention import delete_expired, expired, first_kept
from sinks.operations.acting import Actor, Order
from sinks.operations.actions.retention import delete_what_expired
from sinks.operations.ledger import Ledger
from sinks.operations.queries.explain import Story, explain
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import entries, ready
from tests.sinks.ledger.posting_by_hand import post_what_is_due

YEARS_LATER = NOON + timedelta(days=3 * 365)
MONTHS = 25


def before(database: LedgerDatabase) -> date:
    return first_kept(database.clock.now().date(), MONTHS)


def months(database: LedgerDatabase, table: str) -> list[date]:
    return [row[0] for row in database.rows(f"SELECT DISTINCT month FROM {table} ORDER BY 1")]


def of_march(partitions: Iterable[str]) -> list[str]:
    """The months around the day of the test are made ahead, empty, and as old three years later."""
    return sorted(each for each in partitions if each.endswith("2026_03"))


def posted_long_ago(database: LedgerDatabase) -> None:
    """One payment with its entries in the books, and three years that pass."""
    ready(database)
    database.report(payment())
    assert post_what_is_due(database, PRACTICE) == 2
    database.connection.execute(
        "INSERT INTO attempts (practice_id, month, effect_id, n, phase, epoch, request_id, ended_at, answer)"
        " SELECT practice_id, date_trunc('month', %s)::date, effect_id, 1, 'post', 1, request_id, %s, 'Posted'"
        " FROM effects",
        (NOON, NOON),
    )
    database.clock.instant = YEARS_LATER


def test_an_old_payment_keeps_its_entries_and_its_place_in_the_memory(database: LedgerDatabase) -> None:
    """H-16, E-3: bodies and attempts go with their month; the entries stay, and a repeat is still recognised."""
    posted_long_ago(database)
    old = entries(database)
    done = delete_expired(database.connection, before(database), database.clock)
    assert of_march(done.dropped) == ["attempts_2026_03", "bodies_2026_03"]
    assert (months(database, "bodies"), months(database, "attempts")) == ([], [])
    database.report(payment())
    assert database.verdicts() == ["FIRST", "DUPLICATE"]
    assert entries(database) == old


def test_of_an_old_entry_the_request_goes_and_the_story_stays(database: LedgerDatabase) -> None:
    """H-16: the largest part of an outcome goes with the event's bytes; what explain shows of it stays."""
    posted_long_ago(database)
    database.connection.execute("UPDATE outcomes SET payload = 'request', payload_digest = sha256('request')")
    told = (
        "SELECT effect_id, n, state, reason, request_id, external_id, posted_at, attempts FROM outcomes ORDER BY 1, 2"
    )
    kept = database.rows(told)
    delete_expired(database.connection, before(database), database.clock)
    assert database.rows(told) == kept
    assert database.one("SELECT count(*) FROM outcomes WHERE payload IS NOT NULL OR payload_digest IS NOT NULL") == 0
    subject = database.one("SELECT min(subject) FROM events")
    assert isinstance(explain(database.connection, subject, PRACTICE, now=YEARS_LATER), Story)


@pytest.mark.parametrize("kept", ["posted lately", "looked at again"])
def test_a_request_that_is_still_needed_stays(database: LedgerDatabase, kept: str) -> None:
    """An entry that waited for years and was posted last month, and one that is read again at its target."""
    posted_long_ago(database)
    database.connection.execute("UPDATE outcomes SET payload = 'request'")
    if kept == "posted lately":
        database.connection.execute("UPDATE outcomes SET changed_at = %s", [YEARS_LATER - timedelta(days=30)])
    else:
        database.connection.execute(
            "INSERT INTO second_looks SELECT practice_id, effect_id, connection_id, %s FROM outcomes", [YEARS_LATER]
        )
    delete_expired(database.connection, before(database), database.clock)
    assert database.one("SELECT count(*) FROM outcomes WHERE payload IS NULL") == 0
    assert bool(months(database, "bodies")) == (kept == "posted lately")


def test_what_is_still_open_stays_whole(database: LedgerDatabase) -> None:
    """Guarantee 1: three years without a link, and the link still posts it; its bytes moved to the current month."""
    database.add()
    database.report(payment())
    assert database.states() == ["AWAITING_LINK", "AWAITING_LINK"]
    database.clock.instant = YEARS_LATER
    done = delete_expired(database.connection, before(database), database.clock)
    assert (done.moved, "bodies_2026_03" in done.dropped) == (1, True)
    assert months(database, "bodies") == [YEARS_LATER.date().replace(day=1)]
    database.link()
    assert post_what_is_due(database, PRACTICE) == 2
    assert conservation.violations(database.connection) == []


def test_a_payment_that_was_refunded_lately_is_still_read(database: LedgerDatabase) -> None:
    """R-2, R-4: the next refund is judged beside the payment and the first refund, so their bodies stay."""
    posted_long_ago(database)
    database.report(refunded(-3000, at=YEARS_LATER))
    done = delete_expired(database.connection, before(database), database.clock)
    assert done.moved == 1
    database.clock.instant += timedelta(hours=1)
    database.report(refunded(-8000, number=2, at=database.clock.instant))
    assert database.rows("SELECT event_id, reason FROM events WHERE waiting IS NOT NULL") == [
        ("ev-r2", "MORE_THAN_ORIGINAL")
    ]


def test_a_preview_says_what_would_go_and_touches_nothing(database: LedgerDatabase) -> None:
    """`writeback retention` without --yes."""
    posted_long_ago(database)
    assert retention.gather_stray_month(database.connection)
    found = expired(database.connection, before(database))
    assert of_march(month.partition for month in found.months) == ["attempts_2026_03", "bodies_2026_03"]
    assert months(database, "bodies") == [date(2026, 3, 1)]


def test_a_young_month_stays(database: LedgerDatabase) -> None:
    """25 months after, not a month before."""
    posted_long_ago(database)
    database.clock.instant = datetime(2028, 4, 30, tzinfo=UTC)
    assert delete_expired(database.connection, before(database), database.clock).dropped == ()
    database.clock.instant = datetime(2028, 5, 1, tzinfo=UTC)
    assert delete_expired(database.connection, before(database), database.clock).dropped != ()


def test_a_month_that_is_in_use_is_left_for_the_next_run(
    database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup or a report that reads a month does not stop the role that retention runs in, nor is it stopped."""
    monkeypatch.setattr(retention, "LOCK_WAIT_MS", 50)
    posted_long_ago(database)
    while retention.gather_stray_month(database.connection):
        pass
    with psycopg.connect(database.database_url) as reader:
        reader.execute("SELECT count(*) FROM bodies")
        done = delete_expired(database.connection, before(database), database.clock)
        assert (of_march(done.postponed), of_march(done.dropped)) == (["bodies_2026_03"], ["attempts_2026_03"])
    assert "bodies_2026_03" in delete_expired(database.connection, before(database), database.clock).dropped


def test_closed_matters_go_and_open_ones_stay(database: LedgerDatabase) -> None:
    """A notice with its letters, and a dead letter that somebody settled; whatever is open stays, however old."""
    ready(database)
    old, young = NOON, YEARS_LATER - timedelta(days=10)
    for cause, closed in (("old", old), ("young", young), ("open", None)):
        database.connection.execute(
            "INSERT INTO notices (practice_id, cause, opened_at, reason, closed_at) VALUES (%s, %s, %s, 'X', %s)",
            (PRACTICE, cause, NOON, closed),
        )
        database.connection.execute(
            "INSERT INTO deliveries (practice_id, cause, opened_at, step, channel, recipient, message_id, state)"
            " VALUES (%s, %s, %s, 'opened', 'email', 'a@b.example', %s, 'SENT')",
            (PRACTICE, cause, NOON, cause),
        )
        database.connection.execute(
            "INSERT INTO dead_letters (practice_id, topic_id, part, off, topic, stage, reason, first_failed_at,"
            " last_failed_at, dl_topic_id, dl_part, dl_off, stored_at, settled_at)"
            " VALUES (%s, %s, 0, 0, 't', 'rules', 'INVALID_FIELD', %s, %s, 'd', 0, 0, %s, %s)",
            (PRACTICE, cause, NOON, NOON, NOON, closed),
        )
    database.clock.instant = YEARS_LATER
    done = delete_expired(database.connection, before(database), database.clock)
    assert (done.notices, done.dead_letters) == (1, 1)
    for table, name in (("notices", "cause"), ("deliveries", "cause"), ("dead_letters", "topic_id")):
        assert database.rows(f"SELECT {name} FROM {table} ORDER BY 1") == [("open",), ("young",)]


def test_rows_of_a_month_that_was_not_made_ahead_move_to_it(database: LedgerDatabase) -> None:
    """Business time jumped: what landed in the catch-all table is no obstacle to the month's own partition."""
    ready(database)
    database.clock.instant = datetime(2031, 5, 6, 12, tzinfo=UTC)
    database.report(payment(at=database.clock.instant))
    assert database.one("SELECT count(*) FROM bodies_other") == 1
    database.connection.execute("SELECT ensure_months('2031-05-01', 1)")
    assert database.one("SELECT count(*) FROM bodies_other") == 0
    assert database.one("SELECT count(*) FROM bodies_2031_05") == 1
    database.report(payment(at=database.clock.instant, event_id="ev-2", payment_id="pay-2"))
    assert database.one("SELECT count(*) FROM bodies_2031_05") == 2


@pytest.mark.parametrize(
    ("today", "kept", "first"),
    [(date(2026, 11, 30), 25, date(2024, 10, 1)), (date(2026, 1, 1), 13, date(2024, 12, 1))],
)
def test_whole_months_are_counted(today: date, kept: int, first: date) -> None:
    """`kept` whole months before today's, whatever the day."""
    assert first_kept(today, kept) == first


def test_the_intake_deletes_step_by_step(database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside its batches, one page at a time; and again an hour later."""
    posted_long_ago(database)
    job = retention.RetentionJob(database.connection, database.clock, MONTHS)
    job.run()
    assert months(database, "bodies") == [date(2026, 3, 1)], "nothing within the first hour"
    monkeypatch.setattr(retention, "STEP_EVERY_S", 0.0)
    job = retention.RetentionJob(database.connection, database.clock, MONTHS)
    job._next_at = 0.0
    for _ in range(100):
        job.run()
    assert months(database, "bodies") == []


def test_a_named_person_deletes_now(database: LedgerDatabase) -> None:
    """H-15: a preview deletes nothing; what is done stands in the audit trail with who and why."""
    posted_long_ago(database)
    ledger = Ledger(connection=database.connection, clock=database.clock, jitter_s=0)
    order = Order(actor=Actor("ada"), reason="the disk is full")
    assert delete_what_expired(ledger, MONTHS, order) is None
    assert database.rows("SELECT actor FROM audit WHERE practice_id = '*'") == []
    done = delete_what_expired(ledger, MONTHS, Order(actor=Actor("ada"), reason="the disk is full", apply=True))
    assert done is not None
    assert of_march(done.dropped) == ["attempts_2026_03", "bodies_2026_03"]
    assert database.rows("SELECT actor, action, why FROM audit WHERE practice_id = '*'") == [
        ("ada", "retention.run", "the disk is full")
    ]

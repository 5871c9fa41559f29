"""Settings as versions, the master switch as it is now, and the trail of who changed what (laws 15, 24; E-9, H-15)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from schemas.practice_settings import PracticeStatus
from schemas.topics import TopicName
from sinks.ledger.practices import audit
from streams.runtime.errors import ConfigurationError
from tests.processors.rules.event_examples import NOON, history, item, payment, payout, version
from tests.sinks.ledger.ledger_fixture import Book

HOUR = timedelta(hours=1)


def test_a_version_begins_at_business_time_and_rises_strictly(book: Book) -> None:
    """Law 15: also two saves in one instant; each is published and audited."""
    book.add()
    assert [book.save(), book.save()] == [2, 3]
    starts = [row[0] for row in book.rows("SELECT effective_from FROM settings ORDER BY version")]
    assert starts == sorted(set(starts))
    assert starts[1] == NOON
    published = book.one("SELECT count(*) FROM outbox WHERE topic = %s", TopicName.SETTINGS.value)
    assert published == 3
    actions = [row[0] for row in book.rows("SELECT action FROM audit ORDER BY n")]
    assert actions == ["practice.add"] + ["settings.save"] * 3


@pytest.mark.parametrize("begins", [NOON - HOUR, NOON + HOUR])
def test_a_version_cannot_begin_in_the_past_or_before_the_newest(book: Book, begins: object) -> None:
    """Law 15: what happened since was decided already."""
    book.add()
    book.save(effective_from=NOON + 2 * HOUR)
    with pytest.raises(ConfigurationError, match="effective_from"):
        book.save(effective_from=begins)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="begins"):
        book.save()


def test_an_unknown_practice_is_named_with_the_nearest(book: Book) -> None:
    book.add("northside")
    with pytest.raises(ConfigurationError, match="did you mean northside"):
        book.save("nortside")
    with pytest.raises(ConfigurationError, match="known already"):
        book.add("northside")


def test_master_off_pauses_what_was_before_and_on_resumes_it(book: Book) -> None:
    """E-9: a payment from before the switch is PAUSED when it arrives after it, and goes on with the next ON."""
    book.add()
    book.link()
    told = book.decide(payment())
    book.clock.instant = NOON + HOUR
    book.save(master=False)
    book.store(told)
    assert book.states() == ["PAUSED", "PAUSED"]
    book.clock.instant = NOON + 2 * HOUR
    book.save(master=True)
    assert book.states() == ["SCHEDULED", "SCHEDULED"]
    assert book.one("SELECT next_due_at FROM gates") == NOON
    assert sum(book.sweeps.repair().values()) == 0


def test_a_practice_that_left_stays_paused_though_its_switch_is_on(book: Book) -> None:
    """Law 14, law 24: OFFBOARDED is a version; no sweep resumes what the poster would only pause again."""
    book.add()
    book.link()
    told = book.decide(payment())
    book.clock.instant = NOON + HOUR
    book.save(status=PracticeStatus.OFFBOARDED)
    book.store(told)
    assert book.states() == ["PAUSED", "PAUSED"]
    assert book.sweeps.repair()["pause"] == 0
    book.clock.instant = NOON + 2 * HOUR
    book.save()
    assert book.states() == ["SCHEDULED", "SCHEDULED"]


def test_a_payment_made_while_the_master_is_off_is_skipped_for_good(book: Book) -> None:
    """E-9: it is not PAUSED and does not come back with the switch."""
    book.add()
    book.link()
    book.save(master=False)
    book.clock.instant = NOON + HOUR
    book.report(payment(at=NOON + HOUR))
    book.save(master=True)
    assert book.states() == ["SKIPPED_DISABLED"] * 2


def test_the_ledgers_switch_never_holds_a_payout(book: Book) -> None:
    """P-17."""
    book.add()
    told = book.decide(payout(item(1, 10000, 320)))
    book.clock.instant = NOON + HOUR
    book.save(master=False)
    book.store(told)
    assert book.states() == ["SCHEDULED"]


def test_a_version_saved_ahead_acts_when_it_begins(book: Book) -> None:
    """The switch of a later version resumes what is PAUSED at its time, as ordinary work and no repair."""
    book.add()
    book.link()
    told = book.decide(payment())
    book.clock.instant = NOON + HOUR
    book.save(master=False)
    book.save(master=True, effective_from=NOON + 3 * HOUR)
    book.store(told)
    assert book.sweeps.begin_versions() == 0
    book.clock.instant = NOON + 3 * HOUR
    assert book.sweeps.begin_versions() == 1
    assert book.states() == ["SCHEDULED", "SCHEDULED"]
    assert sum(book.sweeps.repair().values()) == 0


def test_the_trail_cannot_be_changed_and_its_chain_holds(book: Book) -> None:
    """H-15: UPDATE, DELETE and TRUNCATE are refused; a change behind the triggers breaks the chain."""
    book.add()
    book.link()
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            book.connection.execute(statement.encode())
    with book.connection.cursor() as cursor:
        assert audit.broken(cursor, "practice-1") == []
        cursor.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit SET actor = 'somebody else' WHERE n = 2")
        assert audit.broken(cursor, "practice-1") == [2]


def test_a_sweep_finds_events_that_nobody_would_ask_about(book: Book) -> None:
    """Law 8: the repair is counted; without the lost wake-up it is 0."""
    book.report(payment())
    book.add()
    assert book.sweeps.repair()["settings"] == 0
    book.connection.execute("UPDATE events SET redecide_at = NULL")
    assert book.sweeps.repair()["settings"] == 1
    assert book.sweeps.request_redecisions() == 1


def test_a_sweep_wakes_a_gate_that_was_forgotten(book: Book) -> None:
    """Law 8: due work behind a sleeping gate is found and counted."""
    book.add()
    book.link()
    book.report(payment())
    book.clock.instant = NOON + HOUR
    assert book.sweeps.repair()["gate"] == 0
    book.connection.execute("UPDATE gates SET next_due_at = NULL")
    assert book.sweeps.repair()["gate"] == 1
    assert book.one("SELECT next_due_at FROM gates") == NOON


def test_rules_that_are_behind_change_nothing_until_they_know(book: Book) -> None:
    """Law 15: RULES answers with the newest version it knows and never waits; the event waits on."""
    book.add()
    book.clock.instant = NOON - HOUR
    book.save(amount="GROSS")
    book.clock.instant = NOON
    old = history(version())
    book.store(book.decide(payment(), history=old))
    book.store(book.decide(payment(), history=old))
    assert book.waiting() == ["AWAITING_SETTINGS"]
    assert len(book.redecisions()) == 1

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
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

HOUR = timedelta(hours=1)


def test_a_version_begins_at_business_time_and_rises_strictly(database: LedgerDatabase) -> None:
    """Law 15: also two saves in one instant; each is published and audited."""
    database.add()
    assert [database.save(), database.save()] == [2, 3]
    starts = [row[0] for row in database.rows("SELECT effective_from FROM settings ORDER BY version")]
    assert starts == sorted(set(starts))
    assert starts[1] == NOON
    published = database.one("SELECT count(*) FROM outbox WHERE topic = %s", TopicName.SETTINGS.value)
    assert published == 3
    actions = [row[0] for row in database.rows("SELECT action FROM audit ORDER BY n")]
    assert actions == ["practice.add", "practice.entitle"] + ["settings.save"] * 3


@pytest.mark.parametrize("begins", [NOON - HOUR, NOON + HOUR])
def test_a_version_cannot_begin_in_the_past_or_before_the_newest(database: LedgerDatabase, begins: object) -> None:
    """Law 15: what happened since was decided already."""
    database.add()
    database.save(effective_from=NOON + 2 * HOUR)
    with pytest.raises(ConfigurationError, match="effective_from"):
        database.save(effective_from=begins)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="begins"):
        database.save()


def test_an_unknown_practice_is_named_with_the_nearest(database: LedgerDatabase) -> None:
    database.add("northside")
    with pytest.raises(ConfigurationError, match="did you mean northside"):
        database.save("nortside")
    with pytest.raises(ConfigurationError, match="known already"):
        database.add("northside")


def test_master_off_pauses_what_was_before_and_on_resumes_it(database: LedgerDatabase) -> None:
    """E-9: a payment from before the switch is PAUSED when it arrives after it, and goes on with the next ON."""
    database.add()
    database.link()
    told = database.decide(payment())
    database.clock.instant = NOON + HOUR
    database.save(master=False)
    database.store(told)
    assert database.states() == ["PAUSED", "PAUSED"]
    database.clock.instant = NOON + 2 * HOUR
    database.save(master=True)
    assert database.states() == ["SCHEDULED", "SCHEDULED"]
    assert database.one("SELECT next_due_at FROM gates") == NOON
    assert sum(database.sweeps.repair().values()) == 0


def test_a_practice_that_left_stays_paused_though_its_switch_is_on(database: LedgerDatabase) -> None:
    """Law 14, law 24: OFFBOARDED is a version; no sweep resumes what the poster would only pause again."""
    database.add()
    database.link()
    told = database.decide(payment())
    database.clock.instant = NOON + HOUR
    database.save(status=PracticeStatus.OFFBOARDED)
    database.store(told)
    assert database.states() == ["PAUSED", "PAUSED"]
    assert database.sweeps.repair()["pause"] == 0
    database.clock.instant = NOON + 2 * HOUR
    database.save()
    assert database.states() == ["SCHEDULED", "SCHEDULED"]


def test_a_payment_made_while_the_master_is_off_is_skipped_for_good(database: LedgerDatabase) -> None:
    """E-9: it is not PAUSED and does not come back with the switch."""
    database.add()
    database.link()
    database.save(master=False)
    database.clock.instant = NOON + HOUR
    database.report(payment(at=NOON + HOUR))
    database.save(master=True)
    assert database.states() == ["SKIPPED_DISABLED"] * 2


def test_the_ledgers_switch_never_holds_a_payout(database: LedgerDatabase) -> None:
    """P-17."""
    database.add()
    told = database.decide(payout(item(1, 10000, 320)))
    database.clock.instant = NOON + HOUR
    database.save(master=False)
    database.store(told)
    assert database.states() == ["SCHEDULED"]


def test_a_version_saved_ahead_acts_when_it_begins(database: LedgerDatabase) -> None:
    """The switch of a later version resumes what is PAUSED at its time, as ordinary work and no repair."""
    database.add()
    database.link()
    told = database.decide(payment())
    database.clock.instant = NOON + HOUR
    database.save(master=False)
    database.save(master=True, effective_from=NOON + 3 * HOUR)
    database.store(told)
    assert database.sweeps.begin_versions() == 0
    database.clock.instant = NOON + 3 * HOUR
    assert database.sweeps.begin_versions() == 1
    assert database.states() == ["SCHEDULED", "SCHEDULED"]
    assert sum(database.sweeps.repair().values()) == 0


def test_the_trail_cannot_be_changed_and_its_chain_holds(database: LedgerDatabase) -> None:
    """H-15: UPDATE, DELETE and TRUNCATE are refused; a change behind the triggers breaks the chain."""
    database.add()
    database.link()
    for statement in (
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit_trail.actions",
        "TRUNCATE audit_trail.actions",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.connection.execute(statement.encode())
    with database.connection.cursor() as cursor:
        assert audit.broken(cursor, "practice-1") == []
        cursor.execute("ALTER TABLE audit_trail.actions DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit SET actor = 'somebody else' WHERE n = 2")
        assert audit.broken(cursor, "practice-1") == [2]


def test_a_sweep_finds_events_that_nobody_would_ask_about(database: LedgerDatabase) -> None:
    """Law 8: the repair is counted; without the lost wake-up it is 0."""
    database.report(payment())
    database.add()
    assert database.sweeps.repair()["settings"] == 0
    database.connection.execute("UPDATE events SET redecide_at = NULL")
    assert database.sweeps.repair()["settings"] == 1
    assert database.sweeps.request_redecisions() == 1


def test_a_sweep_wakes_a_gate_that_was_forgotten(database: LedgerDatabase) -> None:
    """Law 8: due work behind a sleeping gate is found and counted."""
    database.add()
    database.link()
    database.report(payment())
    database.clock.instant = NOON + HOUR
    assert database.sweeps.repair()["gate"] == 0
    database.connection.execute("UPDATE gates SET next_due_at = NULL")
    assert database.sweeps.repair()["gate"] == 1
    assert database.one("SELECT next_due_at FROM gates") == NOON


def test_rules_that_are_behind_change_nothing_until_they_know(database: LedgerDatabase) -> None:
    """Law 15: RULES answers with the newest version it knows and never waits; the event waits on."""
    database.add()
    database.clock.instant = NOON - HOUR
    database.save(amount="GROSS")
    database.clock.instant = NOON
    old = history(version())
    database.store(database.decide(payment(), history=old))
    database.store(database.decide(payment(), history=old))
    assert database.waiting() == ["AWAITING_SETTINGS"]
    assert len(database.redecisions()) == 1

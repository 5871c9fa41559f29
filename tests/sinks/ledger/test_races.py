"""Facts that change while INTAKE looks at them (law 8): the lock, and what happens without it."""

from __future__ import annotations

from datetime import timedelta

from sinks.ledger.practices.links import link
from sinks.ledger.practices.settings import settings_store
from sinks.ledger.schema.database import connect
from streams.fault_injection import Control
from tests.processors.rules.event_examples import NOON, PRACTICE, history, payment, settings, version
from tests.sinks.ledger.ledger_fixture import SAVING, HandClock, LedgerDatabase
from tests.sinks.ledger.racing import Racer, held, until_blocked


def link_elsewhere(database: LedgerDatabase) -> None:
    with connect(database.database_url, "other") as other:
        link(other, PRACTICE, "pt-1", "17", SAVING, clock=database.clock, jitter_s=0)


def test_a_link_made_while_intake_looks_is_seen_by_one_of_them(database: LedgerDatabase) -> None:
    """The link waits for the batch that has not seen it, and then releases what the batch stored."""
    database.add()
    told = database.decide(payment())
    with held(database, "bodies"):
        intake = Racer(lambda: database.store(told))
        until_blocked(database, 1)
        linking = Racer(lambda: link_elsewhere(database))
        until_blocked(database, 2)
    intake.finish()
    linking.finish()
    assert database.states() == ["SCHEDULED", "SCHEDULED"]
    assert sum(database.sweeps.repair().values()) == 0


def test_control_practice_lock(database: LedgerDatabase) -> None:
    """Without the lock the link finds nothing to release and the batch never hears of it: it waits for ever.

    The sweep is the detector: it repairs, and counts what is expected to be 0.
    """
    database.add()
    told = database.decide(payment())
    database.reopen(Control.PRACTICE_LOCK)
    with held(database, "bodies"):
        intake = Racer(lambda: database.store(told))
        until_blocked(database, 1)
        link_elsewhere(database)
    intake.finish()
    assert database.states() == ["AWAITING_LINK", "AWAITING_LINK"]
    assert database.sweeps.repair()["link"] == 2
    assert database.states() == ["SCHEDULED", "SCHEDULED"]


def save_elsewhere(database: LedgerDatabase, clock: HandClock, **changed: object) -> None:
    with connect(database.database_url, "other") as other:
        settings_store.save(other, PRACTICE, settings(**changed), SAVING, clock=clock, jitter_s=0)


def settings_saved_during_intake(database: LedgerDatabase) -> None:
    """A version begins at noon and is not committed yet; a payment of one second later is stored meanwhile."""
    database.add()
    saving_at = HandClock(NOON)
    database.clock.instant = NOON + timedelta(seconds=1)
    told = database.decide(payment(at=NOON + timedelta(seconds=1)), history=history(version()))
    with held(database, "audit"):
        saving = Racer(lambda: save_elsewhere(database, saving_at, amount="GROSS"))
        until_blocked(database, 1)
        intake = Racer(lambda: database.store(told))
        until_blocked(database, 2)  # at the lock; in the control only where it counts the practice's ids up
    saving.finish()
    intake.finish()


def test_settings_saved_during_intake_are_in_force_from_their_time(database: LedgerDatabase) -> None:
    """Law 15: the batch waits for the save, sees the version, and asks for a decision under it."""
    settings_saved_during_intake(database)
    assert database.waiting() == ["AWAITING_SETTINGS"]
    (request,) = database.redecisions()
    assert request.least_version == 2


def test_control_practice_lock_settings(database: LedgerDatabase) -> None:
    """Without the lock the payment is booked under a version that was not in force when it happened."""
    database.reopen(Control.PRACTICE_LOCK)
    settings_saved_during_intake(database)
    assert database.waiting() == [None]
    assert database.one("SELECT settings_version FROM events") == 1
    assert (
        database.one("SELECT max(version) FROM settings WHERE effective_from <= %s", NOON + timedelta(seconds=1)) == 2
    )

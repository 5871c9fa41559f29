"""Facts that change while INTAKE looks at them (law 8): the lock, and what happens without it."""

from __future__ import annotations

from datetime import timedelta

from sinks.ledger.practices.links import link
from sinks.ledger.practices.settings import settings_store
from sinks.ledger.schema.database import connect
from streams.fault_injection import Control
from tests.processors.rules.event_examples import NOON, PRACTICE, history, payment, settings, version
from tests.sinks.ledger.ledger_fixture import SAVING, Book, HandClock
from tests.sinks.ledger.racing import Racer, held, until_blocked


def link_elsewhere(book: Book) -> None:
    with connect(book.database_url, "other") as other:
        link(other, PRACTICE, "pt-1", "17", SAVING, clock=book.clock, jitter_s=0)


def test_a_link_made_while_intake_looks_is_seen_by_one_of_them(book: Book) -> None:
    """The link waits for the batch that has not seen it, and then releases what the batch stored."""
    book.add()
    told = book.decide(payment())
    with held(book, "bodies"):
        intake = Racer(lambda: book.store(told))
        until_blocked(book, 1)
        linking = Racer(lambda: link_elsewhere(book))
        until_blocked(book, 2)
    intake.finish()
    linking.finish()
    assert book.states() == ["SCHEDULED", "SCHEDULED"]
    assert sum(book.sweeps.repair().values()) == 0


def test_control_practice_lock(book: Book) -> None:
    """Without the lock the link finds nothing to release and the batch never hears of it: it waits for ever.

    The sweep is the detector: it repairs, and counts what is expected to be 0.
    """
    book.add()
    told = book.decide(payment())
    book.reopen(Control.PRACTICE_LOCK)
    with held(book, "bodies"):
        intake = Racer(lambda: book.store(told))
        until_blocked(book, 1)
        link_elsewhere(book)
    intake.finish()
    assert book.states() == ["AWAITING_LINK", "AWAITING_LINK"]
    assert book.sweeps.repair()["link"] == 2
    assert book.states() == ["SCHEDULED", "SCHEDULED"]


def save_elsewhere(book: Book, clock: HandClock, **changed: object) -> None:
    with connect(book.database_url, "other") as other:
        settings_store.save(other, PRACTICE, settings(**changed), SAVING, clock=clock, jitter_s=0)


def settings_saved_during_intake(book: Book) -> None:
    """A version begins at noon and is not committed yet; a payment of one second later is stored meanwhile."""
    book.add()
    saving_at = HandClock(NOON)
    book.clock.instant = NOON + timedelta(seconds=1)
    told = book.decide(payment(at=NOON + timedelta(seconds=1)), history=history(version()))
    with held(book, "audit"):
        saving = Racer(lambda: save_elsewhere(book, saving_at, amount="GROSS"))
        until_blocked(book, 1)
        intake = Racer(lambda: book.store(told))
        until_blocked(book, 2)  # at the lock; in the control only where it counts the practice's ids up
    saving.finish()
    intake.finish()


def test_settings_saved_during_intake_are_in_force_from_their_time(book: Book) -> None:
    """Law 15: the batch waits for the save, sees the version, and asks for a decision under it."""
    settings_saved_during_intake(book)
    assert book.waiting() == ["AWAITING_SETTINGS"]
    (request,) = book.redecisions()
    assert request.least_version == 2


def test_control_practice_lock_settings(book: Book) -> None:
    """Without the lock the payment is booked under a version that was not in force when it happened."""
    book.reopen(Control.PRACTICE_LOCK)
    settings_saved_during_intake(book)
    assert book.waiting() == [None]
    assert book.one("SELECT settings_version FROM events") == 1
    assert book.one("SELECT max(version) FROM settings WHERE effective_from <= %s", NOON + timedelta(seconds=1)) == 2

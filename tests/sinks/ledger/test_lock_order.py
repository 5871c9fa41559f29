"""One order for all locks (PROTOCOL section 4): a batch and a poster's mark that want the same gates never deadlock."""

from __future__ import annotations

import msgspec
import psycopg

from schemas.practice_settings import AmountMode
from sinks.ledger.named_queries import named_queries
from streams.fault_injection import Control
from tests.processors.rules.event_examples import payment
from tests.processors.rules.linked_examples import refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.linked_events import LATER
from tests.sinks.ledger.racing import Racer, held, until_blocked

CALLS = named_queries("sinks.poster", "calls.sql")
FIRST, LAST = "practice-a", "practice-z"


def _mark_both(database: LedgerDatabase) -> None:
    """A mark of the first payment of each practice, in one statement, as a poster that holds both gates asks for it."""
    gates = [
        {
            "p": practice_id,
            "c": f"{practice_id}-PMS",
            "e": 1,
            "need_s": 3.0,
            "version": 1,
            "items": [
                {
                    "n": 1,
                    "generation": 1,
                    "request_id": f"request-{practice_id}",
                    "payload": b"{}",
                    "digest": b"d",
                    "ledger_date": "2026-03-04",
                }
            ],
        }
        for practice_id in (FIRST, LAST)
    ]
    off = {"skip_state_test": False, "skip_entitlement": False}
    parameters = {"gates": msgspec.json.encode(gates).decode(), "me": "me", "now": None} | off
    with psycopg.connect(database.database_url, autocommit=True) as poster:
        poster.execute(CALLS["mark"], parameters)


def _batch_and_mark(database: LedgerDatabase) -> list[type[Exception]]:
    """A batch about money of the last practice, which has something new for the first one too, stands still when it
    has read; meanwhile a poster marks in both. What either of them raised."""
    for practice_id in (FIRST, LAST):
        database.add(practice_id, amount=AmountMode.GROSS)
        database.link(practice_id=practice_id)
        database.report(again(payment(), practice_id=practice_id))
    database.connection.execute("UPDATE gates SET owner = 'me', epoch = 1, lease_until = now() + interval '1 hour'")
    batch = [
        database.decide(again(refunded(at=LATER), practice_id=LAST)),
        database.decide(again(payment(), practice_id=FIRST, event_id="ev-new", payment_id="pay-new")),
    ]
    with held(database, "bodies"):
        intake = Racer(lambda: database.store(*batch))
        until_blocked(database, 1)
        poster = Racer(lambda: _mark_both(database))
        until_blocked(database, 2)
    raised: list[type[Exception]] = []
    for racer in (intake, poster):
        try:
            racer.finish()
        except psycopg.errors.DeadlockDetected as error:
            raised.append(type(error))
    return raised


def test_a_batch_and_a_mark_that_want_the_same_gates_wait_for_each_other(database: LedgerDatabase) -> None:
    """The batch has locked the gates of all its practices before it wants anything else; the mark waits."""
    assert _batch_and_mark(database) == []
    assert database.one("SELECT count(*) FROM receipts") == 4
    assert database.one("SELECT count(*) FROM work WHERE state = 'SENDING'") >= 1


def test_control_lock_order(database: LedgerDatabase) -> None:
    """Its control: the batch holds the last gate and asks for the first, the mark holds the first and asks for the
    last."""
    database.reopen(Control.LOCK_ORDER)
    assert _batch_and_mark(database) == [psycopg.errors.DeadlockDetected]

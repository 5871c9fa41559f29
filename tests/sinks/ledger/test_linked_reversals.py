"""Voids, disputes and returns, in Postgres: the same end in any order and any batches (laws 2, 7, 8; R-1 to R-16)."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from schemas.events import DisputeOutcome, Event
from sinks.ledger import conservation
from tests.processors.rules.event_examples import NOON, payment
from tests.processors.rules.linked_examples import dispute_closed, disputed, returned, voided
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.linked_events import LATER, MINUTE, entries, posted, ready


def test_a_void_before_the_post_suppresses_both(database: LedgerDatabase) -> None:
    """R-7: voided before posting, and the void itself posts nothing."""
    ready(database)
    database.report(payment())
    database.report(voided(at=LATER))
    assert [row[3] for row in entries(database)] == ["VOIDED_BEFORE_POST", "VOIDED_BEFORE_POST"]
    assert database.rows("SELECT applied, waiting FROM events WHERE event_id = 'ev-v'") == [(True, None)]
    assert database.one("SELECT next_due_at FROM gates") is None
    assert conservation.violations(database.connection) == []


def test_a_void_in_the_same_batch_suppresses_both(database: LedgerDatabase) -> None:
    """R-7: as if they came one after the other."""
    ready(database)
    database.report(payment(), voided(at=LATER))
    assert [row[3] for row in entries(database)] == ["VOIDED_BEFORE_POST", "VOIDED_BEFORE_POST"]


def test_a_void_after_the_post_is_a_reversal(database: LedgerDatabase) -> None:
    """R-7, R-15, law 2: of what was sent each gets a reversal that depends on it; the original stays."""
    ready(database)
    database.report(payment(gross=9000, fee=291))
    posted(database, 1, 2)
    database.report(voided(at=LATER))
    assert entries(database)[2:] == [
        ("ev-v", "reversal", -8709, "SCHEDULED", "ev-1:payment"),
        ("ev-v", "reversal", -291, "SCHEDULED", "ev-1:fee_adjustment"),
    ]
    assert database.one("SELECT next_due_at FROM gates") == NOON


def test_a_void_while_a_call_is_out_is_a_reversal(database: LedgerDatabase) -> None:
    """Law 2: in doubt counts as sent; the companion that was not sent is suppressed."""
    ready(database)
    database.report(payment())
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    database.report(voided(at=LATER))
    assert entries(database) == [
        ("ev-1", "payment", 9680, "SENDING", None),
        ("ev-1", "fee_adjustment", 320, "VOIDED_BEFORE_POST", "ev-1:payment"),
        ("ev-v", "reversal", -9680, "SCHEDULED", "ev-1:payment"),
    ]


STORY: tuple[Event, ...] = (
    payment(gross=40000, fee=1200),
    disputed(-40000, 1500, at=LATER),
    dispute_closed(DisputeOutcome.WON, 40000, -1500, at=LATER + MINUTE),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("size", [1, 3])
def test_a_dispute_is_booked_alike_in_any_order(database: LedgerDatabase, order: tuple[int, ...], size: int) -> None:
    """R-10, R-15: −41500/+1500, then +41500/−1500; what comes too early waits for its other half."""
    ready(database)
    told = [STORY[n] for n in order]
    for start in range(0, 3, size):
        database.report(*told[start : start + size])
    assert sorted((row[0], row[1], row[2]) for row in entries(database)) == [
        ("ev-1", "fee_adjustment", 1200),
        ("ev-1", "payment", 38800),
        ("ev-d", "dispute_hold", -41500),
        ("ev-d", "fee_adjustment", 1500),
        ("ev-dc", "dispute_release", 41500),
        ("ev-dc", "fee_adjustment", -1500),
    ]
    assert database.waiting() == [None] * 3
    assert database.rows("SELECT outcome, closed_at IS NOT NULL FROM disputes") == [("WON", True)]


def test_an_open_dispute_has_its_deadline(database: LedgerDatabase) -> None:
    """R-10: the notifier reads it there."""
    ready(database)
    database.report(payment(), disputed(at=LATER, respond_by=NOON + timedelta(days=14)))
    assert database.rows("SELECT dispute_id, payment_id, respond_by, closed_at FROM disputes") == [
        ("dis-1", "pay-1", NOON + timedelta(days=14), None)
    ]


def test_a_return_costs_what_the_bank_takes(database: LedgerDatabase) -> None:
    """R-11, R-15: ACH return 25000 with a fee of 400 → −25400, +400."""
    ready(database)
    database.report(payment(gross=25000, fee=100), returned(-25000, 400, at=LATER))
    assert [(row[1], row[2]) for row in entries(database) if row[0] == "ev-rt"] == [
        ("return", -25400),
        ("fee_adjustment", 400),
    ]

"""Refunds and their payments, in Postgres: the same end in any order and any batches (laws 2, 7, 8; R-1 to R-16)."""

from __future__ import annotations

import pytest

from schemas.events import Event
from sinks.ledger import conservation
from tests.processors.rules.event_examples import payment
from tests.processors.rules.linked_examples import fee_assessed, refund_failed, refunded
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.linked_events import LATER, MINUTE, REFUNDED, entries, ready


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "refund first"])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_refund_and_its_payment_come_in_any_order(
    database: LedgerDatabase, order: tuple[int, int], batches: int
) -> None:
    """R-8, R-4: in one batch or in two, the refund parks until its payment is there; both entries follow."""
    ready(database)
    events = [payment(), refunded(at=LATER)]
    told = [events[n] for n in order]
    if batches == 1:
        database.report(*told)
    else:
        for event in told:
            database.report(event)
    assert entries(database) == REFUNDED
    assert database.waiting() == [None, None]
    assert conservation.violations(database.connection) == []
    assert database.one("SELECT count(*) FROM outbox WHERE topic LIKE 'writeback-dead%%'") == 0


def test_a_naked_refund_waits_visibly_and_posts_nothing(database: LedgerDatabase) -> None:
    """R-8: never posted by itself."""
    ready(database)
    database.report(refunded())
    assert database.waiting() == ["AWAITING_ORIGINAL"]
    assert entries(database) == []
    assert database.rows("SELECT concerns, reason FROM events") == [("pay-1", "ORIGINAL_UNKNOWN")]


def test_told_again_nothing_new(database: LedgerDatabase) -> None:
    """Law 2: a replay of everything, in whatever batches, enters nothing."""
    ready(database)
    story: list[Event] = [payment(), refunded(-4000, at=LATER), refunded(-6000, number=2, at=LATER + MINUTE)]
    database.report(*story)
    before = (entries(database), database.rows("SELECT event_id, waiting, reason FROM events ORDER BY 1"))
    database.report(*story)
    for event in reversed(story):
        database.report(event)
    assert (entries(database), database.rows("SELECT event_id, waiting, reason FROM events ORDER BY 1")) == before
    assert sorted(set(database.verdicts())) == ["DUPLICATE", "FIRST"]


def test_more_than_was_paid_is_for_a_person(database: LedgerDatabase) -> None:
    """R-2: cumulated; what fits is booked, what does not is shown and never posted."""
    ready(database)
    database.report(payment(), refunded(-7000, at=LATER), refunded(-4000, number=2, at=LATER + MINUTE))
    assert database.rows("SELECT event_id, waiting, reason FROM events WHERE waiting IS NOT NULL") == [
        ("ev-r2", "AWAITING_REVIEW", "MORE_THAN_ORIGINAL")
    ]
    assert sum(row[2] for row in entries(database) if row[0] == "ev-r1") == -7000  # type: ignore[misc]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_refund_that_fails_brings_the_money_back(database: LedgerDatabase, order: tuple[int, ...]) -> None:
    """R-9: a new entry on its own event."""
    ready(database)
    story = (payment(), refunded(at=LATER), refund_failed(at=LATER + MINUTE))
    for n in order:
        database.report(story[n])
    assert sum(row[2] for row in entries(database)) == 10000  # type: ignore[misc]
    assert [row[2] for row in entries(database) if row[0] == "ev-rf1"] == [10000]


def test_a_refund_of_a_payment_without_fee_waits_with_it(database: LedgerDatabase) -> None:
    """N-5, R-6: its amounts are those of its original, so it is released by the fee too."""
    ready(database)
    database.report(payment(fee=None), refunded(at=LATER))
    assert sorted(map(str, database.waiting())) == ["AWAITING_FEE", "AWAITING_ORIGINAL"]
    database.report(fee_assessed(at=LATER + MINUTE))
    assert database.waiting() == [None] * 3
    assert entries(database) == REFUNDED


def test_a_refund_waits_for_a_payment_that_waits_for_settings(database: LedgerDatabase) -> None:
    """Laws 10, 15: a re-decision of the original releases what parked on it."""
    database.report(payment())
    database.report(refunded(at=LATER))
    assert set(database.waiting()) == {"AWAITING_SETTINGS"}
    ready(database)
    database.sweeps.request_redecisions()
    for request in reversed(database.redecisions()):
        database.store(database.decide_again(request))
    assert entries(database) == REFUNDED
    assert database.waiting() == [None, None]
    assert conservation.violations(database.connection) == []


def test_lives_do_not_meet(database: LedgerDatabase) -> None:
    """A batch full of other payments: each event finds its own."""
    ready(database)
    story: list[Event] = []
    for n in range(1, 21):
        story.append(payment(event_id=f"ev-p{n}", payment_id=f"pay-{n}"))
        story.append(
            again(refunded(-n * 100, at=LATER), event_id=f"ev-q{n}", refund_id=f"rf-{n}", payment_id=f"pay-{n}")
        )
    database.report(*reversed(story))
    assert database.rows(
        "SELECT r.amount_minor = -100 * substr(v.concerns, 5)::int, o.event_id = 'ev-p' || substr(v.concerns, 5),"
        " count(*)::int FROM effects r JOIN events v USING (practice_id, source, event_id)"
        " JOIN effects o ON o.practice_id = r.practice_id AND o.effect_id = r.depends_on"
        " WHERE r.entry_kind = 'refund' GROUP BY 1, 2"
    ) == [(True, True, 20)]


def test_a_killed_batch_is_stored_once(database: LedgerDatabase) -> None:
    """Law 3: the same records again, with the control of nothing: one transaction each time, one outcome."""
    ready(database)
    told = [database.decide(event) for event in (refunded(at=LATER), payment())]
    records = [database.record(each) for each in told]
    database.store_records(records)
    database.offset = 0
    database.connection.execute("UPDATE intake_offsets SET next_offset = 0")
    database.reopen()
    database.store_records([database.record(each) for each in told])
    assert entries(database) == REFUNDED
    assert database.verdicts() == ["FIRST", "FIRST"]

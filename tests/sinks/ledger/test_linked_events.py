"""Events about other events, in Postgres: the same end in any order and any batches (laws 2, 7, 8; R-1 to R-16)."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from schemas.events import DisputeOutcome, Event, PaymentKind
from schemas.practice_settings import Allocation, MembershipBooking, Timing
from sinks.ledger import views
from tests.processors.told import NOON, item, membership, payment, payout
from tests.processors.told_linked import (
    cleared,
    corrected,
    dispute_closed,
    disputed,
    fee_assessed,
    payout_failed,
    refund_failed,
    refunded,
    returned,
    voided,
)
from tests.sinks.ledger.books import Book, again

MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE


def ready(book: Book, **settings: Any) -> None:
    book.add(**settings)
    book.link()


def entries(book: Book) -> list[tuple[object, ...]]:
    """Event, kind, amount, state, and the kind and event of what it depends on."""
    return book.rows(
        "SELECT e.event_id, e.entry_kind, e.amount_minor, e.state, o.event_id || ':' || o.entry_kind"
        " FROM effects e LEFT JOIN effects o ON o.practice_id = e.practice_id AND o.effect_id = e.depends_on"
        " ORDER BY e.effect_id"
    )


def posted(book: Book, *effect_ids: int) -> None:
    """What a poster does with them."""
    for effect_id in effect_ids:
        for state in ("SENDING", "POSTED"):
            book.connection.execute("UPDATE effects SET state = %s WHERE effect_id = %s", (state, effect_id))


REFUNDED = [
    ("ev-1", "payment", 9680, "SCHEDULED", None),
    ("ev-1", "fee_adjustment", 320, "SCHEDULED", "ev-1:payment"),
    ("ev-r1", "refund", -10000, "SCHEDULED", "ev-1:payment"),
]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "refund first"])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_refund_and_its_payment_come_in_any_order(book: Book, order: tuple[int, int], batches: int) -> None:
    """R-8, R-4: in one batch or in two, the refund parks until its payment is there; both entries follow."""
    ready(book)
    events = [payment(), refunded(at=LATER)]
    told = [events[n] for n in order]
    if batches == 1:
        book.tell(*told)
    else:
        for event in told:
            book.tell(event)
    assert entries(book) == REFUNDED
    assert book.waiting() == [None, None]
    assert views.violations(book.connection) == []
    assert book.one("SELECT count(*) FROM outbox WHERE topic LIKE 'writeback-dead%%'") == 0


def test_a_naked_refund_waits_visibly_and_posts_nothing(book: Book) -> None:
    """R-8: never posted by itself."""
    ready(book)
    book.tell(refunded())
    assert book.waiting() == ["AWAITING_ORIGINAL"]
    assert entries(book) == []
    assert book.rows("SELECT concerns, reason FROM events") == [("pay-1", "ORIGINAL_UNKNOWN")]


def test_told_again_nothing_new(book: Book) -> None:
    """Law 2: a replay of everything, in whatever batches, enters nothing."""
    ready(book)
    story: list[Event] = [payment(), refunded(-4000, at=LATER), refunded(-6000, number=2, at=LATER + MINUTE)]
    book.tell(*story)
    before = (entries(book), book.rows("SELECT event_id, waiting, reason FROM events ORDER BY 1"))
    book.tell(*story)
    for event in reversed(story):
        book.tell(event)
    assert (entries(book), book.rows("SELECT event_id, waiting, reason FROM events ORDER BY 1")) == before
    assert sorted(set(book.verdicts())) == ["DUPLICATE", "FIRST"]


def test_a_void_before_the_post_suppresses_both(book: Book) -> None:
    """R-7: voided before posting, and the void itself posts nothing."""
    ready(book)
    book.tell(payment())
    book.tell(voided(at=LATER))
    assert [row[3] for row in entries(book)] == ["VOIDED_BEFORE_POST", "VOIDED_BEFORE_POST"]
    assert book.rows("SELECT applied, waiting FROM events WHERE event_id = 'ev-v'") == [(True, None)]
    assert book.one("SELECT next_due_at FROM gates") is None
    assert views.violations(book.connection) == []


def test_a_void_in_the_same_batch_suppresses_both(book: Book) -> None:
    """R-7: as if they came one after the other."""
    ready(book)
    book.tell(payment(), voided(at=LATER))
    assert [row[3] for row in entries(book)] == ["VOIDED_BEFORE_POST", "VOIDED_BEFORE_POST"]


def test_a_void_after_the_post_is_a_reversal(book: Book) -> None:
    """R-7, R-15, law 2: of what was sent each gets a reversal that depends on it; the original stays."""
    ready(book)
    book.tell(payment(gross=9000, fee=291))
    posted(book, 1, 2)
    book.tell(voided(at=LATER))
    assert entries(book)[2:] == [
        ("ev-v", "reversal", -8709, "SCHEDULED", "ev-1:payment"),
        ("ev-v", "reversal", -291, "SCHEDULED", "ev-1:fee_adjustment"),
    ]
    assert book.one("SELECT next_due_at FROM gates") == NOON


def test_a_void_while_a_call_is_out_is_a_reversal(book: Book) -> None:
    """Law 2: in doubt counts as sent; the companion that was not sent is suppressed."""
    ready(book)
    book.tell(payment())
    book.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    book.tell(voided(at=LATER))
    assert entries(book) == [
        ("ev-1", "payment", 9680, "SENDING", None),
        ("ev-1", "fee_adjustment", 320, "VOIDED_BEFORE_POST", "ev-1:payment"),
        ("ev-v", "reversal", -9680, "SCHEDULED", "ev-1:payment"),
    ]


def test_more_than_was_paid_is_for_a_person(book: Book) -> None:
    """R-2: cumulated; what fits is booked, what does not is shown and never posted."""
    ready(book)
    book.tell(payment(), refunded(-7000, at=LATER), refunded(-4000, number=2, at=LATER + MINUTE))
    assert book.rows("SELECT event_id, waiting, reason FROM events WHERE waiting IS NOT NULL") == [
        ("ev-r2", "AWAITING_REVIEW", "MORE_THAN_ORIGINAL")
    ]
    assert sum(row[2] for row in entries(book) if row[0] == "ev-r1") == -7000  # type: ignore[misc]


STORY: tuple[Event, ...] = (
    payment(gross=40000, fee=1200),
    disputed(-40000, 1500, at=LATER),
    dispute_closed(DisputeOutcome.WON, 40000, -1500, at=LATER + MINUTE),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("size", [1, 3])
def test_a_dispute_is_booked_alike_in_any_order(book: Book, order: tuple[int, ...], size: int) -> None:
    """R-10, R-15: −41500/+1500, then +41500/−1500; what comes too early waits for its other half."""
    ready(book)
    told = [STORY[n] for n in order]
    for start in range(0, 3, size):
        book.tell(*told[start : start + size])
    assert sorted((row[0], row[1], row[2]) for row in entries(book)) == [
        ("ev-1", "fee_adjustment", 1200),
        ("ev-1", "payment", 38800),
        ("ev-d", "dispute_hold", -41500),
        ("ev-d", "fee_adjustment", 1500),
        ("ev-dc", "dispute_release", 41500),
        ("ev-dc", "fee_adjustment", -1500),
    ]
    assert book.waiting() == [None] * 3
    assert book.rows("SELECT outcome, closed_at IS NOT NULL FROM disputes") == [("WON", True)]


def test_an_open_dispute_has_its_deadline(book: Book) -> None:
    """R-10: the notifier reads it there."""
    ready(book)
    book.tell(payment(), disputed(at=LATER, respond_by=NOON + timedelta(days=14)))
    assert book.rows("SELECT dispute_id, payment_id, respond_by, closed_at FROM disputes") == [
        ("dis-1", "pay-1", NOON + timedelta(days=14), None)
    ]


def test_a_return_costs_what_the_bank_takes(book: Book) -> None:
    """R-11, R-15: ACH return 25000 with a fee of 400 → −25400, +400."""
    ready(book)
    book.tell(payment(gross=25000, fee=100), returned(-25000, 400, at=LATER))
    assert [(row[1], row[2]) for row in entries(book) if row[0] == "ev-rt"] == [
        ("return", -25400),
        ("fee_adjustment", 400),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_refund_that_fails_brings_the_money_back(book: Book, order: tuple[int, ...]) -> None:
    """R-9: a new entry on its own event."""
    ready(book)
    story = (payment(), refunded(at=LATER), refund_failed(at=LATER + MINUTE))
    for n in order:
        book.tell(story[n])
    assert sum(row[2] for row in entries(book)) == 10000  # type: ignore[misc]
    assert [row[2] for row in entries(book) if row[0] == "ev-rf1"] == [10000]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_fee_that_comes_later_releases_the_payment(book: Book, order: tuple[int, int], batches: int) -> None:
    """N-5: told by an event of its own, before or after."""
    ready(book)
    story: list[Event] = [payment(fee=None), fee_assessed(at=LATER)]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        book.tell(*told[start : start + 2 // batches])
    assert [row[:4] for row in entries(book)] == [
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
    ]
    assert book.waiting() == [None, None]
    assert book.one("SELECT next_due_at FROM gates") == NOON


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_fee_in_the_payout_releases_the_payment(book: Book, order: tuple[int, int], batches: int) -> None:
    """N-5: told by the payout's item, before or after; never assumed 0."""
    ready(book)
    story: list[Event] = [payment(fee=None), payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER)]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        book.tell(*told[start : start + 2 // batches])
    assert sorted(row[:4] for row in entries(book)) == [
        ("ev-1", "fee_adjustment", 320, "SCHEDULED"),
        ("ev-1", "payment", 9680, "SCHEDULED"),
        ("ev-o1", "payout", 9680, "SCHEDULED"),
    ]
    assert book.rows("SELECT payment_id, payout_id, fee_minor FROM payout_items") == [("pay-1", "po-1", 320)]


def test_a_refund_of_a_payment_without_fee_waits_with_it(book: Book) -> None:
    """N-5, R-6: its amounts are those of its original, so it is released by the fee too."""
    ready(book)
    book.tell(payment(fee=None), refunded(at=LATER))
    assert sorted(map(str, book.waiting())) == ["AWAITING_FEE", "AWAITING_ORIGINAL"]
    book.tell(fee_assessed(at=LATER + MINUTE))
    assert book.waiting() == [None] * 3
    assert entries(book) == REFUNDED


@pytest.mark.parametrize("clears", [cleared(at=LATER), payout(item(1, 10000, 320, payment_id="pay-1"), at=LATER)])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("batches", [1, 2])
def test_what_waits_for_its_funds_is_due_when_they_are_there(
    book: Book, clears: Event, order: tuple[int, int], batches: int
) -> None:
    """T-13, TIM-9: the first of PaymentCleared and a payout that contains it; either may come first."""
    ready(book, timing=Timing.ON_CLEAR)
    story = [payment(), clears]
    told = [story[n] for n in order]
    for start in range(0, 2, 2 // batches):
        book.clock.instant = NOON + start * MINUTE
        book.tell(*told[start : start + 2 // batches])
    mine = book.rows("SELECT state, holds, due_at >= %s FROM effects WHERE target = 'PMS' ORDER BY 1", NOON)
    assert mine == [("SCHEDULED", [], True)] * 2
    assert book.one("SELECT min(next_due_at) FROM gates") is not None


def test_not_cleared_is_not_due(book: Book) -> None:
    """T-13: nothing lifts it but the funds."""
    ready(book, timing=Timing.ON_CLEAR)
    book.tell(payment(), payout(item(1, 5000, 100, payment_id="pay-2"), at=LATER))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_a_failed_payout_clears_nothing_that_comes_after_it(book: Book) -> None:
    """P-21: it frees its items; the money is not in the bank."""
    ready(book, timing=Timing.ON_CLEAR)
    book.tell(payout(item(1, 10000, 320, payment_id="pay-1")))
    book.tell(payout_failed(at=LATER))
    book.tell(payment(at=LATER))
    assert book.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_a_correction_before_the_post_replaces(book: Book) -> None:
    """E-11, law 2: what was not sent is void, and the new version follows."""
    ready(book)
    book.tell(payment())
    book.tell(corrected(12000, 380, at=NOON))
    assert [row[:4] for row in entries(book)] == [
        ("ev-1", "payment", 9680, "VOIDED_BEFORE_POST"),
        ("ev-1", "fee_adjustment", 320, "VOIDED_BEFORE_POST"),
        ("ev-c2", "payment", 11620, "SCHEDULED"),
        ("ev-c2", "fee_adjustment", 380, "SCHEDULED"),
    ]
    assert views.violations(book.connection) == []


def test_a_correction_after_the_post_reverses_and_posts_anew(book: Book) -> None:
    """E-11, R-1: nothing that stands is edited."""
    ready(book)
    book.tell(payment())
    posted(book, 1, 2)
    book.tell(corrected(12000, 380, at=NOON))
    mine = [row[:4] for row in entries(book) if row[0] == "ev-c2"]
    assert sorted(mine) == [
        ("ev-c2", "fee_adjustment", 380, "SCHEDULED"),
        ("ev-c2", "payment", 11620, "SCHEDULED"),
        ("ev-c2", "reversal", -9680, "SCHEDULED"),
        ("ev-c2", "reversal", -320, "SCHEDULED"),
    ]


def test_a_correction_that_overtook_its_payment_stands(book: Book) -> None:
    """E-7: the first version comes too late and is acknowledged."""
    ready(book)
    book.tell(corrected(12000, 380))
    book.tell(payment())
    assert book.verdicts() == ["FIRST", "OLD_VERSION"]
    assert book.amounts() == [11620, 380]


def test_a_refund_waits_for_a_payment_that_waits_for_settings(book: Book) -> None:
    """Laws 10, 15: a re-decision of the original releases what parked on it."""
    book.tell(payment())
    book.tell(refunded(at=LATER))
    assert set(book.waiting()) == {"AWAITING_SETTINGS"}
    ready(book)
    book.sweeps.ask_again()
    for request in reversed(book.redecisions()):
        book.store(book.decide_again(request))
    assert entries(book) == REFUNDED
    assert book.waiting() == [None, None]
    assert views.violations(book.connection) == []


def test_what_the_connection_does_not_write_a_person_does(book: Book) -> None:
    """Capabilities: a refund at a route without refunds is by hand; its payment posts."""
    ready(book)
    book.connection.execute("UPDATE connections SET capabilities = NULL")
    book.tell(payment(), refunded(at=LATER))
    assert [(row[1], row[3]) for row in entries(book)] == [
        ("payment", "SCHEDULED"),
        ("fee_adjustment", "SCHEDULED"),
        ("refund", "AWAITING_MANUAL_POST"),
    ]
    assert book.rows("SELECT reason, holds FROM effects WHERE entry_kind = 'refund'") == [
        ("NOT_BY_THIS_ROUTE", ["AWAITING_MANUAL_POST"])
    ]


def test_allocation_by_hand_waits_for_its_person(book: Book) -> None:
    """SET-11: BY_HAND holds the payment; its link comes first."""
    book.add(allocation=Allocation.BY_HAND)
    book.tell(payment())
    assert book.states()[0] == "AWAITING_LINK"
    book.link()
    assert book.states()[0] == "AWAITING_ALLOCATION"


def test_lives_do_not_meet(book: Book) -> None:
    """A batch full of other payments: each event finds its own."""
    ready(book)
    story: list[Event] = []
    for n in range(1, 21):
        story.append(payment(event_id=f"ev-p{n}", payment_id=f"pay-{n}"))
        story.append(
            again(refunded(-n * 100, at=LATER), event_id=f"ev-q{n}", refund_id=f"rf-{n}", payment_id=f"pay-{n}")
        )
    book.tell(*reversed(story))
    assert book.rows(
        "SELECT r.amount_minor = -100 * substr(v.concerns, 5)::int, o.event_id = 'ev-p' || substr(v.concerns, 5),"
        " count(*)::int FROM effects r JOIN events v USING (practice_id, source, event_id)"
        " JOIN effects o ON o.practice_id = r.practice_id AND o.effect_id = r.depends_on"
        " WHERE r.entry_kind = 'refund' GROUP BY 1, 2"
    ) == [(True, True, 20)]


def test_a_killed_batch_is_stored_once(book: Book) -> None:
    """Law 3: the same records again, with the control of nothing: one transaction each time, one outcome."""
    ready(book)
    told = [book.decide(event) for event in (refunded(at=LATER), payment())]
    records = [book.record(each) for each in told]
    book.store_records(records)
    book.offset = 0
    book.connection.execute("UPDATE intake_offsets SET next_offset = 0")
    book.reopen()
    book.store_records([book.record(each) for each in told])
    assert entries(book) == REFUNDED
    assert book.verdicts() == ["FIRST", "FIRST"]


BARE = payment(gross=29900, fee=897, kind=PaymentKind.MEMBERSHIP)
NAMED = membership(payment_id="pay-1", at=LATER)


def test_a_membership_that_takes_the_place_of_its_payment_is_what_a_refund_hangs_on(book: Book) -> None:
    """B-5, R-8: superseded, then refunded; what parked before both is released by the one that stands."""
    ready(book, membership_booking=MembershipBooking.PAYMENT_ONLY)
    refund = refunded(-29900, at=LATER + MINUTE)
    book.tell(BARE)
    book.tell(NAMED)
    book.tell(refund)
    assert [row for row in entries(book) if row[0] == "ev-r1"] == [
        ("ev-r1", "refund", -29900, "SCHEDULED", "ev-m1:payment")
    ]
    assert views.violations(book.connection) == []


def test_a_payment_that_was_refunded_is_not_superseded(book: Book) -> None:
    """B-5: a reversal hangs on it already, so the membership that tells the same money is a duplicate."""
    ready(book, membership_booking=MembershipBooking.PAYMENT_ONLY)
    book.tell(BARE, refunded(-29900, at=LATER + MINUTE))
    book.tell(NAMED)
    assert book.verdicts() == ["FIRST", "FIRST", "DUPLICATE"]
    assert sorted(row[2] for row in entries(book)) == [-29900, 897, 29003]  # type: ignore[type-var]


@pytest.mark.parametrize("first", [BARE, NAMED], ids=["payment first", "membership first"])
@pytest.mark.parametrize("batches", [1, 2])
def test_one_money_told_by_both_with_other_content_is_a_conflict(book: Book, first: Event, batches: int) -> None:
    """B-5, E-2: whichever comes first stands; the other is a dead letter, in one batch and in two."""
    ready(book)
    told: list[Event] = [first, again(NAMED, gross_minor=30000, net_minor=29103)]
    if first is NAMED:
        told[1] = again(BARE, fee_minor=900, net_minor=29000)
    for start in range(0, 2, 2 // batches):
        book.tell(*told[start : start + 2 // batches])
    assert book.verdicts() == ["FIRST", "CONFLICT"]


def test_a_refund_of_a_membership_takes_its_charge_back(book: Book) -> None:
    """B-1: refund 9900 of 29900 → refund −9900 and a charge reversal, else the patient owes 9900."""
    ready(book)
    book.tell(NAMED, refunded(-9900, at=LATER + MINUTE))
    mine = [(row[1], row[2]) for row in entries(book) if row[0] == "ev-r1"]
    assert sorted(mine) == [("charge_reversal", -9900), ("refund", -9900)]


def test_a_charge_that_the_connection_does_not_write_holds_nobody(book: Book) -> None:
    """B-1: without the capability the payment goes on as a prepayment, and nobody has to do the charge by hand."""
    ready(book)
    book.connection.execute("UPDATE connections SET capabilities = '{payment,fee_adjustment}'")
    book.tell(NAMED)
    assert {row[1]: row[2:4] for row in entries(book)} == {
        "charge": (29900, "SKIPPED_DISABLED"),
        "payment": (29003, "SCHEDULED"),
        "fee_adjustment": (897, "SCHEDULED"),
    }
    assert book.one("SELECT depends_on FROM effects WHERE entry_kind = 'payment'") is None
    assert book.one("SELECT reason FROM effects WHERE entry_kind = 'charge'") == "NOT_BY_THIS_ROUTE"

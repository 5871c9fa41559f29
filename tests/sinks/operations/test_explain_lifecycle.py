"""Stories that the real rules and the real intake wrote: what is explained is what was decided (guarantee 3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.events import DisputeOutcome, Event, PayoutCategory
from schemas.practice_settings import AmountMode, FeeAdjustment, Timing
from schemas.vocabulary import EntryKind
from sinks.operations.queries.explain import explain
from sinks.operations.queries.explain.record import Story, StoryEntry, StoryEvent
from tests.processors.rules.event_examples import PRACTICE, item, payment, payout
from tests.processors.rules.linked_examples import (
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
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.worlds import NO_GUARDS, World

pytestmark = pytest.mark.stack


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    made = LedgerDatabase(world.database_url)
    yield made
    made.close()


def _live(database: LedgerDatabase, *events: Event, **settings: Any) -> None:
    """The events one after the other, each posted before the next comes, through connections that write everything."""
    database.add(**settings)
    database.link()
    database.connection.execute("UPDATE connections SET capabilities = %s", ([kind.value for kind in EntryKind],))
    for event in events:
        database.report(event)
        post_what_is_due(database, PRACTICE)


def _story(database: LedgerDatabase, sought: str = "pay-1") -> Story:
    answer = explain(database.connection, sought)
    assert isinstance(answer, Story), answer
    return answer


def _amounts(event: StoryEvent) -> tuple[int | None, int | None, bool | None]:
    assert event.amounts is not None
    return event.amounts.payment_minor, event.amounts.companion_minor, event.amounts.adds_up


@pytest.mark.parametrize(
    ("last", "amounts", "headline"),
    [
        (refunded(), (-10000, None, True), "REVERSED, 3 of 3"),
        (refunded(-3333), (-3333, None, True), "PARTIALLY_REVERSED, 3 of 3"),
        (returned(fee=400), (-10400, 400, True), "REVERSED, 4 of 4"),
        (disputed(), (-11500, 1500, True), "REVERSED, 4 of 4"),
    ],
    ids=["refund", "part", "return", "dispute"],
)
def test_what_takes_money_back_adds_up_and_is_linked(
    database: LedgerDatabase, last: Event, amounts: tuple[int | None, int | None, bool], headline: str
) -> None:
    """R-4, R-15: `payment + companion = gross - surcharge`, signed, for every reversal; links in both directions."""
    _live(database, payment(), last)
    story = _story(database)
    paid, back = story.events
    assert _amounts(paid) == (9680, 320, True)
    assert _amounts(back) == amounts
    assert headline in story.headline
    assert back.entries[0].takes_back == paid.entries[0].id
    assert paid.entries[0].taken_back_by == (back.entries[0].id,)


def test_only_what_stands_in_the_books_takes_anything_back(database: LedgerDatabase) -> None:
    """A refund that waits is to take back; one that a person dismissed takes nothing back."""
    _live(database, payment())
    database.report(refunded())
    paid, back = _story(database).events
    assert (paid.entries[0].taken_back_by, paid.entries[0].to_be_taken_back_by) == ((), (back.entries[0].id,))
    with database.connection.transaction():
        database.connection.execute(NO_GUARDS)
        database.connection.execute("UPDATE effects SET state = 'DISMISSED' WHERE entry_kind = 'refund'")
    story = _story(database)
    assert (story.events[0].entries[0].taken_back_by, story.events[0].entries[0].to_be_taken_back_by) == ((), ())
    assert "REVERSED" not in story.headline


def test_a_dispute_that_was_won_stands_as_before(database: LedgerDatabase) -> None:
    """R-10, R-15: three events, one payment, nothing reversed."""
    won = dispute_closed(DisputeOutcome.WON, 10000, -1500)
    _live(database, payment(), disputed(), won)
    story = _story(database, "dis-1")
    assert [event.kind for event in story.events] == ["payment", "dispute", "dispute_closed"]
    assert _amounts(story.events[2]) == (11500, -1500, True)
    assert story.totals is not None
    assert (story.totals.remaining_minor, story.totals.standing) == (10000, None)


def test_a_refund_that_failed_gives_back(database: LedgerDatabase) -> None:
    """R-9."""
    _live(database, payment(), refunded(), refund_failed())
    story = _story(database, "ref-1")
    assert [event.kind for event in story.events] == ["payment", "refund", "refund_failed"]
    assert story.totals is not None
    assert (story.totals.refunded_minor, story.totals.standing) == (0, None)


def test_a_void_after_posting_reverses_what_stood(database: LedgerDatabase) -> None:
    """R-7."""
    _live(database, payment(), voided())
    story = _story(database)
    assert story.totals is not None
    assert (story.totals.voided_minor, story.totals.remaining_minor) == (-10000, 0)
    assert [entry.takes_back for entry in story.events[1].entries] == [entry.id for entry in story.events[0].entries]


def test_a_correction_shows_both_versions(database: LedgerDatabase) -> None:
    """E-11: version 1 taken back or topped up, version 2 as it should have been; the payment is not reversed."""
    _live(database, payment(), corrected())
    story = _story(database)
    assert [event.version for event in story.events] == [1, 2]
    assert story.headline.startswith("Payment pay-1 of 120.00 USD")
    assert story.totals is not None
    assert (story.totals.booked_minor, story.totals.standing) == (12000, None)


def test_a_fee_that_came_later_shows_the_wait(database: LedgerDatabase) -> None:
    """N-5: parked without its fee, released by it, and both say so."""
    _live(database, payment(fee=None), fee_assessed())
    story = _story(database)
    paid = next(event for event in story.events if event.kind == "payment")
    assert paid.waited_as == ("AWAITING_FEE",)
    assert paid.resolved_at is not None
    assert paid.amounts is not None
    assert paid.amounts.words[0] == "NET: payment 96.80 = gross 100.00 - fee 3.20"
    assessed = next(event for event in story.events if event.kind == "fee")
    assert assessed.amounts is not None
    assert (assessed.amounts.gross_minor, assessed.amounts.fee_minor) == (None, 320)
    assert {entry.state for event in story.events for entry in event.entries} == {"POSTED"}
    assert story.totals is not None
    assert story.totals.booked_minor == 10000


def test_a_fee_that_the_payout_reported(database: LedgerDatabase) -> None:
    """N-5: the payout's item carries the fee that the payment did not know."""
    _live(database, payment(fee=None), payout(item(1, 10000, 320, payment_id="pay-1")))
    paid = _story(database).events[0]
    assert _amounts(paid) == (9680, 320, True)
    assert paid.amounts is not None
    assert paid.amounts.fee_minor == 320


def test_a_refund_before_its_payment_shows_that_it_was_parked(database: LedgerDatabase) -> None:
    """R-8: reported first, released by its payment in the same transaction."""
    _live(database, refunded(-2000), payment())
    story = _story(database, "ref-1")
    refund = next(event for event in story.events if event.kind == "refund")
    assert refund.waited_as == ("AWAITING_ORIGINAL",)
    assert story.totals is not None
    assert story.totals.standing == "PARTIALLY_REVERSED"


def test_without_companion_the_page_says_what_stays_open(database: LedgerDatabase) -> None:
    """N-2, R-5 MIRROR: 3.20 of the balance stay open, and the refund mirrors what was posted."""
    _live(database, payment(), refunded(), fee_adjustment=FeeAdjustment.OFF)
    story = _story(database)
    paid, back = story.events
    assert _amounts(paid) == (9680, None, False)
    assert paid.amounts is not None
    assert paid.amounts.words[-1] == (
        "payment 96.80, without a fee adjustment, 3.20 less than gross 100.00 - surcharge 0.00"
    )
    assert _amounts(back)[0] == -9680
    assert back.amounts is not None
    assert "the share of what had been posted" in back.amounts.words[0]
    assert story.totals is not None
    assert story.totals.standing == "REVERSED"


def test_gross_says_gross(database: LedgerDatabase) -> None:
    """N-1, N-4: gross 10300 with a surcharge of 300 credits 10000."""
    _live(database, payment(10300, 267, surcharge_minor=300), amount=AmountMode.GROSS)
    (paid,) = _story(database).events
    assert paid.amounts is not None
    assert paid.amounts.words[0] == "GROSS: payment 100.00 = gross 103.00 - surcharge 3.00"
    assert paid.amounts.adds_up is True


def test_the_payout_of_a_payment_and_its_failure(database: LedgerDatabase) -> None:
    """P-21: the payment's story names the payout, its document and that it came back; the payout's story the rest."""
    carried = payout(item(1, 10000, 320, payment_id="pay-1"))
    _live(database, payment(), carried, payout_failed(), again(carried, event_id="ev-o2", payout_id="po-2"))
    found = [(each.payout_id, each.failed, each.external_id is not None) for each in _story(database).payouts]
    assert found == [("po-1", True, True), ("po-2", False, True)]
    story = _story(database, "po-1")
    assert story.headline == "Payout po-1 of 96.80 USD: REVERSED, 2 of 2 entries in the books"
    assert [each.category for each in story.items] == [PayoutCategory.CHARGE.value]
    assert _story(database, "po-2").headline.endswith("1 of 1 entries in the books")


def test_t8_what_is_due_in_a_blackout_says_until_when(database: LedgerDatabase) -> None:
    """T-8: in the practice's own time; not what is due later, nor once the window is over."""
    database.add(timing=Timing.DAILY)
    database.link()
    database.report(payment())
    due = database.one("SELECT min(due_at) FROM effects")
    database.connection.execute("UPDATE gates SET blackout_until = %s", (due + timedelta(hours=2),))

    def entry(now: datetime) -> StoryEntry:
        answer = explain(database.connection, "pay-1", now=now)
        assert isinstance(answer, Story)
        return answer.events[0].entries[0]

    resting = entry(due)
    assert resting.rests_until is not None
    assert resting.rests_until.isoformat() == "2026-03-04T20:00:00-05:00"
    assert resting.words.endswith("in a blackout: the practice posts nothing before 2026-03-04 20:00 America/New_York")
    assert entry(due + timedelta(hours=2)).rests_until is None
    database.connection.execute("UPDATE gates SET blackout_until = %s", (due - timedelta(hours=1),))
    assert entry(due - timedelta(hours=2)).rests_until is None

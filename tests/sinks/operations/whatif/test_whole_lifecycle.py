"""What-if over whole lives: what follows a payment is played on top of it, to the cent, and touches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.events import DisputeOutcome, PayoutCategory
from schemas.practice_settings import AmountMode, FeeAdjustment, RefundBeforePost, Timing, TypeMode
from schemas.vocabulary import State
from sinks.operations.actions.payout_differences import accept_difference
from sinks.operations.whatif import run
from sinks.operations.whatif.compare import Compared, Totals
from tests.processors.rules.event_examples import NOON, PRACTICE, item, modes, payment, payout, settings
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
from tests.sinks.ledger.payouts.settling import ORDER, ledger_of, settle
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.worlds import World

pytestmark = pytest.mark.stack
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    yield opened
    opened.close()


def started(database: LedgerDatabase, practice: str = PRACTICE, **chosen: Any) -> None:
    database.clock.instant = NOON
    database.add(practice, **chosen)
    database.link(practice_id=practice)


def lived(database: LedgerDatabase, *events: Any) -> None:
    """Each event an hour after the one before, and all that is due is posted meanwhile."""
    for event in events:
        database.report(event)
        database.clock.instant += timedelta(minutes=1)
        post_what_is_due(database, event.practice_id)
        database.clock.instant += HOUR


def whatif(
    database: LedgerDatabase, since: datetime = NOON - DAY, practice: str = PRACTICE, **proposed: Any
) -> tuple[dict[str, Compared], Totals]:
    total, found = Totals(), {}
    for each in run.run(database.connection, practice, settings(**proposed), since, NOON + 30 * DAY):
        total.add(each)
        found[each.event_id] = each
    return found, total


def table(entries: Any) -> list[tuple[str, int]]:
    return [(each.entry_kind.value, each.amount_minor) for each in entries]


LIVES: dict[str, tuple[Any, ...]] = {
    "refunded (R-4)": (payment(), refunded(-4000), refund_failed(4000)),
    "disputed and won (R-15)": (
        payment(40000, 1190),
        disputed(-40000, 1500),
        dispute_closed(DisputeOutcome.WON, 40000, -1500),
    ),
    "lost at a cost (R-15)": (payment(40000, 1190), disputed(-40000, 1500), dispute_closed(fee=700)),
    "returned (R-11)": (payment(25000, 0), returned(-25000, 400)),
    "voided (R-7)": (payment(9000, 291), voided()),
    "a fee that comes later (N-5)": (payment(10000, None), fee_assessed(320, 9680)),
    "a fee told anew (R-15)": (payment(), fee_assessed(400, 9600, version=2)),
    "corrected (E-11)": (payment(), corrected(9000, 290)),
    "a refund first (R-8)": (refunded(-4000), payment()),
    "the payout tells the fee (N-5)": (
        payment(10000, None),
        payout(item(1, 10000, 320, payment_id="pay-1")),
        payout_failed(),
        refunded(-1000),
    ),
}


@pytest.mark.parametrize(
    "chosen", [{}, {"amount": AmountMode.GROSS}, {"fee_adjustment": FeeAdjustment.OFF}], ids=["net", "gross", "off"]
)
def test_the_side_that_is_in_force_is_what_the_ledger_has(database: LedgerDatabase, chosen: dict[str, Any]) -> None:
    """The same rules, in the same order: kind, part, amount and whether it is posted, entry by entry; and a proposal
    of the same settings differs in nothing."""
    for number, life in enumerate(LIVES.values()):
        practice = f"practice-{number}"
        started(database, practice, **chosen)
        lived(database, *(again(event, practice_id=practice) for event in life))
        found, total = whatif(database, practice=practice, **chosen)
        rows = database.rows(
            "SELECT event_id, entry_kind, part, amount_minor, CASE state WHEN 'POSTED' THEN 'SCHEDULED' ELSE state END"
            " FROM effects WHERE practice_id = %s",
            practice,
        )
        played = [
            (each.event_id, entry.entry_kind.value, entry.part, entry.amount_minor, entry.state.value)
            for each in found.values()
            for entry in each.before.entries
        ]
        assert sorted(played) == sorted(rows)
        assert (total.events, total.differing) == (len(life), 0)


def bank_is_right(database: LedgerDatabase, practice: str = PRACTICE) -> int:
    """Everything is compared, and every difference about amounts that a person can take is taken."""
    settle(database)
    found = database.rows(
        "SELECT number FROM payout_differences WHERE practice_id = %s AND ended_at IS NULL"
        " AND kind = ANY(%s) ORDER BY number",
        practice,
        ["FEE_DIFFERS", "GROSS_DIFFERS", "REFUND_UNKNOWN"],
    )
    for (number,) in found:
        accept_difference(ledger_of(database), practice, number, ORDER)
        database.clock.instant += timedelta(minutes=1)
        post_what_is_due(database, practice)
        settle(database)
    return len(found)


BANK_LIVES: dict[str, tuple[Any, ...]] = {
    "another fee": (payment(), payout(item(1, 10000, 390, payment_id="pay-1"))),
    "another gross, then upstream's": (
        payment(),
        payout(item(1, 9000, 320, payment_id="pay-1")),
        corrected(9500, 300),
    ),
    "a refund that only the payout knows": (
        payment(),
        payout(item(1, -3000, 0, PayoutCategory.REFUND, payment_id="pay-1", refund_id="ref-1")),
    ),
    "another amount of a refund": (
        payment(),
        refunded(-3000),
        payout(item(1, -3500, 20, PayoutCategory.REFUND, payment_id="pay-1", refund_id="ref-1")),
    ),
    "one charge in two payouts": (
        payment(),
        payout(item(1, 10000, 320, payment_id="pay-1")),
        payout(item(1, 10000, 320, payment_id="pay-1"), payout_id="po-2", event_id="ev-o2"),
    ),
    "in two payouts, and the first one fails": (
        payment(),
        payout(item(1, 10000, 320, payment_id="pay-1")),
        payout(item(1, 10000, 320, payment_id="pay-1"), payout_id="po-2", event_id="ev-o2"),
        payout_failed(),
    ),
}


@pytest.mark.parametrize("chosen", [{}, {"amount": AmountMode.GROSS}], ids=["net", "gross"])
def test_p23_a_day_with_the_banks_word_is_what_the_ledger_has(database: LedgerDatabase, chosen: dict[str, Any]) -> None:
    """P-23: what a person took of a payout is played as INTAKE did it, and a payout that was held is held."""
    accepted = 0
    for number, life in enumerate(BANK_LIVES.values()):
        practice = f"practice-{number}"
        started(database, practice, **chosen)
        for event in life:
            lived(database, again(event, practice_id=practice))
            accepted += bank_is_right(database, practice)
        found, total = whatif(database, practice=practice, **chosen)
        rows = database.rows(
            "SELECT event_id, entry_kind, part, amount_minor, CASE state WHEN 'POSTED' THEN 'SCHEDULED' ELSE state END"
            " FROM effects WHERE practice_id = %s",
            practice,
        )
        played = [
            (each.event_id, entry.entry_kind.value, entry.part, entry.amount_minor, entry.state.value)
            for each in found.values()
            for entry in each.before.entries
        ]
        assert sorted(played) == sorted(rows), list(BANK_LIVES)[number]
        assert total.differing == 0
    assert accepted >= 4


def test_r6_a_refund_is_played_on_its_payment_in_the_proposed_mode(database: LedgerDatabase) -> None:
    """R-6, R-15: GROSS takes fee and companion out of every entry; payment by payment and in sum."""
    started(database)
    lived(database, *LIVES["disputed and won (R-15)"])
    found, total = whatif(database, amount=AmountMode.GROSS)
    assert [table(each.before.entries) for each in found.values()] == [
        [("payment", 38810), ("fee_adjustment", 1190)],
        [("dispute_hold", -41500), ("fee_adjustment", 1500)],
        [("dispute_release", 41500), ("fee_adjustment", -1500)],
    ]
    assert [table(each.after.entries) for each in found.values()] == [
        [("payment", 40000)],
        [("dispute_hold", -40000)],
        [("dispute_release", 40000)],
    ]
    assert {each.about for each in found.values()} == {"pay-1"}
    assert (total.differing, total.before.payments, total.after.payments) == (3, 38810, 40000)
    assert (total.before.balances, total.after.balances) == (40000, 40000)


def test_n5_a_fee_that_came_later_is_played(database: LedgerDatabase) -> None:
    """N-5: GROSS books the payment before its fee; NET waits for it, whoever tells it."""
    started(database, amount=AmountMode.GROSS)
    lived(database, payment(10000, None), fee_assessed(320, 9680))
    found, total = whatif(database)
    assert table(found["ev-1"].after.entries) == [("payment", 9680), ("fee_adjustment", 320)]
    assert found["ev-f1"].after.entries == ()
    assert (total.before.payments, total.after.payments) == (10000, 9680)


def test_r7_what_was_not_due_yet_is_voided_and_not_reversed(database: LedgerDatabase) -> None:
    """R-7, T-11: a daily practice would not have posted a payment that was voided an hour later."""
    started(database)
    lived(database, payment(), voided())
    found, _ = whatif(database, timing=Timing.DAILY)
    assert [each.state for each in found["ev-1"].after.entries] == [State.VOIDED_BEFORE_POST] * 2
    assert (table(found["ev-v"].before.entries), found["ev-v"].after.entries) == (
        [("reversal", -9680), ("reversal", -320)],
        (),
    )


def test_r7_one_net_entry_where_the_proposal_books_so(database: LedgerDatabase) -> None:
    started(database, timing=Timing.DAILY)
    lived(database, payment(), refunded(-4000))
    found, total = whatif(database, timing=Timing.DAILY, refund_before_post=RefundBeforePost.NET_ENTRY)
    assert [(entry.amount_minor, entry.state) for entry in found["ev-r1"].after.entries][:2] == [
        (5680, State.SCHEDULED),
        (320, State.SCHEDULED),
    ]
    assert (total.before.balances, total.after.balances) == (6000, 6000)


def test_r14_a_type_that_would_have_been_off_leaves_its_refund_to_a_person(database: LedgerDatabase) -> None:
    started(database)
    lived(database, payment(), refunded(-4000))
    found, _ = whatif(database, types=modes(terminal=TypeMode.OFF))
    assert [each.state for each in found["ev-r1"].after.entries] == [State.AWAITING_MANUAL_POST]


def test_r6_what_follows_a_payment_of_before_the_stretch_keeps_its_settings(database: LedgerDatabase) -> None:
    """R-6: only what happens in the stretch is proposed anew."""
    started(database)
    lived(database, payment(at=NOON - 5 * DAY), refunded(-4000))
    found, total = whatif(database, since=NOON - DAY, amount=AmountMode.GROSS)
    assert list(found) == ["ev-r1"]
    assert (total.differing, table(found["ev-r1"].after.entries)) == (0, [("refund", -4000)])


def test_pages_part_no_life(database: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event once, whatever page its life begins on; and nothing is touched."""
    monkeypatch.setattr(run, "PAGE", 1)
    started(database)
    lived(database, *LIVES["disputed and won (R-15)"], *LIVES["the payout tells the fee (N-5)"][1:])
    tables = ("events", "effects", "gates", "audit", "outbox", "settings")
    before = [database.rows(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in tables]
    found, total = whatif(database, master=False)
    assert (total.events, len(found)) == (6, 6)
    assert [database.rows(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in tables] == before

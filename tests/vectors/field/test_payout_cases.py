"""Cases 06 to 08b, 15 to 19, 24, 35, 37, 38: payouts, against payments and each other, in every order of arrival (P-4,
P-18, P-21, P-23 to P-26)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from processors.rules.decisions.currency import OtherCurrency
from schemas.events import Event
from schemas.vocabulary import State
from sinks.ledger import conservation
from tests.processors.rules.lifecycle.memory_ledger import Ledger
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import settle
from tests.vectors.field.cases import Part, orders, parts, play, ready

pytestmark = pytest.mark.stack

IN_EVERY_ORDER = [
    pytest.param(name, order, id=f"{name}-{order}")
    for name in ("06", "16", "19", "24", "37", "38")
    for order in orders(range(len([event for part in parts(f"case-{name}") for event in part])))
]


def told(database: LedgerDatabase, name: str, order: tuple[int, ...] | None = None) -> None:
    """The whole case, compared after each part; in its own order, or event by event in another."""
    groups = parts(f"case-{name}")
    if order is not None:
        events = [event for group in groups for event in group]
        groups = tuple((events[place],) for place in order)
    practice = groups[0][0].practice_id
    ready(database, practice, "pt-1")
    for group in groups:
        _play(database, practice, group)


def _play(database: LedgerDatabase, practice: str, group: Part) -> None:
    play(database, practice, [group])
    settle(database)
    play(database, practice, [])


def open_differences(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    return sorted(
        database.rows(
            "SELECT kind, subject, coalesce(reported_minor, 0), paid_minor FROM payout_differences"
            " WHERE ended_at IS NULL"
        )
    )


def documents(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    rows = database.rows("SELECT amount_minor, state FROM effects WHERE target = 'QUICKBOOKS'")
    return sorted(rows)


def pms(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    return sorted(
        database.rows("SELECT entry_kind, amount_minor FROM effects WHERE target = 'PMS' AND state = 'POSTED'")
    )


EXPECTED: dict[str, tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    "06": (
        [(14505, "AWAITING_REVIEW"), (14505, "POSTED")],
        [("fee_adjustment", 495), ("payment", 14505)],
        [("IN_TWO_PAYOUTS", "case-06-pay", 0, 15000)],
    ),
    "16": ([(-6146, "POSTED"), (9680, "POSTED")], [("fee_adjustment", 320), ("payment", 9680), ("refund", -10000)], []),
    "19": ([(5000, "POSTED"), (14400, "POSTED")], [], []),
    "24": ([(14530, "POSTED")], [("payment", 5000), ("payment", 10000)], []),
    "37": (
        [(13935, "POSTED")],
        [("fee_adjustment", 175), ("fee_adjustment", 320), ("payment", 4825), ("payment", 9680)],
        [("FEE_DIFFERS", "case-37-pay1", 320, 390), ("GROSS_DIFFERS", "case-37-pay2", 5000, 4500)],
    ),
    "38": (
        [(9390, "POSTED"), (9680, "POSTED")],
        [("fee_adjustment", 320), ("payment", 9680)],
        [("CHARGE_UNKNOWN", "case-38-never-told", 0, 20000), ("REFUND_UNKNOWN", "case-38-ref", 0, -10000)],
    ),
}
"""Documents, entries in the PMS, differences that are open."""


@pytest.mark.parametrize(("name", "order"), IN_EVERY_ORDER)
def test_p23_the_bank_has_the_last_word_in_every_order(
    database: LedgerDatabase, name: str, order: tuple[int, ...]
) -> None:
    """P-23, R-4, N-6: one deposit for one charge; other amounts, refunds and charges are told, and change nothing."""
    told(database, name, order)
    books, entries, differences = EXPECTED[name]
    assert documents(database) == books
    assert pms(database) == entries
    assert open_differences(database) == differences
    assert conservation.violations(database.connection) == []


def test_n6_the_practice_of_case_24_is_told_once(database: LedgerDatabase) -> None:
    """N-6: NET shows gross there."""
    told(database, "24")
    assert database.rows("SELECT kind FROM payout_news") == [("FEE_FOR_THE_BATCH",)]


def test_p26_an_advance_and_its_funding_leave_nothing_to_write(database: LedgerDatabase) -> None:
    """Case 07."""
    told(database, "07")
    assert documents(database) == [(0, "SKIPPED_ZERO")]


def test_p26_a_loan_that_is_withheld_is_part_of_the_document(database: LedgerDatabase) -> None:
    """Case 07b; the account and the form are the adapter's."""
    told(database, "07b")
    assert documents(database) == [(85000, "POSTED")]


def test_p1_p25_a_payout_without_items(database: LedgerDatabase) -> None:
    """Case 08: held and reported. Case 08b: planned as what it is, a payout of unknown items."""
    told(database, "08")
    assert database.waiting()[-1] == "AWAITING_REVIEW"
    assert documents(database) == []
    told(database, "08b")
    assert documents(database) == [(40000, "POSTED")]


ATTEMPTS = [event for group in parts("case-35") for event in group]
"""Twelve payouts of 150.00 that failed and were issued anew: six under a new id (n), six as a new version (v). The file
tells each of the six in another order of its three events: first attempt (a), failure (f), second attempt (b)."""


def attempts_of(which: str) -> list[Event]:
    """The three events of one of the twelve, as they happened."""
    mine = [event for event in ATTEMPTS if event.event_id.startswith(f"case-35-e{which}")]
    return sorted(mine, key=lambda event: event.occurred_at)


def standing(database: LedgerDatabase, practice: str) -> tuple[int, int, list[tuple[Any, ...]]]:
    """Documents that stand, their cents, and what is not at rest."""
    posted = "SELECT entry_kind, amount_minor FROM effects WHERE practice_id = %s AND state = 'POSTED'"
    rows = database.rows(posted, practice)
    open_ones = "SELECT effect_id, state FROM effects WHERE practice_id = %s AND NOT is_final(state)"
    return (
        sum(1 if kind == "payout" else -1 for kind, _ in rows),
        sum(cents for _, cents in rows),
        database.rows(open_ones, practice),
    )


@pytest.mark.parametrize("backwards", [False, True], ids=["as the file tells them", "its parts backwards"])
def test_p21_of_a_payout_with_several_attempts_one_deposit_stands(database: LedgerDatabase, backwards: bool) -> None:
    """Case 35, P-21, P-8: all twelve of the file beside each other."""
    ready(database, "case-35")
    groups = parts("case-35")
    for group in reversed(groups) if backwards else groups:
        _play(database, "case-35", group)
    assert standing(database, "case-35") == (12, 12 * 14505, [])
    assert conservation.violations(database.connection) == []


@pytest.mark.parametrize("which", ["n0", "v0"], ids=["a new id", "a new version"])
def test_p21_in_every_order_one_deposit_stands(database: LedgerDatabase, which: str) -> None:
    """Case 35, R-17: event by event, posted between or at the end."""
    for order in orders(attempts_of(which)):
        for posted_between in (True, False):
            practice = f"case-35-{'-'.join(event.event_id[-1] for event in order)}-{posted_between}"
            ready(database, practice)
            for event in order:
                database.clock.instant += timedelta(minutes=1)
                database.report(replace(event, practice_id=practice))
                settle(database)
                if posted_between:
                    play(database, practice, [])
            play(database, practice, [])
            settle(database)
            play(database, practice, [])
            assert standing(database, practice) == (1, 14505, []), practice
    assert conservation.violations(database.connection) == []


def test_p21_in_memory_a_new_version_stands_alone_in_every_order() -> None:
    """Case 35 by the rules alone: versions of one payout."""
    for order in orders(attempts_of("v0")):
        for posting in (True, False):
            ledger = Ledger()
            for event in order:
                ledger.report(event)
                if posting:
                    ledger.post()
            ledger.post()
            assert (ledger.total(), {x.state for x in ledger.standing()}) == (14505, {State.POSTED})
            assert [x.waiting for x in ledger.state.follow_ups] == [None]


@pytest.mark.parametrize("order", list(orders(range(2))), ids=str)
def test_p21_a_payout_that_fails_before_anything_is_written_leaves_nothing(
    database: LedgerDatabase, order: tuple[int, ...]
) -> None:
    """Cases 15 and 15b while nobody has deleted anything: told before the deposit is written, nothing is written; the
    deleted deposit itself is in QuickBooks (`test_payout_cases_at_quickbooks`)."""
    events = [*parts("case-15")[0], *parts("case-15b")[0]]
    ready(database, "case-15")
    for place in order:
        database.report(events[place])
    play(database, "case-15", [])
    assert documents(database) == [(14505, "VOIDED_BEFORE_POST")]


def test_m8_a_payout_in_another_currency_is_refused() -> None:
    """Case 18, M-8: by the rules alone; not converted."""
    ((told_in_dollars_of_canada,),) = parts("case-18")
    with pytest.raises(OtherCurrency):
        Ledger().report(told_in_dollars_of_canada)

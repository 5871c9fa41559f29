"""Cases 06, 07, 07b, 08, 08b, 24, 37, 38: payouts against payments, in every order of arrival (P-23 to P-26)."""

from __future__ import annotations

from typing import Any

import pytest

from sinks.ledger import conservation
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import settle
from tests.vectors.field.cases import Part, orders, parts, play, ready

pytestmark = pytest.mark.stack

IN_EVERY_ORDER = [
    pytest.param(name, order, id=f"{name}-{order}")
    for name in ("06", "24", "37", "38")
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

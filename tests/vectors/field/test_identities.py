"""Cases 01 and 26: long ids, and one platform that reports under three sources (E-1, N-5, law 6)."""

from __future__ import annotations

import pytest

from schemas.events import RefundSucceeded
from sinks.ledger import conservation
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.vectors.field.cases import balances, orders, parts, play, ready

pytestmark = pytest.mark.stack

THREE_SYSTEMS = [event for group in parts("case-26") for event in group]


def test_ids_of_a_processor_that_are_longer_than_64_characters(database: LedgerDatabase) -> None:
    """Case 01: accepted and posted; the refund too."""
    told = parts("case-01")
    (refund,) = [event for group in told for event in group if isinstance(event, RefundSucceeded)]
    assert len(refund.refund_id) > 64
    ready(database, "case-01", "pt-1")
    play(database, "case-01", told)
    assert set(database.states()) == {"POSTED"}
    assert balances(database) == {"pt-1": 0}
    assert conservation.violations(database.connection) == []


@pytest.mark.parametrize("posted_between", [True, False], ids=["posted between", "posted at the end"])
@pytest.mark.parametrize("order", list(orders(range(3))), ids=str)
def test_one_payment_whose_payout_and_refund_are_told_by_other_systems(
    database: LedgerDatabase, order: tuple[int, ...], posted_between: bool
) -> None:
    """Case 26: one payment, its fee known from the payout, the refund posted, in every order of arrival."""
    ready(database, "case-26", "pt-1")
    groups = [(THREE_SYSTEMS[place],) for place in order]
    play(database, "case-26", groups, posted_between=posted_between)
    pms = database.rows("SELECT entry_kind, amount_minor, state FROM effects WHERE target = 'PMS' ORDER BY 1")
    assert pms == [
        ("fee_adjustment", 320, "POSTED"),
        ("payment", 9680, "POSTED"),
        ("refund", -4000, "POSTED"),
    ]
    assert balances(database) == {"pt-1": -6000}
    assert set(database.waiting()) == {None}
    assert database.one("SELECT count(*) FROM effects WHERE target = 'QUICKBOOKS' AND state = 'POSTED'") == 1
    assert conservation.violations(database.connection) == []

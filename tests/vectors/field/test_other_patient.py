"""Case 23: a refund that names a family member whom its payment did not (R-21)."""

from __future__ import annotations

import pytest

from schemas.vocabulary import DecisionReason, State
from sinks.ledger import conservation
from tests.processors.rules.lifecycle.memory_ledger import Ledger
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.vectors.field.cases import balances, orders, parts, play, ready

TOLD = [event for group in parts("case-23") for event in group]
POSTED_BETWEEN = pytest.mark.parametrize("posted_between", [True, False], ids=["posted between", "posted at the end"])


@POSTED_BETWEEN
@pytest.mark.parametrize("order", list(orders(range(2))), ids=str)
def test_in_memory_it_is_held_with_that_reason(order: tuple[int, ...], posted_between: bool) -> None:
    """R-21, R-17: the payment stands, nothing goes to anybody, whichever comes first."""
    ledger = Ledger()
    for place in order:
        ledger.report(TOLD[place])
        if posted_between:
            ledger.post()
    ledger.post()
    (refund,) = ledger.state.follow_ups
    assert refund.waiting is State.AWAITING_REVIEW
    assert ledger.last.reason is DecisionReason.NAMES_OTHER_PATIENT or order[0] == 1
    assert ledger.rows() == [("payment", "", 9_680, "POSTED"), ("fee_adjustment", "", 320, "POSTED")]


@pytest.mark.stack
@POSTED_BETWEEN
@pytest.mark.parametrize("order", list(orders(range(2))), ids=str)
def test_in_the_ledger_it_is_held_with_that_reason(
    database: LedgerDatabase, order: tuple[int, ...], posted_between: bool
) -> None:
    ready(database, "case-23", "pt-1", "pt-2")
    play(database, "case-23", [(TOLD[place],) for place in order], posted_between=posted_between)
    waiting = database.rows("SELECT waiting, reason FROM events WHERE kind = 'refund'")
    assert waiting == [("AWAITING_REVIEW", "NAMES_OTHER_PATIENT")]
    assert balances(database) == {"pt-1": -10_000}
    assert conservation.violations(database.connection) == []

"""A payout of as many items as the contract takes: one batch stores it, bounded steps compare it (law 9, P-23)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from schemas.topics import PAYOUT_ITEMS
from sinks.ledger.payouts import compare
from tests.processors.rules.event_examples import PRACTICE, item, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import MORNING, differences, paid_out

pytestmark = [pytest.mark.stack, pytest.mark.long]


@pytest.mark.timeout(900)
def test_law_9_twenty_thousand_items_are_many_short_transactions(
    database: LedgerDatabase, record_property: Callable[[str, object], None]
) -> None:
    """Law 9: the batch and each step end far below the 15 s that a transaction may take, or the database ends them."""
    database.add()
    database.link()
    numbers = range(1, PAYOUT_ITEMS + 1)
    database.report(*(payment(1000, 30, at=MORNING, event_id=f"ev-{n}", payment_id=f"pay-{n}") for n in range(1, 501)))
    out = paid_out("po-1", *(item(n, 1000, 30, payment_id=f"pay-{n}") for n in numbers), hours=1)
    began = time.monotonic()
    database.report(out)
    record_property("batch_s", time.monotonic() - began)
    steps: list[int] = []
    longest = 0.0
    while True:
        began = time.monotonic()
        found = database.sweeps.payouts.step(PRACTICE)
        longest = max(longest, time.monotonic() - began)
        if not found:
            break
        steps.append(found)
    record_property("longest_step_s", longest)
    assert steps == [compare.PAGE] * (PAYOUT_ITEMS // compare.PAGE)
    assert len(differences(database)) == PAYOUT_ITEMS - 500
    second = paid_out("po-2", *(item(n, 1000, 30, payment_id=f"pay-{n}") for n in numbers), hours=2)
    database.report(second)
    held = "SELECT state FROM effects WHERE entry_kind = 'payout' ORDER BY effect_id"
    assert [row[0] for row in database.rows(held)] == ["SCHEDULED", "AWAITING_REVIEW"]

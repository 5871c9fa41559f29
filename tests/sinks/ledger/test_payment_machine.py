"""Whatever befalls a payment, its money adds up after every step, and nothing that stands is touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.practice_settings import AmountMode, FeeAdjustment, Timing
from tests.sinks.ledger.conservation import laws
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payment_machine import PaymentsLife, run_lives
from tests.worlds import Stack, fresh_world


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[LedgerDatabase]:
    with fresh_world(stack) as world:
        opened = LedgerDatabase(world.database_url)
        yield opened
        opened.close()


def test_a_payments_life(database: LedgerDatabase) -> None:
    """N-3, R-1, R-2, R-7, R-8, R-15, E-1, E-2: the conservation law and one effect per kind, after every step."""
    run_lives(database, examples=25, steps=20)


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        ("UPDATE effects SET amount_minor = 9681 WHERE practice_id = %s AND entry_kind = 'payment'", "R-1"),
        ("UPDATE effects SET external_id = NULL WHERE practice_id = %s AND entry_kind = 'refund'", "R-1"),
        ("UPDATE effects SET amount_minor = -1 WHERE practice_id = %s AND entry_kind = 'refund'", "R-15"),
        ("UPDATE effects SET amount_minor = 0 WHERE practice_id = %s AND entry_kind = 'fee_adjustment'", "N-3"),
        (
            "UPDATE events SET waiting = 'AWAITING_ORIGINAL', resolved_at = NULL WHERE practice_id = %s"
            " AND kind = 'refund'",
            "R-8",
        ),
    ],
    ids=["a posted amount", "an external id", "a refund", "a companion", "a parked refund"],
)
def test_control_the_laws_see_a_fault(database: LedgerDatabase, fault: str, law: str) -> None:
    """Each law (N-3, R-1, R-8, R-15) fails where its fault is put into the ledger behind everybody's back."""
    life = PaymentsLife(database)
    life.open_practice(amount=AmountMode.NET, companion=FeeAdjustment.AUTO, first=Timing.INSTANT)
    life.everything_arrives(post=True)
    life.refund(which=0, part=2)
    life.everything_arrives(post=True)
    remembered: dict[int, tuple[object, ...]] = {}
    laws(database, life.practice, remembered)
    database.connection.execute(fault, (life.practice,))
    with pytest.raises(AssertionError, match=law):
        laws(database, life.practice, remembered if law == "R-1" else {})

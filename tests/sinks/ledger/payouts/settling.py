"""What the tests of payouts against payments share: a payout told, everything compared, differences as they stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from schemas.events import PayoutPaid
from sinks.operations.acting import Actor, Order
from sinks.operations.ledger import Ledger
from tests.processors.rules.event_examples import NOON, payout
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

HOUR: Final = timedelta(hours=1)
MORNING: Final = NOON - 4 * HOUR
ORDER: Final = Order(actor=Actor("Ada"), reason="the bank statement says so", apply=True)


def paid_out(payout_id: str, *items: Any, version: int = 1, hours: int = 0, **changed: Any) -> PayoutPaid:
    event_id = f"ev-{payout_id}-{version}"
    return payout(*items, at=MORNING + hours * HOUR, payout_id=payout_id, version=version, event_id=event_id, **changed)


def settle(database: LedgerDatabase) -> None:
    """Everything that compares and follows, until nothing is left."""
    for _ in range(2):
        while database.sweeps.payouts.run():
            pass
        database.sweeps.payouts.follow()


def ledger_of(database: LedgerDatabase) -> Ledger:
    return Ledger(connection=database.connection, clock=database.clock, jitter_s=0)


def differences(database: LedgerDatabase) -> list[tuple[Any, ...]]:
    """Kind, subject, reported and paid cents, and how it ended, in the order in which they were found."""
    return database.rows(
        "SELECT kind, subject, reported_minor, paid_minor, ended_as FROM payout_differences ORDER BY number"
    )

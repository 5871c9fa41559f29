"""What waits at two practices, and what is done: every page of the console has something to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from schemas.practice_settings import TypeMode
from tests.processors.rules.event_examples import NOON, item, membership, modes, payment, payout
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.payouts.settling import settle

DAY: Final = "2026-03-04"
"""On which all of it happened, in the practices' own zone."""


def fill(database: LedgerDatabase) -> None:
    """p1: 100.00 to be posted by hand, 299.00 without a link, 50.00 without a fee, and a payout that says another fee
    for the 100.00. p2: the same 100.00."""
    for practice in ("p1", "p2"):
        database.add(practice, types=modes(terminal=TypeMode.MANUAL))
        database.link("pt-1", practice)
        database.report(payment(practice_id=practice))
    later = NOON + timedelta(minutes=5)
    database.report(
        membership(practice_id="p1", patient_ref="pt-2", payment_id="pay-m1", at=later),
        payment(5000, None, practice_id="p1", event_id="ev-3", payment_id="pay-3", at=later),
        payout(
            item(1, 10_000, 330, payment_id="pay-1"), practice_id="p1", payout_id="po-1", event_id="ev-po-1", at=later
        ),
    )
    settle(database)


def more(database: LedgerDatabase, number: int, practice: str = "p1") -> int:
    """One more payment that waits to be posted by hand, 10.00 net 9.00; answers its entry's number."""
    database.report(
        payment(1000, 100, practice_id=practice, event_id=f"ev-more-{number}", payment_id=f"pay-more-{number}")
    )
    wanted = "SELECT min(effect_id) FROM effects WHERE practice_id = %s AND event_id = %s"
    return int(database.one(wanted, practice, f"ev-more-{number}"))


def paid_otherwise(database: LedgerDatabase, number: int, practice: str = "p1") -> int:
    """A payment of 500.00, and a payout that says 200.00 instead of 1.00 for its fee; answers the number of their
    difference. It stands among the first of To do, however many others come."""
    paid = payment(50_000, 100, practice_id=practice, event_id=f"ev-more-{number}", payment_id=f"pay-more-{number}")
    database.report(paid)
    entry = item(1, 50_000, 20_000, payment_id=f"pay-more-{number}")
    database.report(payout(entry, practice_id=practice, payout_id=f"po-{number}", event_id=f"ev-po-{number}"))
    settle(database)
    wanted = "SELECT number FROM payout_differences WHERE practice_id = %s AND payout_id = %s"
    return int(database.one(wanted, practice, f"po-{number}"))


def refused(database: LedgerDatabase, number: int) -> int:
    """One more such payment that the practice's system refused; answers its entry's number."""
    entry = more(database, number)
    database.connection.execute("SET session_replication_role = replica")
    database.connection.execute(
        "UPDATE work SET state = 'REJECTED', reason = 'PATIENT_NOT_FOUND' WHERE practice_id = 'p1' AND effect_id = %s",
        (entry,),
    )
    database.connection.execute("RESET session_replication_role")
    return entry

"""All money is somewhere (I5), and every stored event has one receipt (I1)."""

from __future__ import annotations

from schemas.practice_settings import TypeModes
from schemas.vocabulary import Target
from sinks.ledger import conservation
from sinks.ledger.conservation import Bucket
from tests.processors.rules.event_examples import item, payment, payout
from tests.sinks.ledger.ledger_fixture import LedgerDatabase


def test_every_cent_is_in_one_bucket(database: LedgerDatabase) -> None:
    """Skipped, waiting for a link, for a fee, scheduled, posted: their sum is what came in."""
    database.add(types=TypeModes(collection="OFF"))  # type: ignore[arg-type]
    database.link("pt-1")
    database.report(
        payment(),
        payment(event_id="ev-2", payment_id="pay-2", patient_ref="pt-2", gross_minor=5000, net_minor=4680),
        payment(event_id="ev-3", payment_id="pay-3", kind="COLLECTION"),
        payment(event_id="ev-4", payment_id="pay-4", fee=None),
        payment(event_id="ev-5", payment_id="pay-5", gross=10300, fee=267, surcharge_minor=300),
        payout(item(1, 10000, 320), item(2, -500)),
    )
    database.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    database.connection.execute("UPDATE effects SET state = 'POSTED' WHERE effect_id = 1")
    found = {account.target: account for account in conservation.accounts(database.connection)}
    pms = found[Target.PMS]
    assert pms.money_in == 10000 + 5000 + 10000 + 10000 + 10000
    assert (pms.buckets[Bucket.POSTED], pms.buckets[Bucket.SKIPPED]) == (9680, 10000)
    assert pms.buckets[Bucket.WAITING] == 320 + 5000 + 10000 + 10000
    assert found[Target.QUICKBOOKS].money_in == 9180
    assert all(account.balanced for account in found.values())
    assert conservation.violations(database.connection) == []


def test_a_missing_entry_or_receipt_is_a_violation(database: LedgerDatabase) -> None:
    """The detector detects."""
    database.add()
    database.report(payment())
    database.connection.execute("DELETE FROM effects WHERE effect_id = 2")
    database.connection.execute("DELETE FROM receipts")
    assert len(conservation.violations(database.connection)) == 2


def test_counts_say_what_waits_and_why(database: LedgerDatabase) -> None:
    database.add()
    database.report(payment(), payment(event_id="ev-2", payment_id="pay-2", fee=None))
    (waiting,) = conservation.waiting_counts(database.connection)
    assert (waiting.state, waiting.reason, waiting.count) == ("AWAITING_FEE", "FEE_UNKNOWN", 1)
    (counted,) = conservation.state_counts(database.connection)
    assert (counted.state, counted.count, counted.minor) == ("AWAITING_LINK", 2, 10000)

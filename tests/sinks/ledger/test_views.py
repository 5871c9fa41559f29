"""All money is somewhere (I5), and every stored event has one receipt (I1)."""

from __future__ import annotations

from schemas.practice_settings import TypeModes
from schemas.states import Target
from sinks.ledger import views
from sinks.ledger.views import Bucket
from tests.processors.told import item, payment, payout
from tests.sinks.ledger.books import Book


def test_every_cent_is_in_one_bucket(book: Book) -> None:
    """Skipped, waiting for a link, for a fee, scheduled, posted: their sum is what came in."""
    book.add(types=TypeModes(collection="OFF"))  # type: ignore[arg-type]
    book.link("pt-1")
    book.tell(
        payment(),
        payment(event_id="ev-2", payment_id="pay-2", patient_ref="pt-2", gross_minor=5000, net_minor=4680),
        payment(event_id="ev-3", payment_id="pay-3", kind="COLLECTION"),
        payment(event_id="ev-4", payment_id="pay-4", fee=None),
        payment(event_id="ev-5", payment_id="pay-5", gross=10300, fee=267, surcharge_minor=300),
        payout(item(1, 10000, 320), item(2, -500)),
    )
    book.connection.execute("UPDATE effects SET state = 'SENDING' WHERE effect_id = 1")
    book.connection.execute("UPDATE effects SET state = 'POSTED' WHERE effect_id = 1")
    found = {account.target: account for account in views.accounts(book.connection)}
    pms = found[Target.PMS]
    assert pms.money_in == 10000 + 5000 + 10000 + 10000 + 10000
    assert (pms.buckets[Bucket.POSTED], pms.buckets[Bucket.SKIPPED]) == (9680, 10000)
    assert pms.buckets[Bucket.WAITING] == 320 + 5000 + 10000 + 10000
    assert found[Target.QUICKBOOKS].money_in == 9180
    assert all(account.balanced for account in found.values())
    assert views.violations(book.connection) == []


def test_a_missing_entry_or_receipt_is_a_violation(book: Book) -> None:
    """The detector detects."""
    book.add()
    book.tell(payment())
    book.connection.execute("DELETE FROM effects WHERE effect_id = 2")
    book.connection.execute("DELETE FROM receipts")
    assert len(views.violations(book.connection)) == 2


def test_counts_say_what_waits_and_why(book: Book) -> None:
    book.add()
    book.tell(payment(), payment(event_id="ev-2", payment_id="pay-2", fee=None))
    (waiting,) = views.waiting_counts(book.connection)
    assert (waiting.state, waiting.reason, waiting.count) == ("AWAITING_FEE", "FEE_UNKNOWN", 1)
    (counted,) = views.state_counts(book.connection)
    assert (counted.state, counted.count, counted.minor) == ("AWAITING_LINK", 2, 10000)

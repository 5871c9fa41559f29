"""Letters about payouts that differ: once each, with ids and cents, and a word when it is solved (P-23, P-24)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.sinks.notices.notice_ledger import MORNING, NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"


def differs(ledger: NoticeLedger, number: int, **columns: Any) -> None:
    values: dict[str, Any] = {
        "practice_id": "northside",
        "number": number,
        "kind": "FEE_DIFFERS",
        "category": "CHARGE",
        "subject": f"pay-{number}",
        "payout_id": "po-1",
        "payment_id": f"pay-{number}",
        "other_payout_id": None,
        "currency": "USD",
        "reported_minor": 320,
        "paid_minor": 390,
        "found_at": MORNING,
    } | columns
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    ledger.connection.execute(f"INSERT INTO payout_differences ({names}) VALUES ({marks})", values)


def bodies(ledger: NoticeLedger) -> list[str]:
    return [str(mail.get_content()) for _, mail in ledger.mailbox.mails()]


def test_p23_a_difference_is_told_once_with_ids_and_cents(ledger: NoticeLedger) -> None:
    """P-23: no reminder, whatever time passes; ended, it is said to be solved."""
    ledger.practice("northside", OFFICE)
    differs(ledger, 1)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        ledger.later(timedelta(days=3))
        differs(ledger, 2, kind="IN_TWO_PAYOUTS", other_payout_id="po-0", reported_minor=None, paid_minor=15000)
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
        ledger.connection.execute("UPDATE payout_differences SET ended_at = now(), ended_as = 'UPSTREAM'")
        wait_until(lambda: len(ledger.mailbox.raw) == 4)
    fee, twice, *solved = bodies(ledger)
    assert "d:1, payout po-1, pay-1, reported 3.20 USD, in the payout 3.90 USD" in fee
    assert "d:2, payout po-1 (also in payout po-0), pay-2, in the payout 150.00 USD" in twice
    assert all("Nothing is open for this cause any more" in each for each in solved)


def test_p23_what_may_only_be_late_is_told_when_it_is(ledger: NoticeLedger) -> None:
    """P-23: a payment that the payout knows first comes a moment later as a rule."""
    ledger.practice("northside", OFFICE)
    unknown = {"reported_minor": None, "paid_minor": -10000, "found_at": ledger.now}
    differs(ledger, 1, kind="REFUND_UNKNOWN", category="REFUND", subject="ref-1", **unknown)
    differs(ledger, 2)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        assert "pay-2" in bodies(ledger)[0]
        ledger.later(timedelta(minutes=6))
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    assert "d:1, payout po-1, ref-1, in the payout -100.00 USD" in bodies(ledger)[1]


def test_p24_n6_what_is_told_once_is_news(ledger: NoticeLedger) -> None:
    """P-24, N-6: the one account takes all, and one fee for many payments; neither ends with a letter."""
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint,"
        " config) VALUES ('northside', 'qb', 'QUICKBOOKS', 'quickbooks', 'http://127.0.0.1', 'x', '{}')"
    )
    ledger.connection.execute("INSERT INTO practice_connections VALUES ('northside', 'QUICKBOOKS', 'northside', 'qb')")
    for kind, subject in (("ONE_BANK_ACCOUNT", "1111"), ("FEE_FOR_THE_BATCH", "")):
        ledger.connection.execute(
            "INSERT INTO payout_news VALUES ('northside', %s, %s, %s)", (kind, subject, ledger.now)
        )
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
        ledger.later(timedelta(days=2))
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
    assert len(ledger.mailbox.raw) == 2
    assert any("bank account ending in 1111" in each for each in bodies(ledger))

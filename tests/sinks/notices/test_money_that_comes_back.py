"""Staff hear of disputes, returns and of what waits too long for its other half (R-8, R-10, R-11, N-5, NOT-4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.codec import encode_event
from tests.processors.rules.event_examples import item, payout
from tests.processors.rules.linked_examples import refunded
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"


@pytest.mark.parametrize(
    ("waiting", "reason", "limit", "headline"),
    [
        ("AWAITING_ORIGINAL", "ORIGINAL_UNKNOWN", timedelta(hours=24), "belongs to has not arrived"),
        ("AWAITING_FEE", "FEE_UNKNOWN", timedelta(hours=72), "fee is still not known"),
        ("AWAITING_REVIEW", "MORE_THAN_ORIGINAL", timedelta(0), "more was given back than was paid"),
        ("AWAITING_REVIEW", "SUMS_DISAGREE", timedelta(0), "a payout, a refund or a fee does not add up"),
    ],
)
def test_what_waits_too_long_is_reported_and_its_end_too(
    ledger: NoticeLedger, waiting: str, reason: str, limit: timedelta, headline: str
) -> None:
    """R-8 after 24 h, N-5 after 72 h, R-2 and P-1 at once; closed with a word when it is solved."""
    ledger.practice("northside", OFFICE)
    ledger.event(1, waiting=waiting, reason=reason)
    ledger.effect(2)
    box = ledger.mailbox
    with ledger.notifier():
        if limit:
            ledger.later(limit - timedelta(minutes=1))
            wait_until(lambda: len(box.raw) >= 1)
            assert not [subject for subject in box.subjects() if headline in subject]
            ledger.later(timedelta(minutes=2))
        wait_until(lambda: len([subject for subject in box.subjects() if headline in subject]) == 1)
        ledger.resolve(1)
        wait_until(lambda: len([subject for subject in box.subjects() if headline in subject]) == 2)
    sent = [subject for subject in box.subjects() if headline in subject]
    assert sent[0].startswith("[Writeback] 1 case: ")
    assert sent[1].startswith("[Writeback] Solved: ")


def test_what_waits_for_a_payment_that_waits_for_its_fee_is_reported_once(ledger: NoticeLedger) -> None:
    """N-5, R-8: nobody looks for a payment that is there; its fee is what is missing."""
    ledger.practice("northside", OFFICE)
    ledger.event(1, kind="payment", event_type="PaymentSucceeded", waiting="AWAITING_FEE", reason="FEE_UNKNOWN")
    ledger.event(2, concerns="s1", waiting="AWAITING_ORIGINAL", reason="ORIGINAL_UNKNOWN")
    box = ledger.mailbox
    with ledger.notifier():
        ledger.later(timedelta(hours=73))
        wait_until(lambda: len(box.raw) >= 1)
        ledger.later(timedelta(hours=1))
        ledger.event(3, waiting="AWAITING_REVIEW", reason="SUMS_DISAGREE")
        wait_until(lambda: any("does not add up" in subject for subject in box.subjects()))
    assert not any("has not arrived" in subject for subject in box.subjects())
    assert any("fee is still not known" in subject for subject in box.subjects())


def test_entries_behind_a_connection_that_is_gone_are_reported_with_what_frees_them(ledger: NoticeLedger) -> None:
    """R-6, NOT-1: until that connection is saved again, or somebody enters them there."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1, state="PAUSED", reason="CONNECTION_REPLACED")
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
    assert "belong to a connection that is no longer in use" in box.subjects()[0]


def test_a_dispute_is_told_at_once_with_its_last_day_and_so_is_its_end(ledger: NoticeLedger) -> None:
    """R-10: no daily reminder of what takes weeks; the outcome is a letter of its own."""
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO disputes (practice_id, source, dispute_id, payment_id, opened_at, respond_by)"
        " VALUES ('northside', 's', 'd1', 'pay-7', %s, %s)",
        (ledger.now, ledger.now + timedelta(days=14)),
    )
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        ledger.later(timedelta(hours=30))
        ledger.event(1, kind="return", event_type="PaymentReturned")
        wait_until(lambda: len(box.raw) == 2)
        ledger.connection.execute("UPDATE disputes SET closed_at = %s, outcome = 'LOST'", (ledger.now,))
        wait_until(lambda: len(box.raw) == 3)
        ledger.later(timedelta(hours=30))
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
    assert box.subjects(OFFICE) == [
        "[Writeback] 1 case: a patient's payment is disputed (practice northside)",
        "[Writeback] 1 case: a bank returned a patient's payment (practice northside)",
        "[Writeback] 1 case: a dispute was decided against you (practice northside)",
    ]
    opened = box.mails()[0][1].get_content()
    assert "Answer by: 2026-03-16 15:00 UTC" in opened
    assert "- d1 (about pay-7), since 2026-03-02 15:00 UTC, answer by 2026-03-16 15:00 UTC" in opened


def test_a_void_that_is_older_than_what_was_counted_is_told_once(ledger: NoticeLedger) -> None:
    """R-7, R-17: the void itself is applied, so nothing waits; other voids are no news."""
    ledger.practice("northside", OFFICE)
    void = {"kind": "void", "event_type": "PaymentVoided", "concerns": "pay-7"}
    ledger.event(1, reason="VOIDED", **void)
    ledger.event(2, reason="MORE_THAN_ORIGINAL", **void)
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        ledger.later(timedelta(hours=30))
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
    (subject,) = box.subjects(OFFICE)
    assert subject.startswith("[Writeback] 1 case: money of a voided payment was reported to have moved after the void")
    assert "s2" in box.mails()[0][1].get_content()


def test_what_has_no_entry_is_named_with_what_was_reported(ledger: NoticeLedger) -> None:
    """NOT-4: a case without its amount tells staff little; a follow-up is in the practice's own currency."""
    ledger.practice("northside", OFFICE)
    ledger.saved("northside", {"zone": "UTC"})
    over = refunded(-15_050, refund_id="re-1", payment_id="pay-1", event_id="e1")
    short = payout(item(1, 10_000, 320), payout_id="po-1", event_id="e2", net_minor=9_000)
    held = (over, "re-1", "refund", "MORE_THAN_ORIGINAL"), (short, "po-1", "payout", "SUMS_DISAGREE")
    for number, (event, subject, kind, reason) in enumerate(held, 1):
        named = {"subject": subject, "kind": kind, "event_type": type(event).__name__}
        ledger.event(number, waiting="AWAITING_REVIEW", reason=reason, **named)
        ledger.connection.execute(
            "INSERT INTO bodies (practice_id, month, source, event_id, original_key, original, plan)"
            " SELECT practice_id, month, source, event_id, '', %s, '' FROM events WHERE event_id = %s",
            (encode_event(event), f"e{number}"),
        )
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 2)
    said = " ".join(" ".join(mail.get_content().split()) for _, mail in box.mails())
    assert "re-1, -150.50 USD, since" in said
    assert "po-1, 90.00 USD, since" in said

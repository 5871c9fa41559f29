"""Two systems that report one money differently: the letter says who says what (E-1, NOT-1, H-5)."""

from __future__ import annotations

import json

import pytest

from schemas.codec import encode_event
from tests.processors.rules.event_examples import payment
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"


def test_the_letter_names_the_payment_both_systems_and_both_amounts(ledger: NoticeLedger) -> None:
    """A bookkeeper can compare without asking anybody; no patient is named."""
    ledger.practice("northside", OFFICE)
    ledger.event(1, kind="payment", event_type="PaymentSucceeded", subject="pay-7")
    ledger.dead_letter(9, stage="intake")
    differences = [
        {"what": "gross", "stored": 10000, "told": 9900, "minor_units": True},
        {"what": "patients", "stored": None, "told": None, "minor_units": False},
    ]
    ledger.connection.execute(
        "INSERT INTO told_again (practice_id, topic_id, part, off, source, event_id, of_source, of_event_id, verdict,"
        " differences, occurred_at, received_at)"
        " VALUES ('northside', 't', 0, 9, 'portal.example', 'x1', 'payments.example', 'e1', 'CONFLICT', %s, %s, %s)",
        (json.dumps(differences), ledger.now, ledger.now),
    )
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: bool(box.subjects(OFFICE)))
    text = next(mail.get_content() for to, mail in box.mails() if to == OFFICE)
    told = " ".join(text.split())
    assert (
        "Two systems disagree about payment pay-7: gross: payments.example says 100.00 USD, portal.example says"
        " 99.00 USD; patients: not the same. What payments.example reported first stands."
    ) in told


def test_one_event_that_came_twice_is_told_with_both_amounts(ledger: NoticeLedger) -> None:
    """The stored report and the refused one are compared for the letter, which names no patient."""
    ledger.practice("northside", OFFICE)
    first, again = payment(gross=15_000, patient_ref="pt-CANARY"), payment(gross=20_000, patient_ref="pt-CANARY")
    ledger.event(1, kind="payment", event_type="PaymentSucceeded", subject="pay-7", reason="AUTO_INSTANT")
    ledger.connection.execute(
        "INSERT INTO bodies (practice_id, month, source, event_id, original_key, original, plan)"
        " SELECT practice_id, month, source, event_id, '', %s, '' FROM events",
        (encode_event(first),),
    )
    ledger.dead_letter(9, stage="intake")
    ledger.connection.execute(
        "UPDATE dead_letters SET source = 'payments.example', event_id = 'e1', value = %s", (encode_event(again),)
    )
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: bool(box.subjects(OFFICE)))
    told = " ".join(next(mail.get_content() for to, mail in box.mails() if to == OFFICE).split())
    assert (
        "payments.example reported payment pay-7 twice, differently: gross: first 150.00 USD, then 200.00 USD." in told
    )
    assert "CANARY" not in told

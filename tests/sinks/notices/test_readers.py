"""A notice counts as told when somebody was told; one without a reader is seen, and told as soon as there is one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sinks.notices import measures
from sinks.notices.email_text import correlation_id
from streams.runtime import metrics
from tests.deploy.commands.console import writeback_here
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

OFFICE = "office@northside.example"


@pytest.mark.stack
@pytest.mark.expects_errors
def test_a_notice_without_a_reader_waits_and_is_counted(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """NOT-4: neither told nor forgotten. It shows in metrics, and goes out when the practice has a contact."""
    monkeypatch.setattr(measures, "UNREAD_AFTER", timedelta(0))
    ledger.practice("northside")
    ledger.effect(1)
    with ledger.notifier(ops_email=""):
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices") == 1)
        wait_until(lambda: metrics.NOTICES_UNREAD._value.get() == 1)
        assert ledger.one("SELECT count(*) FROM notices WHERE told_at IS NOT NULL") == 0
        ledger.connection.execute("INSERT INTO contacts (practice_id, address) VALUES ('northside', %s)", (OFFICE,))
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        wait_until(lambda: metrics.NOTICES_UNREAD._value.get() == 0)
    assert ledger.mailbox.subjects(OFFICE)


@pytest.mark.stack
def test_the_reference_of_a_letter_leads_to_what_it_was_about(ledger: NoticeLedger) -> None:
    """NOT-2: support has the reference alone."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state <> 'SENT'") == 0)
    text = ledger.mailbox.mails()[0][1].get_content()
    reference = text.rstrip().rsplit(" ", 1)[1]
    opened_at = ledger.one("SELECT opened_at FROM notices")
    assert reference == correlation_id("northside", "posting:PMS:MAPPING_MISSING", opened_at)
    page = writeback_here(ledger.world, "explain", reference.lower())
    assert page.code == 0, page.errors
    assert f"{reference}: a mapping for the practice management system is missing (northside)" in page
    assert f"1-opened by email to {OFFICE}: sent" in page
    unknown = writeback_here(ledger.world, "explain", "WBN-AAAAAAAAAA")
    assert unknown.code != 0
    assert "no letter has the reference" in unknown.errors

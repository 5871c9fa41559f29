"""A practice id that nobody knows, and that waits for more than an hour, is told to the operator (law 10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack


def test_the_operator_is_told_once_with_the_deed(ledger: NoticeLedger) -> None:
    """Not before an hour; and it ends when somebody adds the practice."""
    ledger.practice("mistyped")
    ledger.event(1, "mistyped", waiting="AWAITING_SETTINGS", reason="NO_SETTINGS")
    with ledger.notifier():
        ledger.later(timedelta(minutes=50))
        ledger.practice("northside", "office@northside.example")
        ledger.effect(7)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") >= 1)
        assert ledger.one("SELECT count(*) FROM notices WHERE practice_id = 'mistyped'") == 0
        ledger.later(timedelta(minutes=11))
        wait_until(lambda: ledger.mailbox.subjects("ops@writeback.example") != [])
        ledger.connection.execute("UPDATE practices SET added_at = now() WHERE practice_id = 'mistyped'")
        wait_until(lambda: len(ledger.mailbox.subjects("ops@writeback.example")) == 2)
    subjects = ledger.mailbox.subjects("ops@writeback.example")
    assert "events name a practice that nobody has added" in subjects[0]
    assert "Solved" in subjects[1]
    bodies = [mail.get_content() for to, mail in ledger.mailbox.mails() if to == "ops@writeback.example"]
    assert "writeback practice add mistyped --zone ZONE" in " ".join(bodies[0].split())

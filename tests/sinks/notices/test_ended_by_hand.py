"""A notice ends with its last entry, also where a person ends it by hand (NOT-4, POST-3, law 26)."""

from __future__ import annotations

import pytest

from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from streams.runtime.clock import FixedClock
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"
WHO = order()


def end(ledger: NoticeLedger, action: EntryAction, effect_id: int) -> int:
    opened = ledger_of(ledger.connection, FixedClock(ledger.now))
    return act_on_entries(opened, action, "northside", [effect_id], WHO).refused


def test_the_last_entry_that_is_ended_by_hand_closes_the_notice(ledger: NoticeLedger) -> None:
    """One of two recorded: still open. The other dismissed: solved, and said so once."""
    ledger.practice("northside", OFFICE)
    ledger.connection.execute("UPDATE practices SET added_at = now()")
    ledger.effect(1, state="REJECTED", reason="REFUSED_BY_TARGET")
    ledger.effect(2, state="REJECTED", reason="REFUSED_BY_TARGET")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 1)
        assert end(ledger, EntryAction.RECORD, 1) == 0
        wait_until(lambda: ledger.one("SELECT items FROM notices WHERE closed_at IS NULL") == 1)
        assert end(ledger, EntryAction.DISMISS, 2) == 0
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
        wait_until(lambda: any("Solved" in each for each in ledger.mailbox.subjects(OFFICE)))
    assert len(ledger.mailbox.subjects(OFFICE)) == 2

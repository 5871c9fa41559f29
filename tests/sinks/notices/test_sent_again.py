"""What is sent again is not solved before it ended well; failed again it is the same incident (law 26, NOT-4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sinks.notices import store
from sinks.notices.causes import Cause
from sinks.notices.sent_again import SETTLING, is_under_way
from streams.fault_injection import Control, install
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"


def republish(ledger: NoticeLedger, event_id: str) -> None:
    ledger.connection.execute(
        "UPDATE dead_letters SET source = 'payments.example', event_id = %s, settled_at = %s,"
        " settled_as = 'REPUBLISHED' WHERE settled_at IS NULL",
        (event_id, ledger.now),
    )


def set_aside(ledger: NoticeLedger) -> None:
    """The notifier saw that nothing is dead, and keeps the notice open."""
    wait_until(lambda: ledger.one("SELECT items FROM notices WHERE closed_at IS NULL") == 0)


def test_a_record_that_fails_again_keeps_its_incident_and_the_next_letter_says_so(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.dead_letter(7, reason="CURRENCY_MISMATCH")
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.subjects(OFFICE)) == 1)
        republish(ledger, "e7")
        set_aside(ledger)
        ledger.dead_letter(7, reason="CURRENCY_MISMATCH", redrives=1)
        ledger.later(timedelta(minutes=16))
        wait_until(lambda: len(box.subjects(OFFICE)) == 2)
        republish(ledger, "e7")
        ledger.later(SETTLING + timedelta(seconds=1))
        wait_until(lambda: len(box.subjects(OFFICE)) == 3)
    assert ledger.one("SELECT count(*) FROM notices WHERE practice_id = 'northside'") == 1
    _first, second, third = box.subjects(OFFICE)
    assert second.startswith("[Writeback] Failed again: 1 payment record: ")
    assert third.startswith("[Writeback] Solved: ")
    text = next(m.get_content() for to, m in box.mails() if to == OFFICE and "Failed again" in str(m["Subject"]))
    assert "1 of them was sent again and failed again." in text
    assert "more like this" not in text


def test_control_without_the_wait_a_redrive_is_told_as_solved(ledger: NoticeLedger) -> None:
    """The control of law 26: nothing is dead for a moment, and the practice reads that all is well."""
    ledger.practice("northside", OFFICE)
    ledger.dead_letter(7, reason="CURRENCY_MISMATCH")
    install([Control.SENT_AGAIN])
    try:
        with ledger.notifier():
            wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 1)
            republish(ledger, "e7")
            wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 2)
    finally:
        install()
    assert ledger.mailbox.subjects(OFFICE)[1].startswith("[Writeback] Solved: ")


def test_a_record_that_is_stored_is_solved_at_once(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.dead_letter(7, reason="CURRENCY_MISMATCH")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 1)
        republish(ledger, "e7")
        set_aside(ledger)
        ledger.event(7)
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 2)
    assert ledger.mailbox.subjects(OFFICE)[1].startswith("[Writeback] Solved: ")


@pytest.mark.parametrize(("ending", "subject"), [("POSTED", "Solved: "), ("REJECTED", "Failed again: 1 entry: ")])
def test_an_entry_that_is_sent_again_is_solved_when_it_ended_well(
    ledger: NoticeLedger, ending: str, subject: str
) -> None:
    """However long it takes: a target that answers slowly is not a success."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1, state="REJECTED", reason="REFUSED_BY_TARGET")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 1)
        ledger.set_state("RETRYING", 1, redrives=1)
        set_aside(ledger)
        ledger.later(SETTLING * 3)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 1)
        ledger.set_state(ending, 1)
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 2)
    assert ledger.mailbox.subjects(OFFICE)[1].startswith(f"[Writeback] {subject}")
    assert ledger.one("SELECT count(*) FROM notices WHERE practice_id = 'northside'") == 1


def test_what_fails_between_the_two_looks_is_not_solved(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was on its way when the notifier looked at what is dead, and dead when it looked at what is on its way."""

    async def fails_first(connection: Any, practice_id: str, cause: Cause, at: datetime | None) -> bool:
        ledger.set_state("REJECTED", 1)
        return await is_under_way(connection, practice_id, cause, at)

    ledger.practice("northside", OFFICE)
    ledger.effect(1, state="REJECTED", reason="REFUSED_BY_TARGET")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 1)
        monkeypatch.setattr(store, "is_under_way", fails_first)
        ledger.set_state("RETRYING", 1, redrives=1)
        wait_until(lambda: ledger.one("SELECT state FROM work WHERE effect_id = 1") == "REJECTED")
        ledger.later(timedelta(minutes=16))
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 2)
    assert ledger.mailbox.subjects(OFFICE)[1].startswith("[Writeback] Failed again: 1 entry: ")
    assert ledger.one("SELECT count(*) FROM notices WHERE practice_id = 'northside'") == 1

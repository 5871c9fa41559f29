"""One mail per cause, more of it in bundles, a reminder, and a word when it is solved (scenario 55, law 26, I6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sinks.ledger.role_slots import record_stop
from streams.runtime.errors import Role
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE = "office@northside.example"
OPS = "ops@writeback.example"


def test_a_cause_is_reported_once_bundled_reminded_and_resolved(ledger: NoticeLedger) -> None:
    """Scenario 55: dedupe, reminder, resolve; 12 more come as one bundle with their number."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        for number in range(2, 14):
            ledger.effect(number)
        ledger.later(timedelta(minutes=14))
        wait_until(lambda: ledger.one("SELECT count(*) FROM effects") == 13)
        assert len(box.raw) == 1
        ledger.later(timedelta(minutes=2))
        wait_until(lambda: len(box.raw) == 2)
        ledger.later(timedelta(hours=25))
        wait_until(lambda: len(box.raw) == 3)
        ledger.set_state("POSTED", *range(1, 14))
        wait_until(lambda: len(box.raw) == 4)
    assert [subject.partition("(")[0] for subject in box.subjects(OFFICE)] == [
        "[Writeback] 1 entry: a mapping for the practice management system is missing ",
        "[Writeback] 12 more: 13 entries: a mapping for the practice management system is missing ",
        "[Writeback] Still open: 13 entries: a mapping for the practice management system is missing ",
        "[Writeback] Solved: a mapping for the practice management system is missing ",
    ]
    assert ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0
    assert ledger.one("SELECT suppressed FROM notices") == 12


def test_two_notifiers_tell_everything_once(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE, "second@northside.example")
    ledger.effect(1)
    ledger.dead_letter(7, stage="intake", reason="CONFLICT")
    with ledger.notifier(), ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 5)
        ledger.set_state("POSTED", 1)
        wait_until(lambda: len(ledger.mailbox.raw) == 7)
    recipients = sorted(to for to, _ in ledger.mailbox.raw)
    assert recipients == sorted([OFFICE] * 3 + ["second@northside.example"] * 3 + [OPS])
    ids = [mail["Message-ID"] for _, mail in ledger.mailbox.mails()]
    assert len(set(ids)) == len(ids)


def test_the_operator_hears_of_a_role_that_refuses_to_go_on(ledger: NoticeLedger) -> None:
    """Once, however often it was started again meanwhile; no practice is told, and a later stop is told again."""
    ledger.practice("northside", OFFICE)
    for _ in range(3):
        record_stop(ledger.connection, Role.RULES, 0, "DeadLetterLimitError", ledger.now)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        ledger.later(timedelta(hours=25))
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
        record_stop(ledger.connection, Role.RULES, 0, "DeadLetterLimitError", ledger.now)
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    assert {to for to, _ in ledger.mailbox.raw} == {OPS}
    (subject,) = set(ledger.mailbox.subjects())
    assert "refuses to go on (all practices)" in subject


def test_every_kind_of_trouble_has_its_notice(ledger: NoticeLedger) -> None:
    """I6 and NOT-4: each dead state, a doubt that stays, a duplicate, a refused record, a closed connection."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1, state="INVALID_CONFIG", reason="MAPPING_MISSING")
    ledger.effect(2, state="BLOCKED_PERIOD", reason="PERIOD_CLOSED", target="QUICKBOOKS", connection_id="qbo")
    ledger.effect(3, state="REJECTED", reason="PATIENT_NOT_FOUND")
    ledger.effect(4, state="DEAD_LETTERED", reason="FOUND_TWICE")
    ledger.connection.execute("SELECT 1")
    ledger.effect(5, state="UNCERTAIN", reason="AUTO_INSTANT", settle_until="2020-01-01T00:00:00Z")
    ledger.effect(6, state="SCHEDULED", reason="AUTO_INSTANT", depends_on=4)
    ledger.dead_letter(1, stage="rules", reason="AMOUNTS_DISAGREE")
    ledger.dead_letter(2, "?", stage="decode", reason="UNDECODABLE")
    ledger.dead_letter(3, stage="post", reason="DUPLICATE_AT_TARGET")
    ledger.dead_letter(4, stage="post", reason="MAPPING_MISSING")
    ledger.connection_closed("NEEDS_RECONNECT", 1)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE told_at IS NOT NULL") == 9)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state <> 'SENT'") == 0)
    causes = ledger.connection.execute("SELECT practice_id, cause FROM notices ORDER BY 1, 2").fetchall()
    assert causes == [
        ("?", "record:-:UNDECODABLE"),
        ("northside", "connection:PMS:NEEDS_RECONNECT"),
        ("northside", "posting:-:DUPLICATE_AT_TARGET"),
        ("northside", "posting:PMS:FOUND_TWICE"),
        ("northside", "posting:PMS:MAPPING_MISSING"),
        ("northside", "posting:PMS:OUTCOME_UNKNOWN"),
        ("northside", "posting:PMS:PATIENT_NOT_FOUND"),
        ("northside", "posting:QUICKBOOKS:PERIOD_CLOSED"),
        ("northside", "record:-:AMOUNTS_DISAGREE"),
    ]
    text = "\n".join(mail.get_content() + str(mail["Subject"]) for _, mail in ledger.mailbox.mails())
    assert "1 further entry waits for that." in text
    assert "CANARY" not in text
    assert "- s1, 123.45 USD, entry e:1, since 2026-03-02 15:00 UTC" in text
    assert [s for s in ledger.mailbox.subjects(OPS) if "unknown practice" in s]
    assert not [s for s in ledger.mailbox.subjects(OFFICE) if "unknown practice" in s]


def test_a_connection_that_is_away_for_less_than_an_hour_is_no_news(ledger: NoticeLedger) -> None:
    """G7; and where nothing waits behind it, nobody is notified at all."""
    ledger.practice("northside", OFFICE)
    ledger.effect(1, state="SCHEDULED", reason="AUTO_INSTANT")
    ledger.connection_closed("UNREACHABLE", 55)
    ledger.dead_letter(1, stage="rules", reason="CONFLICT")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
        assert not [s for s in ledger.mailbox.subjects() if "reachable" in s]
        ledger.connection_closed("UNREACHABLE", 61)
        wait_until(lambda: len(ledger.mailbox.raw) == 3)
        ledger.set_state("POSTED", 1)
        wait_until(lambda: len(ledger.mailbox.raw) == 4)
    assert "not been reachable for more than an hour" in ledger.mailbox.subjects()[2]
    assert ledger.mailbox.subjects()[3].startswith("[Writeback] Solved: ")


@pytest.mark.parametrize("contact", [None, OFFICE])
def test_a_practice_without_contacts_is_notified_through_the_operator(
    ledger: NoticeLedger, contact: str | None
) -> None:
    ledger.practice("northside", *([contact] if contact else []))
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
    assert ledger.mailbox.raw[0][0] == (contact or OPS)


def test_a_cause_that_comes_and_goes_is_not_reported_every_minute(ledger: NoticeLedger) -> None:
    ledger.practice("northside", OFFICE)
    ledger.effect(1)
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        ledger.set_state("POSTED", 1)
        wait_until(lambda: len(box.raw) == 2)
        ledger.later(timedelta(minutes=1))
        ledger.effect(2)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 1)
        ledger.set_state("POSTED", 2)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
        ledger.later(timedelta(minutes=1))
        ledger.effect(3)
        ledger.later(timedelta(minutes=16))
        wait_until(lambda: len(box.raw) == 3)
    assert ledger.one("SELECT count(*) FROM notices") == 3

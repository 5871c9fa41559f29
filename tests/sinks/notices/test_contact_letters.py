"""Letters follow what their readers asked for: roles, groups, quiet hours, digests, escalation, acknowledgement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from sinks.notices import deliver, role
from streams.runtime import metrics
from tests.deploy.commands.console import writeback_here, writeback_json_here
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
DESK, BOOKS, OWNER = "desk@northside.example", "books@northside.example", "owner@northside.example"
NIGHT = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
"""22:00 on a Monday in Los Angeles."""
SEVEN = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def add(ledger: NoticeLedger, address: str, **wishes: object) -> None:
    names = ", ".join(("practice_id", "address", *wishes))
    marks = ", ".join(["%s"] * (len(wishes) + 2))
    values = [Jsonb(each) if isinstance(each, dict) else each for each in wishes.values()]
    ledger.connection.execute(
        f"INSERT INTO contacts ({names}) VALUES ({marks})".encode(), ("northside", address, *values)
    )


def to(ledger: NoticeLedger, address: str) -> list[str]:
    return ledger.mailbox.subjects(address)


def test_each_role_reads_of_its_own_causes_and_a_group_of_all(ledger: NoticeLedger) -> None:
    ledger.practice("northside")
    ledger.connection.execute("INSERT INTO organisations VALUES ('group', 'Group', now(), 'Ada')")
    ledger.connection.execute("UPDATE practices SET organisation_id = 'group'")
    ledger.connection.execute(
        "INSERT INTO organisation_contacts (organisation_id, address) VALUES ('group', 'head@group.example')"
    )
    add(ledger, DESK, roles=["PAYMENTS"])
    add(ledger, BOOKS, roles=["BOOKS"])
    ledger.effect(1, state="REJECTED", reason="PATIENT_NOT_FOUND")
    ledger.effect(2, state="BLOCKED_PERIOD", reason="PERIOD_CLOSED", target="QUICKBOOKS", connection_id="qbo")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 4)
        ledger.set_state("POSTED", 1, 2)
        wait_until(lambda: len(ledger.mailbox.raw) == 8)
    assert len(to(ledger, DESK)) == len(to(ledger, BOOKS)) == 2
    assert all("QuickBooks" not in subject for subject in to(ledger, DESK))
    assert len(to(ledger, "head@group.example")) == 4


def test_quiet_hours_hold_a_letter_and_the_newest_is_sent(ledger: NoticeLedger) -> None:
    """What came meanwhile is in one letter; whoever has no quiet hours reads at once."""
    ledger.practice("northside")
    ledger.saved("northside", {"zone": "America/Los_Angeles"})
    add(ledger, DESK, quiet_from="21:00", quiet_until="07:00")
    add(ledger, OWNER)
    ledger.at(NIGHT)
    ledger.effect(1)
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        ledger.effect(2)
        ledger.later(timedelta(minutes=16))
        wait_until(lambda: len(to(ledger, OWNER)) == 2)
        ledger.effect(3, state="REJECTED", reason="PATIENT_NOT_FOUND")
        wait_until(lambda: len(to(ledger, OWNER)) == 3)
        ledger.set_state("POSTED", 3)
        wait_until(lambda: len(to(ledger, OWNER)) == 4)
        assert to(ledger, DESK) == []
        ledger.at(SEVEN)
        wait_until(lambda: len(to(ledger, DESK)) == 1)
    (only,) = to(ledger, DESK)
    assert "1 more: 2 entries" in only
    assert ledger.one("SELECT count(*) FROM deliveries WHERE code = 'OVERTAKEN'") == 2


def test_what_could_not_be_sent_is_not_tried_again_in_quiet_hours(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail server says later, and ten minutes later it is night."""
    monkeypatch.setattr(deliver, "FIRST_RETRY_S", 1_200.0)
    ledger.practice("northside")
    ledger.saved("northside", {"zone": "America/Los_Angeles"})
    add(ledger, DESK, quiet_from="21:00", quiet_until="07:00")
    ledger.at(NIGHT - timedelta(hours=1, minutes=8))
    ledger.mailbox.rcpt_answer = "450 later"
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: ledger.one("SELECT code FROM deliveries") == "450")
        ledger.mailbox.rcpt_answer = "250 OK"
        assert abs(ledger.one("SELECT next_at FROM deliveries") - SEVEN) < timedelta(seconds=1)
        ledger.later(timedelta(hours=1))
        ledger.effect(2, state="REJECTED", reason="PATIENT_NOT_FOUND")
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries") == 2)
        assert to(ledger, DESK) == []
        ledger.at(SEVEN + timedelta(seconds=1))
        wait_until(lambda: len(to(ledger, DESK)) == 2)


def test_what_is_read_in_the_digest_is_in_it_and_in_no_letter(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no notice without a reader, and is solved without a letter."""
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside")
    ledger.saved("northside", {"zone": "America/Los_Angeles"})
    add(ledger, DESK, timings={"SETTINGS": "DIGEST"})
    ledger.at(SEVEN - timedelta(hours=3))
    ledger.effect(1)
    ledger.dead_letter(1, stage="rules", reason="CARD_NUMBER")
    with ledger.notifier():
        wait_until(lambda: any("card number" in subject for subject in to(ledger, DESK)))
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE in_digest AND told_at IS NOT NULL") == 1)
        ledger.later(timedelta(minutes=5))
        ledger.dead_letter(2, stage="rules", reason="AMOUNTS_DISAGREE")
        wait_until(lambda: len(to(ledger, DESK)) == 2)
        assert metrics.NOTICES_UNREAD._value.get() == 0
        ledger.at(SEVEN + timedelta(minutes=1))
        wait_until(lambda: len(to(ledger, DESK)) == 3)
        ledger.set_state("POSTED", 1)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE in_digest AND closed_at IS NOT NULL") == 1)
    # An entry that is dead waits for people too, so it stands in both lists.
    (digest,) = [mail for _, mail in ledger.mailbox.mails() if "1 case waits for you" in str(mail["Subject"])]
    body = digest.get_content()
    assert "1 problem is open:" in body
    reference = ledger.one("SELECT reference FROM notices WHERE in_digest")
    assert "- a mapping for the practice management system is missing: 1, since 2026-03-03 04:00 " in body
    assert reference in body
    assert not [subject for subject in to(ledger, DESK) if "mapping" in subject]


def test_who_is_no_contact_any_more_gets_nothing_more(ledger: NoticeLedger) -> None:
    """Neither the end of what they were told of, nor what waited for the end of their quiet hours."""
    ledger.practice("northside")
    ledger.saved("northside", {"zone": "America/Los_Angeles"})
    ledger.connection.execute("UPDATE practices SET added_at = now()")
    ledger.at(NIGHT)
    add(ledger, DESK)
    add(ledger, BOOKS, quiet_from="21:00", quiet_until="07:00")
    add(ledger, OWNER)
    ledger.effect(1)
    do = ("--yes", "--why", "left the practice", "--by", "Ada")
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
        wait_until(lambda: ledger.one("SELECT count(*) FROM deliveries WHERE state = 'SENT'") == 2)
        assert writeback_here(ledger.world, "practice", "contact", "remove", "northside", DESK, *do).code == 0
        gone = writeback_here(ledger.world, "practice", "set", "northside", "--remove-email", BOOKS, *do)
        assert gone.code == 0, gone.errors
        assert (
            ledger.one("SELECT code FROM deliveries WHERE recipient = 'books@northside.example'") == "CONTACT_REMOVED"
        )
        ledger.at(SEVEN)
        ledger.set_state("POSTED", 1)
        wait_until(lambda: len(to(ledger, OWNER)) == 2)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
    assert (len(to(ledger, DESK)), len(to(ledger, BOOKS))) == (1, 0)


def test_nobody_acknowledges_so_the_next_are_told_once(ledger: NoticeLedger) -> None:
    """Whoever was told first is not told again, and all hear of its end."""
    ledger.practice("northside")
    add(ledger, DESK)
    add(ledger, OWNER, escalate_after=timedelta(hours=2))
    ledger.effect(1)
    with ledger.notifier():
        wait_until(lambda: len(to(ledger, DESK)) == 1)
        ledger.later(timedelta(hours=1))
        ledger.dead_letter(1, stage="rules", reason="CARD_NUMBER")
        wait_until(lambda: len(to(ledger, DESK)) == 2)
        assert to(ledger, OWNER) == []
        ledger.later(timedelta(hours=1, minutes=30))
        wait_until(lambda: len(to(ledger, OWNER)) == 1)
        ledger.later(timedelta(minutes=5))
        ledger.set_state("POSTED", 1)
        wait_until(lambda: len(to(ledger, OWNER)) == 2)
        wait_until(lambda: len(to(ledger, DESK)) == 3)
    assert to(ledger, OWNER)[0].startswith("[Writeback] Not acknowledged: 1 entry: ")
    assert to(ledger, OWNER)[1].startswith("[Writeback] Solved: ")
    first = next(mail for rcpt, mail in ledger.mailbox.mails() if rcpt == DESK).get_content()
    reference = ledger.one("SELECT reference FROM notices WHERE cause LIKE 'posting%'")
    assert f"writeback notices acknowledge {reference}" in first


def test_what_somebody_sees_to_is_not_escalated(ledger: NoticeLedger) -> None:
    """Its later letters say who does. Shown first, with a reason; a closed notice and an unknown one are refused."""
    ledger.practice("northside")
    add(ledger, DESK)
    add(ledger, OWNER, escalate_after=timedelta(hours=2))
    ledger.effect(1)
    do = ("--yes", "--why", "calling the vendor", "--by", "Ada")
    with ledger.notifier():
        wait_until(lambda: len(to(ledger, DESK)) == 1)
        reference = ledger.one("SELECT reference FROM notices")
        assert "would see to it" in writeback_here(ledger.world, "notices", "acknowledge", reference, "--by", "Ada")
        (listed,) = writeback_json_here(ledger.world, "notices", "list", "--practice", "northside")
        assert (listed["reference"], listed["acknowledged_by"]) == (reference, None)
        done = writeback_here(ledger.world, "notices", "acknowledge", reference.lower(), *do)
        assert done.code == 0, done.errors
        assert "Ada" in writeback_here(ledger.world, "notices", "list")
        assert "Ada sees to it" in writeback_here(ledger.world, "explain", reference)
        ledger.later(timedelta(hours=3))
        ledger.effect(2)
        wait_until(lambda: len(to(ledger, DESK)) == 2)
        ledger.set_state("POSTED", 1, 2)
        wait_until(lambda: len(to(ledger, DESK)) == 3)
    assert to(ledger, OWNER) == []
    assert "Ada sees to it." in ledger.mailbox.mails()[1][1].get_content()
    assert ledger.one("SELECT why FROM audit WHERE action = 'notice.acknowledge'") == "calling the vendor"
    assert "closed" in writeback_here(ledger.world, "notices", "acknowledge", reference, *do).errors
    assert "no notice has the reference" in writeback_here(ledger.world, "notices", "acknowledge", "WBN-A", *do).errors

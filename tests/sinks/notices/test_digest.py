"""What waits for people is listed once a working day, at 07:00 local, and never when nothing waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.vocabulary import DIGEST_ORDER, State
from sinks.notices import role
from sinks.notices.digest import digest_email
from sinks.operations.words.states import STATE_WORDS
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

OFFICE = "office@northside.example"
SEVEN = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""07:00 on a Monday in Los Angeles."""


@pytest.mark.stack
def test_a_digest_a_morning_while_something_waits(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside", OFFICE)
    ledger.practice("southside", "office@southside.example")
    for practice in ("northside", "southside"):
        ledger.connection.execute(
            "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
            " VALUES (%s, 1, 'epoch', %s, now(), 'test', 'test')",
            (practice, json.dumps({"zone": "America/Los_Angeles"})),
        )
    ledger.effect(1, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED")
    ledger.effect(2, state="AWAITING_MANUAL_POST", reason="MANUAL_BY_SETTING")
    ledger.at(SEVEN - timedelta(minutes=5))
    box = ledger.mailbox
    with ledger.notifier():
        ledger.dead_letter(1, stage="rules", reason="CONFLICT")
        wait_until(lambda: len(box.raw) == 2)
        ledger.at(SEVEN + timedelta(minutes=1))
        wait_until(lambda: len(box.raw) == 3)
        ledger.at(SEVEN + timedelta(days=1, minutes=1))
        wait_until(lambda: len([s for s in box.subjects() if "wait for you" in s]) == 2)
        ledger.set_state("POSTED", 1, 2)
        ledger.at(SEVEN + timedelta(days=2, minutes=1))
        wait_until(lambda: len([s for s in box.subjects(OFFICE) if "Still open" in s]) == 2)
    digests = [s for s in box.subjects() if "wait for you" in s]
    assert digests == ["[Writeback] 2 entries wait for you (practice northside)"] * 2
    assert "office@southside.example" not in [to for to, _ in box.raw]


@pytest.mark.stack
@pytest.mark.parametrize("at", [SEVEN - timedelta(days=1), SEVEN + timedelta(hours=5)])
def test_no_digest_on_sunday_nor_in_the_afternoon(
    ledger: NoticeLedger, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
        " VALUES ('northside', 1, 'epoch', %s, now(), 'test', 'test')",
        (json.dumps({"zone": "America/Los_Angeles"}),),
    )
    ledger.effect(1, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED")
    ledger.at(at)
    with ledger.notifier():
        ledger.dead_letter(1, stage="rules", reason="CONFLICT")
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    assert ledger.one("SELECT count(*) FROM notices WHERE cause = 'digest'") == 0


def test_the_digest_has_words_for_each_waiting_state() -> None:
    text = digest_email("northside", dict.fromkeys(DIGEST_ORDER, 2))
    assert text.subject == "[Writeback] 14 entries wait for you (practice northside)"
    for words in (STATE_WORDS[state] for state in DIGEST_ORDER):
        assert f"2 entries {words.many}. {words.remedy}" in text.body
    one = digest_email("northside", {State.AWAITING_LINK: 1})
    assert one.body.startswith("1 entry waits for somebody at your practice.\n\n1 entry waits for a patient link. ")


@pytest.mark.stack
@pytest.mark.parametrize(
    ("waiting", "hours", "listed"),
    [("AWAITING_FEE", 73, 2), ("AWAITING_FEE", 70, 1), ("AWAITING_SETTINGS", 2, 2), ("AWAITING_SETTINGS", 0, 1)],
)
def test_what_should_have_resolved_itself_is_listed_when_it_did_not(
    ledger: NoticeLedger, waiting: str, hours: int, listed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N-5: one notice after 72 h; guarantee 1: nothing waits unseen."""
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside", OFFICE)
    ledger.connection.execute(
        "INSERT INTO settings (practice_id, version, effective_from, body, saved_at, saved_by, reason)"
        " VALUES ('northside', 1, 'epoch', %s, now(), 'test', 'test')",
        (json.dumps({"zone": "America/Los_Angeles"}),),
    )
    ledger.effect(1, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED")
    ledger.effect(2, state="POSTED")
    at = SEVEN + timedelta(minutes=1)
    ledger.connection.execute(
        "UPDATE events SET waiting = %s, resolved_at = NULL, received_at = %s WHERE event_id = 'e2'",
        (waiting, at - timedelta(hours=hours)),
    )
    ledger.at(at)
    with ledger.notifier():
        wait_until(lambda: len([each for each in ledger.mailbox.subjects() if "for you" in each]) == 1)
    entries = "1 entry waits" if listed == 1 else "2 entries wait"
    digests = [each for each in ledger.mailbox.subjects() if "for you" in each]
    assert digests == [f"[Writeback] {entries} for you (practice northside)"]

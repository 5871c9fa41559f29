"""What waits for people is listed once a working day, at 07:00 local, and never when nothing waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from schemas.vocabulary import DIGEST_ORDER, AttentionReason, State
from sinks.notices import role
from sinks.notices.cases import SHOWN, Case
from sinks.notices.digest import SECTIONS, SectionKey, Waiting, digest_email
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
        ledger.dead_letter(2, stage="rules", reason="CARD_NUMBER")
        wait_until(lambda: any("card number" in s for s in box.subjects()))
    digests = [s for s in box.subjects() if "wait for you" in s]
    assert digests == ["[Writeback] 2 cases wait for you (practice northside)"] * 2
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


def _waiting(section: SectionKey, count: int = 1, **over: object) -> Waiting:
    fields: dict[str, object] = {
        "practice_id": "northside",
        "opened_at": SEVEN,
        "zone": "America/Los_Angeles",
        "name": "Northside Dental",
        "section": section,
        "count": count,
        "payouts": False,
        "amount_minor": None,
        "currency": None,
        "cases": (),
    }
    return Waiting(**(fields | over))  # type: ignore[arg-type]


def test_the_digest_has_words_for_each_section() -> None:
    sections = [_waiting(section, 2) for section in reversed(SECTIONS)]
    text = digest_email(sections[0], sections)
    assert text.subject == f"[Writeback] {2 * len(SECTIONS)} cases wait for you (practice Northside Dental)"
    for words in (STATE_WORDS[state] for state in DIGEST_ORDER):
        assert f"2 payments {words.many}. {words.remedy}" in text.body
    assert text.body.index("2 payments are disputed.") < text.body.index("2 payments wait for a patient link.")


def test_the_digest_names_cases_amounts_and_last_days() -> None:
    """H-5: ids, amounts and local times, of five at most; nothing about whom."""
    since = SEVEN - timedelta(days=1)
    cases = tuple(
        Case(subject=f"pay-{n}", entry=n, amount_minor=9680, currency="USD", at=since) for n in range(1, SHOWN + 1)
    )
    linked = _waiting(State.AWAITING_LINK, 7, amount_minor=67760, currency="USD", cases=cases)
    dispute = Case(subject="dp-1", of="pay-9", at=since, answer_by=SEVEN + timedelta(days=9))
    body = digest_email(linked, [linked, _waiting(AttentionReason.DISPUTE_OPENED, cases=(dispute,))]).body
    assert "7 payments (677.60 USD) wait for a patient link." in body
    assert "- pay-1, 96.80 USD, entry e:1, since 2026-03-01 07:00 America/Los_Angeles\n" in body
    assert "- and 2 more" in body
    since_text, until_text = "since 2026-03-01 07:00 America/Los_Angeles", "2026-03-11 08:00 America/Los_Angeles"
    assert f"- dp-1 (about pay-9), {since_text}, answer by {until_text}" in body


@pytest.mark.stack
def test_a_payment_is_one_case_however_many_entries_wait(ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The payment and its fee are one case of 100.00; what began to wait after the morning comes the next day."""
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside", OFFICE)
    ledger.saved("northside", {"zone": "America/Los_Angeles"})
    ledger.effect(1, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED", amount_minor=9680)
    ledger.effect(2, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED", changed_at=SEVEN + timedelta(minutes=1))
    ledger.connection.execute(
        "UPDATE entries SET event_id = 'e1', entry_kind = 'fee_adjustment', amount_minor = 320 WHERE effect_id = 2"
    )
    ledger.effect(3, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED", changed_at=SEVEN + timedelta(minutes=1))
    ledger.at(SEVEN + timedelta(minutes=2))
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        ledger.at(SEVEN + timedelta(days=1))
        wait_until(lambda: len(box.raw) == 2)
    assert [s.split(" for you")[0] for s in box.subjects()] == ["[Writeback] 1 case waits", "[Writeback] 2 cases wait"]
    first = box.mails()[0][1].get_content()
    assert "1 payment (96.80 USD) waits for a patient link." in first
    assert "- s1, 96.80 USD, entry e:1, since 2026-03-02 07:00 America/Los_Angeles" in first


@pytest.mark.stack
@pytest.mark.parametrize(
    ("settings", "sent"),
    [({"holidays": ["2026-03-02"]}, 0), ({"business_days": ["TUE"]}, 0), ({"business_days": ["MON"]}, 1)],
    ids=["holiday", "closed on Mondays", "open on Mondays"],
)
def test_a_digest_leaves_on_the_practices_own_working_days(
    ledger: NoticeLedger, settings: dict[str, list[str]], sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside", OFFICE)
    ledger.saved("northside", {"zone": "America/Los_Angeles", **settings})
    ledger.effect(1, state="AWAITING_LINK", reason="PATIENT_NOT_LINKED")
    ledger.at(SEVEN + timedelta(minutes=1))
    with ledger.notifier():
        ledger.dead_letter(1, stage="rules", reason="CONFLICT")
        wait_until(lambda: len([s for s in ledger.mailbox.subjects() if "for you" not in s]) == 2)
        wait_until(lambda: len([s for s in ledger.mailbox.subjects() if "for you" in s]) == sent)
    assert ledger.one("SELECT count(*) FROM notices WHERE cause = 'digest'") == sent


@pytest.mark.stack
def test_what_has_failed_is_in_the_digest_until_it_is_repaired(
    ledger: NoticeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal is reported once; it is not repeated by itself, and never forgotten."""
    monkeypatch.setattr(role, "DIGEST_POLL_S", 0.0)
    ledger.practice("northside", OFFICE)
    ledger.saved("northside", {"zone": "America/Los_Angeles"})
    ledger.effect(1, state="REJECTED", reason="REFUSED_BY_TARGET")
    ledger.at(SEVEN - timedelta(minutes=1))
    box = ledger.mailbox
    with ledger.notifier():
        wait_until(lambda: len(box.raw) == 1)
        for day in range(1, 4):
            ledger.at(SEVEN + timedelta(days=day))
            wait_until(lambda day=day: len(box.raw) == 1 + day)  # type: ignore[misc]
    assert [s for s in box.subjects() if "Still open" in s] == []
    assert "1 payment (123.45 USD) was refused." in box.mails()[-1][1].get_content()


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
    entries = "1 case waits" if listed == 1 else "2 cases wait"
    digests = [each for each in ledger.mailbox.subjects() if "for you" in each]
    assert digests == [f"[Writeback] {entries} for you (practice northside)"]

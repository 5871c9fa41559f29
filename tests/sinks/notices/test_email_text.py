"""A mail says what, how many, where, why, what to do, and how to refer to it, and nothing about a patient (H-5)."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest

from schemas.vocabulary import AttentionReason, ConnectionReason, DeadLetterReason, Target
from sinks.notices.cases import LONGEST_ID, Case, Reader
from sinks.notices.causes import UNKNOWN_PRACTICE, Cause, CauseKind, Reason
from sinks.notices.channels.email import compose, sender_address
from sinks.notices.email_text import Email, correlation_id, notice_email
from sinks.notices.schedule import Problem, Step, StepKind
from tests.sinks.notices.example_messages import message

T0 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OPENED = Step(kind=StepKind.OPENED, number=1)


def problem(cause: Cause, **over: object) -> Problem:
    fields: dict[str, object] = {"practice_id": "northside", "cause": cause, "count": 3, "oldest_at": T0}
    return Problem(**(fields | over))  # type: ignore[arg-type]


MAPPING = Cause(CauseKind.POSTING, Target.PMS, DeadLetterReason.MAPPING_MISSING)


def test_the_opening_mail_word_for_word() -> None:
    assert notice_email(problem(MAPPING, dependents=1), T0, OPENED) == Email(
        "[Writeback] 3 entries: a mapping for the practice management system is missing (practice northside)",
        "What happened: 3 entries for the practice management system need attention. "
        "1 further entry waits for that.\n\n"
        "Practice: northside\n\n"
        "Open since: 2026-03-02 15:00 UTC\n\n"
        "Why: A kind of payment or an account has no counterpart in the practice management system yet, so the entry "
        "could not be prepared.\n\n"
        "What to do: Complete the mapping of the practice management system in the settings (payment types, adjustment "
        "type, accounts).\n\n"
        "What happens then: As soon as that is repaired the entries are posted by themselves, in order. Do not post "
        "them by hand.\n\n"
        "Whoever runs Writeback ends it with: writeback target add northside SYSTEM; or writeback dlq redrive "
        "--practice northside --id ID\n\n"
        f"Reference for support: {correlation_id('northside', MAPPING.key, T0)}\n",
    )


def test_a_mail_names_its_cases_the_practice_and_whom_to_ask() -> None:
    """Ids, amounts and the practice's own time: what staff need to find the payment, and nothing about whom."""
    cases = (
        Case(subject="pay-1", entry=7, amount_minor=9680, currency="USD", at=T0),
        Case(subject="rf-2", of="pay-1", at=T0),
        Case(subject="x" * 200 + "\n", at=T0),
    )
    reader = Reader("Northside Dental", "America/Los_Angeles")
    text = notice_email(problem(MAPPING, cases=cases), T0, OPENED, reader=reader, support="help@writeback.example")
    assert text.subject.endswith("is missing (practice Northside Dental)")
    assert "- pay-1, 96.80 USD, entry e:7, since 2026-03-02 07:00 America/Los_Angeles\n" in text.body
    assert "- rf-2 (about pay-1), since 2026-03-02 07:00 America/Los_Angeles\n" in text.body
    assert f"- {'x' * (LONGEST_ID - 1)}…, since" in text.body
    assert "Practice: Northside Dental (northside)" in text.body
    assert "Open since: 2026-03-02 07:00 America/Los_Angeles" in text.body
    assert text.body.rstrip().endswith("(help@writeback.example)")
    many = notice_email(problem(MAPPING, cases=cases, count=40), T0, OPENED, reader=reader)
    assert "- and 37 more" in many.body


@pytest.mark.parametrize("name", ["Northside Dental", "Zahnärzte am Gärtnerplatz 中文診所 " * 3, "x" * 300])
def test_a_subject_that_is_folded_reads_the_same(name: str) -> None:
    """However long, and in whatever script: what a mail program shows is what was written."""
    text = notice_email(problem(MAPPING), T0, Step(kind=StepKind.REMINDER, number=9), reader=Reader(name.strip()))
    mail = compose(
        message(subject=text.subject, body=text.body), sender_address("Writeback <writeback@localhost>"), "a@b.example"
    )
    sent = mail.as_bytes()
    read = email.message_from_bytes(sent, policy=email.policy.default)
    assert str(read["Subject"]) == text.subject
    assert len(text.subject) < 200


def test_a_mail_names_the_system_of_the_practice() -> None:
    """Where the practice's route is known, staff read the name that they know, and the vendor's own remedy."""
    text = notice_email(problem(MAPPING), T0, OPENED, "open_dental")
    assert text.subject == "[Writeback] 3 entries: a mapping for Open Dental is missing (practice northside)"
    assert "Complete the mapping of Open Dental in the settings" in text.body
    closed = Cause(CauseKind.POSTING, Target.QUICKBOOKS, DeadLetterReason.PERIOD_CLOSED)
    text = notice_email(problem(closed, vendor_code="6200"), T0, OPENED, "quickbooks")
    assert "In QuickBooks open Settings, Account and settings, Advanced and move the closing date back" in text.body


def test_a_bundle_counts_what_it_held_back() -> None:
    text = notice_email(problem(MAPPING, count=13), T0, Step(kind=StepKind.MORE, number=2, more=12))
    assert text.subject.startswith("[Writeback] 12 more: 13 entries: ")
    assert "12 more like this since our last message." in text.body


def test_a_mail_about_a_connection_says_that_nothing_failed() -> None:
    cause = Cause(CauseKind.CONNECTION, Target.QUICKBOOKS, ConnectionReason.NEEDS_RECONNECT)
    text = notice_email(problem(cause, count=1), T0, OPENED)
    assert text.subject == "[Writeback] QuickBooks is disconnected (practice northside)"
    assert "1 entry waiting behind it so far. No entry has failed." in text.body
    assert "must connect it again" in text.body


def test_the_closing_mail_names_the_same_reference() -> None:
    opened = notice_email(problem(MAPPING), T0, OPENED)
    closed = notice_email(problem(MAPPING, count=0), T0, Step(kind=StepKind.RESOLVED, number=2))
    reference = opened.body.splitlines()[-1]
    assert closed.subject.startswith("[Writeback] Solved: ")
    assert closed.body.splitlines()[-1] == reference


def test_an_unknown_practice_is_said_to_be_unknown() -> None:
    cause = Cause(CauseKind.RECORD, None, DeadLetterReason.UNDECODABLE)
    text = notice_email(problem(cause, practice_id=UNKNOWN_PRACTICE, count=1), T0, OPENED)
    assert text.subject == "[Writeback] 1 payment record: a record could not be decoded (unknown practice)"


EVERY_REASON: list[Reason] = [*DeadLetterReason, *ConnectionReason, *AttentionReason]


def _family(reason: Reason) -> CauseKind:
    if isinstance(reason, AttentionReason):
        return CauseKind.EVENT
    return CauseKind.CONNECTION if isinstance(reason, ConnectionReason) else CauseKind.POSTING


def test_a_mail_about_a_dispute_names_its_last_day() -> None:
    """R-10: staff have to answer in time; the mail says by when, and nothing about whom."""
    cause = Cause(CauseKind.EVENT, None, AttentionReason.DISPUTE_OPENED)
    text = notice_email(problem(cause, count=1, answer_by=datetime(2026, 3, 20, 12, tzinfo=UTC)), T0, OPENED)
    assert text.subject == "[Writeback] 1 case: a patient's payment is disputed (practice northside)"
    assert "What happened: a patient's payment is disputed (1 case)." in text.body
    assert "Answer by: 2026-03-20 12:00 UTC" in text.body


CANARIES = ("Zaphira Quillfeather", "1871-02-29", "pat-CANARY-77", "4111", "123.45", "555-0199")


@pytest.mark.parametrize("kind", list(StepKind))
@pytest.mark.parametrize("reason", EVERY_REASON)
def test_no_mail_can_carry_patient_data(reason: Reason, kind: StepKind) -> None:
    """H-5, H-6: a mail is made of counts, times, a practice and closed words; a code of a vendor is not printed."""
    family = _family(reason)
    for target in Target:
        text = notice_email(
            problem(Cause(family, target, reason), vendor_code=" ".join(CANARIES)),
            T0,
            Step(kind=kind, number=1, more=1),
        )
        assert not [canary for canary in CANARIES if canary in text.subject + text.body]
        assert "{" not in text.subject + text.body
        assert "\n" not in text.subject


@pytest.mark.parametrize("reason", EVERY_REASON)
def test_a_cause_survives_its_key(reason: Reason) -> None:
    family = _family(reason)
    for target in (None, *Target):
        cause = Cause(family, target, reason)
        assert Cause.parse(cause.key) == cause

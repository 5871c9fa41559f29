"""A practice of which nothing is reported any more: measured in the ledger, told once, in its office hours (law 27)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.health_codec import decode_reported
from schemas.silence import UpstreamSilence
from sinks.notices.watch_silence import is_wide
from tests.sinks.notices.notice_ledger import NoticeLedger, wait_until

pytestmark = pytest.mark.stack
OFFICE, OPERATOR = "office@northside.example", "ops@writeback.example"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FRIDAY = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
"""17:00 in New York."""
MONDAY = FRIDAY + 3 * DAY
_numbers = itertools.count(1)


def opened(ledger: NoticeLedger, practice: str, *contacts: str, target: str = "PMS", master: bool = True) -> None:
    """A practice that has used a target for long; its office is in New York."""
    ledger.practice(practice, *contacts)
    ledger.saved(practice, {"zone": "America/New_York", "master": master, "status": "ACTIVE"})
    ledger.connection.execute(
        "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url, account_fingerprint)"
        " VALUES (%s, 'pms', %s, 'open_dental', 'http://127.0.0.1', %s)",
        (practice, target, practice),
    )
    ledger.connection.execute(
        "INSERT INTO practice_connections VALUES (%s, %s, %s, 'pms')", (practice, target, practice)
    )


def reported(ledger: NoticeLedger, practice: str, until: datetime, *, kind: str = "payment", each: int = 1) -> None:
    """For six weeks until then: `each` reports every office day, an hour apart, the last of them at that hour."""
    days = (until - n * DAY for n in range(42))
    for day in (each_day for each_day in days if each_day.weekday() < 5):
        for hour in range(each):
            ledger.event(next(_numbers), practice, kind=kind, occurred_at=day - hour * HOUR)


def silent(ledger: NoticeLedger, practice: str = "northside") -> Any:
    return ledger.one(f"SELECT silent_since FROM upstream_silence WHERE practice_id = '{practice}'")


def looked(ledger: NoticeLedger) -> None:
    """Wait until nothing is left to be looked at."""
    wanted = "SELECT count(*) FROM practice_connections"
    wait_until(
        lambda: ledger.one("SELECT count(*) FROM upstream_silence WHERE learned_at > 'epoch'") == ledger.one(wanted)
    )


def said(ledger: NoticeLedger) -> list[UpstreamSilence]:
    """What HEALTH was told, in order."""
    query = "SELECT value FROM outbox WHERE topic = 'poster-heartbeats.v1' ORDER BY enqueued"
    found = [decode_reported(row[0]) for row in ledger.connection.execute(query)]
    return [each for each in found if isinstance(each, UpstreamSilence)]


def test_silence_is_told_once_and_its_end_too(ledger: NoticeLedger) -> None:
    """Eight payments a day, and none since Friday evening: over the weekend that is nothing, on Monday it is told."""
    opened(ledger, "northside", OFFICE)
    reported(ledger, "northside", FRIDAY, each=8)
    ledger.at(MONDAY - 8 * HOUR)
    with ledger.notifier():
        looked(ledger)
        assert silent(ledger) is None, "a weekend is no silence"
        ledger.at(MONDAY - HOUR)
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        ledger.event(next(_numbers), occurred_at=FRIDAY + HOUR / 2, kind="payment")
        wait_until(lambda: len(said(ledger)) >= 2)
        assert silent(ledger) is not None, "what comes late of the silence itself does not end it"
        ledger.event(next(_numbers), occurred_at=ledger.now - HOUR / 2, kind="payment")
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    assert silent(ledger) is None
    headline = "no payment has been reported for longer than is usual"
    assert [subject.partition(" (")[0] for subject in ledger.mailbox.subjects(OFFICE)] == [
        f"[Writeback] 1 case: {headline}",
        f"[Writeback] Solved: {headline}",
    ]
    body = str(ledger.mailbox.mails()[0][1].get_content())
    assert "--change holidays=DAYS" in body
    first, *again, last = said(ledger)
    assert first.silent_since is not None
    assert all(each.silent_since == first.silent_since for each in again), "a level, said again while it lasts"
    assert last.silent_since is None


def test_payouts_are_missed_by_days(ledger: NoticeLedger) -> None:
    """One a day: the third working day without one is told, to whom books concern."""
    opened(ledger, "northside", OFFICE, target="QUICKBOOKS")
    reported(ledger, "northside", FRIDAY, kind="payout")
    reported(ledger, "northside", MONDAY + DAY, each=8)
    ledger.at(MONDAY + DAY)
    with ledger.notifier():
        looked(ledger)
        assert silent(ledger) is None
        ledger.at(MONDAY + 3 * DAY)
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
    assert "no payout has been reported" in ledger.mailbox.subjects(OFFICE)[0]


def test_holidays_that_are_entered_later_end_it(ledger: NoticeLedger) -> None:
    """The way out of a practice that was closed: its letter names the command."""
    opened(ledger, "northside", OFFICE)
    reported(ledger, "northside", FRIDAY, each=8)
    ledger.at(MONDAY)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        ledger.connection.execute("""UPDATE settings SET body = body || '{"holidays": ["2026-03-09"]}'""")
        wait_until(lambda: len(ledger.mailbox.raw) == 2)
    assert "Solved" in ledger.mailbox.subjects(OFFICE)[1]


def test_nobody_is_missed_who_has_no_habits_or_posts_nothing(ledger: NoticeLedger) -> None:
    """A practice that began last week, one that never reported, one that is switched off; and what it says itself."""
    for practice, master in (("new", True), ("never", True), ("off", False)):
        opened(ledger, practice, f"{practice}@example.com", master=master)
    reported(ledger, "off", FRIDAY, each=8)
    for hour in range(8):
        ledger.event(next(_numbers), "new", kind="payment", occurred_at=FRIDAY - hour * HOUR)
    ledger.at(MONDAY + 7 * DAY)
    with ledger.notifier():
        looked(ledger)
        assert ledger.one("SELECT count(silent_since) FROM upstream_silence") == 0
    assert not ledger.mailbox.raw


def test_when_many_are_silent_the_operator_is_told_and_they_are_not(ledger: NoticeLedger) -> None:
    """Who reports of them has stopped: one letter, not one to each practice. Who was told before keeps the notice."""
    opened(ledger, "northside", OFFICE)
    reported(ledger, "northside", FRIDAY - DAY, each=8)
    for number in range(11):
        opened(ledger, f"p{number}", f"p{number}@example.com")
        reported(ledger, f"p{number}", FRIDAY, each=8)
    ledger.at(FRIDAY - HOUR)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.subjects(OFFICE)) == 1)
        ledger.at(MONDAY)
        wait_until(lambda: len(ledger.mailbox.subjects(OPERATOR)) == 1)
        assert ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 2
        for number in range(11):
            ledger.event(next(_numbers), f"p{number}", kind="payment", occurred_at=ledger.now)
        wait_until(lambda: ledger.one("SELECT count(silent_since) FROM upstream_silence") == 1)
        ledger.later(2 * HOUR)
        wait_until(lambda: len(ledger.mailbox.subjects(OPERATOR)) == 2)
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 1)
    assert len(ledger.mailbox.raw) == 3


def test_two_notifiers_tell_it_once(ledger: NoticeLedger) -> None:
    """Several may look: each row is one's at a time, and what is said twice does no harm."""
    opened(ledger, "northside", OFFICE)
    reported(ledger, "northside", FRIDAY, each=8)
    ledger.at(MONDAY)
    with ledger.notifier(), ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        wait_until(lambda: len(said(ledger)) >= 2)
    assert len(ledger.mailbox.raw) == 1
    assert {each.silent_since for each in said(ledger)} == {silent(ledger)}


def test_a_target_that_is_left_is_looked_at_no_more(ledger: NoticeLedger) -> None:
    opened(ledger, "northside", OFFICE)
    reported(ledger, "northside", FRIDAY, each=8)
    ledger.at(MONDAY)
    with ledger.notifier():
        wait_until(lambda: len(ledger.mailbox.raw) == 1)
        ledger.connection.execute("DELETE FROM practice_connections")
        wait_until(lambda: ledger.one("SELECT count(*) FROM notices WHERE closed_at IS NULL") == 0)
    assert ledger.one("SELECT count(*) FROM upstream_silence") == 0


@pytest.mark.parametrize(
    ("lately", "known", "wide"), [(9, 9, False), (10, 100, True), (10, 101, False), (12, 12, True)]
)
def test_a_tenth_of_all_and_ten_at_least_are_many(lately: int, known: int, wide: bool) -> None:
    assert is_wide(lately, known) is wide

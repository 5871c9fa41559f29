"""The review of a day: counted, against the PMS and the payouts, signed, and visibly reopened (VER-2 to VER-5)."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest

from schemas.bookkeeping.money import Money as Amount
from sinks.operations.actions.entry_action_rules import EntryAction
from sinks.operations.actions.entry_actions import act_on_entries
from sinks.operations.actions.sign_day import sign_day
from sinks.operations.review.export import csv_of
from sinks.operations.review.figures import DayStatus, Found, Review
from sinks.operations.review.load import review_day, review_week
from sinks.operations.review.pdf_review import lines_of_review, pdf_bytes
from streams.runtime.errors import ConfigurationError, Permanent
from tests.processors.rules.event_examples import NOON, PRACTICE, changed, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due
from tests.sinks.operations.orders import ledger_of, order

pytestmark = pytest.mark.stack
DAY = NOON.date()


@pytest.fixture
def day(database: LedgerDatabase) -> LedgerDatabase:
    """100.00 by card, of which 96.80 and 3.20 are posted in the evening."""
    database.add()
    database.link()
    database.report(payment())
    return database


def review(database: LedgerDatabase, on: date = DAY) -> Review:
    return review_day(ledger_of(database.connection, database.clock), PRACTICE, on)


def sign(database: LedgerDatabase, *, apply: bool = True, name: str = "Ada") -> Review:
    ledger = ledger_of(database.connection, database.clock)
    return sign_day(ledger, PRACTICE, DAY, order(name, "the day sheet agrees", apply=apply))


def test_a_day_is_complete_when_all_of_it_is_in_the_books(day: LedgerDatabase) -> None:
    before = review(day)
    assert not before.check.complete
    (line,) = before.figures.lines
    assert (line.payment_kind, line.tender) == (payment().kind, payment().tender)
    assert (line.entries, line.posted_minor, line.open_minor) == (2, 0, 10_000)
    post_what_is_due(day, PRACTICE)
    after = review(day)
    assert (after.check.complete, after.check.settled) == (True, 2)
    assert (after.figures.lines[0].posted_minor, after.figures.lines[0].open_minor) == (10_000, 0)
    assert (after.pms_minor, after.reported_minor, after.in_transit_minor) == (10_000, 10_000, 10_000)
    assert review(day, DAY + timedelta(days=1)).check.counted == 0


def test_a_signed_day_is_reopened_by_what_changes_it(day: LedgerDatabase) -> None:
    """A late payment of the day, seen with what is otherwise; signed again, it stands again."""
    post_what_is_due(day, PRACTICE)
    assert sign(day, apply=False).status is DayStatus.OPEN
    assert review(day).status is DayStatus.OPEN, "a preview signs nothing"
    signed = sign(day)
    assert (signed.status, signed.signed and signed.signed.signed_by) == (DayStatus.SIGNED, "Ada")
    with pytest.raises(Permanent, match="nothing changed since"):
        sign(day, name="Grace")
    day.report(changed(payment(), event_id="ev-late", payment_id="pay-late"))
    reopened = review(day)
    assert reopened.status is DayStatus.REOPENED
    assert any("not in the books 0.00 when it was signed, 100.00 now" in each for each in reopened.changes)
    assert any("REOPENED" in each for each in lines_of_review(reopened))
    assert sign(day, name="Grace").status is DayStatus.SIGNED
    assert not review(day).check.complete
    act_on_entries(ledger_of(day.connection, day.clock), EntryAction.DISMISS, PRACTICE, [3], order())
    assert review(day).status is DayStatus.REOPENED
    trail = day.rows("SELECT actor, subject FROM audit WHERE action = 'day.sign' ORDER BY n")
    assert trail == [("Ada", DAY.isoformat()), ("Grace", DAY.isoformat())]
    assert day.rows("SELECT signed_by, complete FROM day_signoffs ORDER BY n") == [("Ada", True), ("Grace", False)]


def test_a_day_to_come_is_not_signed(day: LedgerDatabase) -> None:
    ledger = ledger_of(day.connection, day.clock)
    with pytest.raises(ConfigurationError, match="has not begun"):
        sign_day(ledger, PRACTICE, DAY + timedelta(days=400), order())


def test_what_people_change_in_their_own_system_reopens_the_day(day: LedgerDatabase) -> None:
    """The mirror beside what was posted: the same, another amount, gone; what they typed in is counted apart."""
    post_what_is_due(day, PRACTICE)
    _read_there(day, "payment/1", 9_680, ours=True)
    _read_there(day, "payment/99", 5_000, ours=False)
    found = review(day)
    assert {(each.ours, each.amount_minor) for each in found.in_pms} == {(True, 9_680), (False, 5_000)}
    assert {each.found: each.entries for each in found.found} == {Found.SAME: 1, Found.NOT_READ: 1}
    sign(day)
    _read_there(day, "fee_adjustment/2", 320, ours=True)
    assert review(day).status is DayStatus.SIGNED, "that it was read at last is no change"
    day.connection.execute("UPDATE mirror_entries SET amount_minor = 9_000 WHERE external_id = 'payment/1'")
    assert review(day).changes == (
        "entries that were changed in the practice's own system: 0 when it was signed, 1 now",
    )
    day.connection.execute("UPDATE mirror_entries SET gone_at = now() WHERE external_id = 'payment/1'")
    assert any("gone from" in each for each in review(day).changes)


def _read_there(database: LedgerDatabase, external_id: str, minor: int, *, ours: bool) -> None:
    database.connection.execute(
        "INSERT INTO mirror_entries (practice_id, external_id, kind, pms_patient_id, amount_minor, entry_date, made_on,"
        " ours, run, read_at) VALUES (%s, %s, 'payments', '11', %s, %s, %s, %s, 1, now())",
        (PRACTICE, external_id, minor, DAY, DAY, ours),
    )


def test_a_week_names_the_signature_of_each_day(day: LedgerDatabase) -> None:
    post_what_is_due(day, PRACTICE)
    sign(day)
    week = review_week(ledger_of(day.connection, day.clock), PRACTICE, DAY)
    assert (week.days[0].day.weekday(), len(week.days)) == (6, 7), "weeks begin on Sunday"
    assert {each.day: each.status for each in week.days}[DAY] is DayStatus.SIGNED
    assert week.status is DayStatus.OPEN
    assert week.check.counted == sum(each.check.counted for each in week.days) == 2
    day.connection.execute("UPDATE practices SET week_starts = 'MONDAY'")
    assert review_week(ledger_of(day.connection, day.clock), PRACTICE, DAY).days[0].day.weekday() == 0


def test_paper_and_spreadsheet_say_the_same(day: LedgerDatabase) -> None:
    post_what_is_due(day, PRACTICE)
    found = sign(day)
    rows = list(csv.DictReader(io.StringIO(csv_of(found))))
    posted = [each["amount"] for each in rows if each["section"] == "posted"]
    assert posted == [f"{Amount(10_000, 'USD').decimal():.2f}"]
    assert not any(cell.startswith(("=", "+", "@")) for each in rows for cell in each.values())
    assert pdf_bytes(found).startswith(b"%PDF")
    assert any("signed by Ada" in each for each in lines_of_review(found))

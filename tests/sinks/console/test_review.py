"""Daily review: what it shows leads to what it counts, and a signature is a person's, of what they saw."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.processors.rules.event_examples import changed, payment
from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.console.offices import DAY, more
from tests.sinks.console.visitor import Answer, Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

QUIET = "2026-02-10"
"""A day on which nothing happened before these tests."""


def day(visitor: Visitor, on: str = QUIET, span: str = "day") -> Answer:
    return visitor.get(f"/practices/p1/review?day={on}&span={span}")


def signed(ledger: LedgerDatabase) -> list[tuple[str, str]]:
    query = "SELECT signed_by, why FROM day_signoffs WHERE practice_id = 'p1' AND day = %s ORDER BY n"
    return [(row[0], row[1]) for row in ledger.rows(query, QUIET)]


def minor(amount: str) -> int:
    return round(float(amount.replace(",", "")) * 100)


def test_every_figure_leads_to_what_it_counts(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """The sums of the transactions behind a figure are that figure, and its entries are as many: of what a person
    entered otherwise than it was planned too."""
    ada = console.ada()
    number = more(ledger, 710)
    shown = ada.submit(ada.get(f"/practices/p1/do/record/e:{number}"), "seen", why="so it is there", amount="8.00")
    ada.submit(shown, "seen", why="so it is there", amount="8.00")
    assert "entered 8.00 USD" in ada.get(f"/practices/p1/transactions?day={DAY}").words
    assert "(entered 8.00 USD)" in ada.get(f"/practices/p1/story/e:{number}").words
    whole = day(ada, DAY).text
    body = whole.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = re.findall(r'<td class="amount"><a href="([^"]+)">([0-9.,-]+) USD</a></td>', body)
    booked = re.findall(r'<dt>Booked in the system</dt><dd><a href="([^"]+)">([0-9.,-]+) USD</a>', whole)
    assert cells
    assert len(booked) == 1
    for address, amount in cells + booked:
        behind = ada.get(address.replace("&amp;", "&"))
        sums = behind.text.partition("<h2>Sums")[2]
        assert sum(minor(each) for each in re.findall(r" ([0-9.,-]+) USD \(", sums)) == minor(amount), address
    counts = re.findall(r'</th><td><a href="([^"]+)">([0-9]+)</a></td>', body)
    assert counts
    for address, count in counts:
        behind = ada.get(address.replace("&amp;", "&"))
        assert behind.text.count('<th scope="row">') == int(count), address


def test_a_day_is_signed_as_it_was_seen_and_reopened_by_a_later_change(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """VER-4, E-15: with a reason and by a word; what changed since it was shown is shown again."""
    ada, nina = console.ada(), console.nina()
    page = day(ada)
    assert "Not signed" in page.words
    assert ada.submit(page, "seen", why="the day sheet").status == 422, "without saying that it was compared"
    assert ada.submit(page, "seen", compared="1", why=" ").status == 422
    assert ada.submit(page, "seen", compared="1", why="4111 1111 1111 1111").status == 422
    assert signed(ledger) == []
    done = ada.submit(page, "seen", compared="1", why="the day sheet")
    assert done.status == 200
    assert "Signed by ada" in done.words
    assert 'name="compared"' not in done.text, "nothing is left to sign"
    assert signed(ledger) == [("ada", "the day sheet")]
    week = day(ada, span="week")
    assert "Signed by ada" in week.words
    assert 'name="compared"' not in week.text
    late = payment(2_000, 50, practice_id="p1", event_id="ev-late", payment_id="pay-late")
    ledger.report(changed(late, occurred_at=late.occurred_at.replace(month=2, day=10)))
    reopened = day(nina)
    assert "Reopened" in reopened.words
    assert "0.00 when it was signed, 20.00 now" in reopened.words
    old = page.form("seen").fields["seen"]
    stale = nina.submit(reopened, "seen", seen=old, compared="1", why="again")
    assert stale.status == 422
    assert "not as you saw it any more" in stale.words
    nina.submit(reopened, "seen", compared="1", why="with the late one")
    assert signed(ledger) == [("ada", "the day sheet"), ("nina", "with the late one")]


def test_a_week_and_a_day_to_come_are_not_signed(console: RunningConsole) -> None:
    ada = console.ada()
    assert 'name="compared"' not in day(ada, "2099-01-05").text
    page = day(ada, "2026-02-11")
    assert ada.submit(page, "seen", day="2099-01-05", compared="1", why="x").status == 422
    week = ada.submit(page, "seen", span="week", compared="1", why="x")
    assert week.status == 422
    assert "day by day" in week.words


def test_it_is_printed_and_computed_with_by_who_may_take_files_along(console: RunningConsole) -> None:
    ada = console.ada()
    address = f"/practices/p1/review/file/csv?day={DAY}&span=week"
    file = ada.get(address)
    assert file.headers["content-disposition"] == 'attachment; filename="review-week-2026-03-01.csv"'
    assert file.headers["content-type"].startswith("text/csv")
    assert {each["practice"] for each in csv.DictReader(io.StringIO(file.text))} == {"p1"}
    assert ada.get(address.replace("/csv", "/exe")).status == 404
    kim = console.person("kim", "p1")
    console.command("user", "role", "kim", "--take", "poster", "--practice", "p1", *DO)
    page = day(kim, DAY)
    assert page.status == 200
    assert "/file/" not in page.text
    assert 'name="compared"' not in page.text, "who only looks signs nothing"
    assert kim.get(address).status == 404
    console.command("user", "role", "kim", "--give", "poster", "--practice", "p1", *DO)

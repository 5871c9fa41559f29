"""Payouts: to the cent from the books to the bank to QuickBooks, each difference with its cause and its story."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.console.visitor import Answer
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

MARCH = "from=2026-03-01&to=2026-03-31"


def minor(amount: str) -> int:
    return round(float(amount.replace(",", "")) * 100)


def adds_up(page: Answer) -> list[int]:
    """Each figure with its differences is the next one; answers the figures."""
    steps = re.findall(
        r"<h3>[^<]*?: (-?[0-9.,]+) USD</h3>(.*?)</li>\s+<li>|<h3>[^<]*?: (-?[0-9.,]+) USD</h3>", page.text, re.S
    )
    figures = [minor(first or last) for first, _, last in steps]
    for place, (_, causes, _) in enumerate(steps[:-1]):
        differences = [minor(each) for each in re.findall(r">(-?[0-9.,]+) USD</a>", causes)]
        assert figures[place] + sum(differences) == figures[place + 1], page.path
    return figures


def test_each_figure_with_its_differences_is_the_next_one(console: RunningConsole) -> None:
    page = console.ada().get(f"/practices/p1/payouts?{MARCH}")
    assert "Every difference has a cause" in page.words
    assert len(adds_up(page)) == 4
    assert "po-1" in page.text


def test_a_difference_leads_to_its_story_and_its_cause_to_its_differences(console: RunningConsole) -> None:
    ada = console.ada()
    page = ada.get(f"/practices/p1/payouts?{MARCH}")
    stories = re.findall(r'<th scope="row"><a href="(/practices/p1/story/[^"]+)"', page.text)
    assert stories
    for address in dict.fromkeys(stories):
        assert ada.get(address).status == 200, address
    causes = re.findall(r'<li><a href="(\?[^"]+joint=[A-Z_]+)#differences">(-?[0-9.,]+) USD', page.text)
    assert causes
    for query, amount in causes:
        chosen = ada.get(f"/practices/p1/payouts{query.replace('&amp;', '&')}")
        table = chosen.text.partition('id="differences"')[2]
        assert sum(minor(each) for each in re.findall(r'class="amount">(-?[0-9.,]+) USD', table)) == minor(amount)


@pytest.mark.parametrize(("span", "period"), [("DAY", "2026-03-04"), ("MONTH", "2026-03"), ("YEAR", "2026")])
def test_totals_are_those_of_days_months_or_a_tax_year(console: RunningConsole, span: str, period: str) -> None:
    page = console.ada().get(f"/practices/p1/payouts?from=2026-01-01&to=2026-12-31&totals={span}")
    assert f'<th scope="row">{period}</th>' in page.text


def test_it_is_taken_along_by_who_may(console: RunningConsole, ledger: LedgerDatabase) -> None:
    ada = console.ada()
    rows = list(csv.DictReader(io.StringIO(ada.get(f"/practices/p1/payouts/file/csv?{MARCH}").text)))
    page = ada.get(f"/practices/p1/payouts?{MARCH}")
    assert {each["about"] for each in rows if each["about"]} <= set(re.findall(r"story/([^\"]+)\"", page.text))
    assert console.olga().get(f"/practices/p1/payouts/file/csv?{MARCH}").status == 404, "of ops no file"
    kept = ledger.rows("SELECT actor, subject FROM audit WHERE action = 'console.file_taken'")
    assert ("ada", "p1 payouts-2026-03-01-to-2026-03-31.csv") in kept
    assert "olga" not in {actor for actor, _ in kept}


@pytest.mark.parametrize("wrong", ["from=2026-03-05&to=2026-03-01", "from=2020-01-01&to=2026-01-01", "from=x", "to=31"])
def test_days_in_no_order_are_refused_in_words(console: RunningConsole, wrong: str) -> None:
    page = console.ada().get(f"/practices/p1/payouts?{wrong}")
    assert page.status == 409
    assert "day" in page.words
    assert "--" not in page.words


def test_a_group_is_one_figure_for_who_has_it_all(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """SUP-2: both practices, together and each; for nobody who has but one of them."""
    console.group()
    console.account("lea", "p1")
    console.command("user", "role", "lea", "--give", "group_admin", "--organisation", "group-1", *DO)
    lea = console.person("lea")
    address = f"/groups/group-1/payouts?{MARCH}"
    assert "/groups/group-1/payouts" in lea.get("/").text
    together = adds_up(lea.get(address))
    apart = [adds_up(lea.get(f"/practices/{each}/payouts?{MARCH}")) for each in ("p1", "p2")]
    assert together == [sum(both) for both in zip(*apart, strict=True)]
    assert lea.get(f"/groups/group-1/payouts/file/pdf?{MARCH}").headers["content-type"] == "application/pdf"
    kept = ledger.rows("SELECT subject FROM audit WHERE action = 'console.file_taken' AND actor = 'lea'")
    assert kept == [("group group-1 payouts-2026-03-01-to-2026-03-31.pdf",)]
    ada = console.ada()
    for hidden in (address, f"/groups/group-1/payouts/file/csv?{MARCH}", "/groups/nobody/payouts"):
        assert ada.get(hidden).status == 404
    assert "/groups/" not in ada.get("/", follow=True).text


@pytest.mark.parametrize(("group", "zone"), [("east", "Pacific/Kiritimati"), ("west", "Etc/GMT+12")])
def test_a_groups_month_so_far_ends_on_its_practices_day(
    console: RunningConsole, ledger: LedgerDatabase, group: str, zone: str
) -> None:
    """At any hour one of the two has another day than UTC."""
    practice = f"p-{group}"
    ledger.add(practice, zone=zone)
    console.command("organisation", "add", group, *DO)
    console.command("organisation", "join", group, practice, *DO)
    olga = console.olga()
    last = r'name="to" value="([0-9-]+)"'
    before = datetime.now(ZoneInfo(zone)).date()
    shown = re.findall(last, olga.get(f"/groups/{group}/payouts").text)
    after = datetime.now(ZoneInfo(zone)).date()
    assert shown in ([before.isoformat()], [after.isoformat()])

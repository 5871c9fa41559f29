"""Every page: what it shows, to whom, and with how many questions to the database."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.scenarios.waiting import until
from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.console.offices import DAY
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.live.serving import served

pytestmark = [pytest.mark.stack, pytest.mark.long]

OF_P1 = (
    "/practices/p1/to-do",
    f"/practices/p1/transactions?day={DAY}",
    f"/practices/p1/transactions?day={DAY}&span=week&state=AWAITING_LINK",
    f"/practices/p1/review?day={DAY}",
    f"/practices/p1/review?day={DAY}&span=week",
    "/practices/p1/payouts?from=2026-03-01&to=2026-03-31",
    "/practices/p1/inbox",
    "/practices/p1/inbox?all=1",
    "/practices/p1/story/e:1",
    "/practices/p1/do/post/e:1",
    "/practices/p1/do/record/e:1",
    "/practices/p1/do/dismiss/e:1",
    "/practices/p1/settle/bank-is-right/d:1",
    "/practices/p1/link/3",
    "/practices/p1/settings",
    "/practices/p1/integrations",
    "/practices/p1/quickbooks",
    "/practices/p1/go-live",
    "/practices/p1/contacts",
    "/practices/p1/patient/3",
)
OF_OPERATORS = ("/operations", "/operations/redrive?practice=p1", "/operations/signals", "/practices/new")
OF_ANYBODY = ("/account/second-factor", "/account/recovery-codes", "/account/recovery-codes/new", "/account/password")


@pytest.mark.parametrize("path", [*OF_P1, *OF_OPERATORS, *OF_ANYBODY])
def test_a_page_is_shown_to_whoever_may_open_it(console: RunningConsole, path: str) -> None:
    page = (console.olga() if path in OF_OPERATORS else console.ada()).get(path)
    assert page.status == 200
    assert page.text.count("<h1>") == 1
    assert page.text.count("<main") == 1


@pytest.mark.parametrize("path", ["/", *OF_P1, *OF_OPERATORS, *OF_ANYBODY])
def test_nobody_is_shown_a_page_who_has_not_signed_in(console: RunningConsole, path: str) -> None:
    """H-18: not even that it is there; a made-up address is answered alike."""
    stranger = console.visitor()
    for asked in (path, path.replace("p1", "p0")):
        answer = stranger.get(asked)
        assert answer.status == 302
        assert answer.headers["location"].startswith("/account/sign-in")
        assert "<main" not in answer.text


@pytest.mark.parametrize("path", [*(each.replace("p1", "p2") for each in OF_P1), *OF_OPERATORS])
def test_another_practice_is_not_there(console: RunningConsole, path: str) -> None:
    """H-22: what an account does not open answers as what does not exist, to reading and to doing."""
    ada = console.ada()
    refused, missing = ada.get(path), ada.get("/practices/p0/to-do")
    assert refused.status == missing.status == 404
    assert refused.words == missing.words
    token = ada.get("/practices/p1/do/post/e:1").form("seen").fields["csrfmiddlewaretoken"]
    done = ada.ask("POST", path, f"csrfmiddlewaretoken={token}&why=x&step=search&last_name=x")
    assert done.status == 404


def test_who_runs_the_program_sees_no_patient_and_posts_nothing(console: RunningConsole) -> None:
    """H-21, H-22: every practice's payments and none of the ways to change them; who a patient is, is not there."""
    olga = console.olga()
    page = olga.get("/practices/p2/to-do")
    assert page.status == 200
    assert "/do/" not in page.text
    assert "/link/" not in page.text
    assert olga.get("/practices/p1/link/3").status == 404
    refused = olga.get("/practices/p1/do/post/e:1")
    assert refused.status == 409
    assert "may not do this" in refused.words


def test_an_account_without_a_role_opens_nothing(console: RunningConsole) -> None:
    """Whoever was a user and is disabled, or has lost their roles, is signed in to an empty house."""
    omar = console.person("omar", "p1")
    assert omar.get("/practices/p1/to-do").status == 200
    console.command("user", "disable", "omar", *DO)
    assert omar.get("/practices/p1/to-do").status == 404
    assert "opens no practice yet" in omar.get("/").words
    console.command("user", "enable", "omar", *DO)
    assert omar.get("/practices/p1/to-do").status == 200
    console.command("user", "role", "omar", "--take", "poster", "--practice", "p1", *DO)
    page = omar.get("/practices/p1/to-do")
    assert "/link/3" in page.text
    assert "/do/post/" not in page.text


def test_an_entry_of_another_practice_has_no_story_here(console: RunningConsole) -> None:
    """Numbers are counted at each practice by themselves, and ids of events are looked for at this one alone."""
    ada = console.ada()
    assert ada.get("/practices/p1/story/e:99").status == 404
    assert "that waits is called so" in ada.get("/practices/p1/do/post/v:0123456789ab").words
    for wrong in ("e:", "e:x", "e:1 or 1", "x", "e:9999999999999999999"):
        assert ada.get(f"/practices/p1/do/post/{wrong.replace(' ', '%20')}").status == 404, wrong


def test_to_do_names_the_largest_amount_first_with_its_ways_out(console: RunningConsole) -> None:
    page = console.ada().get("/practices/p1/to-do")
    amounts = [float(each) for each in re.findall(r"<h2><a [^>]*>([0-9.]+) USD", page.text)]
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[0] == 299.0
    assert "299.00 USD, Charge" in page.words
    first = page.text.partition("<li>\n<h2>")[2].partition("</li>\n<li>")[0]
    assert "/practices/p1/link/3" in first
    assert "writeback " not in page.words, "commands are shown to those who have them"


def test_times_are_the_practices_own(console: RunningConsole) -> None:
    """Noon in New York."""
    page = console.ada().get(f"/practices/p1/transactions?day={DAY}")
    assert "2026-03-04 12:00:00 EST" in page.words
    assert 'datetime="2026-03-04T17:00:00+00:00"' in page.text
    assert "nothing happened" in console.ada().get("/practices/p1/transactions?day=2026-03-05").words.lower()


def test_who_is_linked_is_seen_without_who_it_is(console: RunningConsole) -> None:
    """LINK-2: a green bolt, or the way to the link; of a patient nothing."""
    page = console.ada().get(f"/practices/p1/transactions?day={DAY}")
    assert "⚡" in page.text
    assert "/practices/p1/link/3" in page.text
    assert "pt-1" not in page.text
    assert "pt-2" not in page.text


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_is_said(console: RunningConsole, day: str) -> None:
    page = console.ada().get(f"/practices/p1/transactions?day={day}")
    assert page.status == 409
    assert "day" in page.words


def test_what_a_part_of_a_page_asks_for_is_that_part(console: RunningConsole) -> None:
    """htmx: the story alone comes again, without the page around it."""
    part = console.ada().get("/practices/p1/story/e:1", HX_Request="true")
    assert part.status == 200
    assert part.text.lstrip().startswith('<div id="story"')
    assert "<html" not in part.text


def test_the_files_of_pages_are_kept_and_hold_what_they_should(console: RunningConsole) -> None:
    page = console.ada().get("/practices/p1/story/e:1")
    found = re.findall(r'(?:src|href)="(/asset/[^"]+)"', page.text)
    assert len(found) == 2
    for path in found:
        file = console.visitor().get(path)
        assert file.status == 200
        assert "immutable" in file.headers["cache-control"]
    assert console.visitor().get("/asset/0000/console.css").status == 404


def test_the_trail_is_searched_by_who_may_see_it(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Ada posts and links, and does not see what everybody did; Vera audits this practice. That she read is kept."""
    assert console.ada().get("/practices/p1/audit").status == 404
    vera = console.person("vera", "p1")
    console.command("user", "role", "vera", "--give", "auditor", "--practice", "p1", *DO)
    page = vera.get("/practices/p1/audit?actor=nobody-of-this-name")
    assert page.status == 200
    assert "Nothing like that" in page.words
    assert vera.get("/practices/p1/audit?since=x&before=x&until=9999-12-31&action=%27").status == 200
    assert vera.get("/practices/p2/audit").status == 404
    kept = ledger.rows("SELECT actor, subject FROM audit WHERE action = 'console.trail_read'")
    assert ("vera", "p1") in kept
    assert not {("ada", "p1"), ("vera", "p2")} & set(kept)


def test_signals_are_charts_of_what_the_processes_say(console: RunningConsole) -> None:
    """Read from their own metrics: no Prometheus and no script. A process that is gone is said."""
    olga = console.olga()
    with served("intake", "poster") as (intake, poster):
        intake.gauge("writeback_ledger_measured_timestamp_seconds", time.time())
        intake.gauge("writeback_effects_open", 4321, target="PMS", state="SCHEDULED")
        targets = [
            {"targets": [each.endpoint.address], "labels": {"component": each.endpoint.component, "slot": "0"}}
            for each in (intake, poster)
        ]
        (console.folder / "targets.json").write_text(json.dumps(targets))
        until(lambda: "4,321 entries" in olga.get("/operations/signals").words, "the chart of open entries")
    page = olga.get("/operations/signals")
    assert page.text.count("<polyline") >= 3
    assert "script" not in page.text.partition("<main")[2]
    assert "style=" not in page.text

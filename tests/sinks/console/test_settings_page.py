"""Settings > Payment Writeback in the browser: tried before it is saved, kept with who and why, refused beside its
field."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.processors.rules.event_examples import payment
from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]


def saved(ledger: LedgerDatabase, practice: str) -> list[tuple[object, ...]]:
    query = "SELECT version, body ->> 'amount', saved_by, reason FROM settings WHERE practice_id = %s ORDER BY version"
    return list(ledger.rows(query, practice))


def field(text: str, name: str) -> str:
    """The paragraph of one field."""
    return next(str(each) for each in re.findall(r"<p>.*?</p>", text, re.DOTALL) if f'name="{name}"' in each)


def test_a_change_is_shown_over_the_last_month_and_then_saved(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """SET-1, SET-6 to SET-8: the practice's own numbers, what-if before Save, who and why in the history."""
    ledger.add("set-net")
    ledger.link("pt-1", "set-net")
    now = datetime.now(UTC)
    ledger.clock.instant = now
    ledger.report(
        payment(20000, 640, practice_id="set-net", event_id="ev-w1", payment_id="pay-w1", at=now - timedelta(days=2))
    )
    sam, path = console.sam(), "/practices/set-net/settings"
    page = sam.get(path)
    assert page.status == 200
    assert "the patient paid 200.00 USD, the processor kept 6.40 USD" in page.words
    assert "193.60 USD, and a fee credit of 6.40 USD" in page.words
    tried = sam.submit(page, "csrfmiddlewaretoken", amount="GROSS", step="try")
    assert tried.status == 200
    assert "1 of 1 event would have come out otherwise" in tried.words
    assert "193.60 USD" in tried.words.partition("Over the last month")[2]
    assert saved(ledger, "set-net")[-1][1] == "NET", "nothing is saved by looking"
    silent = sam.submit(tried, "seen", amount="GROSS", step="save")
    assert silent.status == 422
    assert "Say why" in silent.words
    done = sam.submit(tried, "seen", amount="GROSS", step="save", why="fees are booked apart")
    assert done.status == 200
    assert saved(ledger, "set-net")[-1] == (2, "GROSS", "sam", "fees are booked apart")
    history = done.words.partition("History")[2]
    assert "saved by sam" in history
    assert "fees are booked apart" in history
    assert "net: what arrives in the bank" in history


def test_what_the_system_cannot_do_is_said_beside_its_field(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """TIM-3: INSTANT at a system that takes batches alone, also for one type; nothing is saved."""
    ledger.add("set-batch", timing="DAILY")
    ledger.connection.execute(
        "UPDATE connections SET capabilities = '{payment,fee_adjustment,batches_only}' WHERE home_practice_id = %s",
        ("set-batch",),
    )
    sam, path = console.sam(), "/practices/set-batch/settings"
    refused = sam.submit(sam.get(path), "csrfmiddlewaretoken", timing="INSTANT", step="try")
    assert refused.status == 422
    assert "takes postings in batches alone" in field(refused.text, "timing")
    assert "batches" not in field(refused.text, "amount")
    again = sam.submit(refused, "csrfmiddlewaretoken", why="x", seen="x", step="save")
    assert again.status == 422
    assert len(saved(ledger, "set-batch")) == 1
    wrong = sam.submit(sam.get(path), "csrfmiddlewaretoken", cut_off="late", step="try")
    assert "18:00" in field(wrong.text, "cut_off").partition('role="alert"')[2]


def test_going_live_is_not_switched_on_here_before_its_check(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """C4: refused beside the switch, and the browser's way is named, no command."""
    ledger.add("set-off", master=False)
    sam = console.sam()
    refused = sam.submit(sam.get("/practices/set-off/settings"), "csrfmiddlewaretoken", master="on", step="try")
    assert refused.status == 422
    assert "the page Go live" in field(refused.text, "master")
    assert "writeback " not in refused.words
    assert "--" not in refused.words


def test_what_the_organisation_has_locked_is_shown_as_locked(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """SUP-2: it cannot be chosen, the reason stands beside it, and a forged form does not change it either."""
    ledger.add("set-locked")
    console.command("organisation", "add", "grove", "--name", "Grove Dental", *DO)
    console.command("organisation", "set", "grove", "--change", "amount=NET", *DO)
    console.command("organisation", "lock", "grove", "amount", *DO)
    console.command("organisation", "join", "grove", "set-locked", *DO)
    sam, path = console.sam(), "/practices/set-locked/settings"
    page = sam.get(path)
    shown = field(page.text, "amount")
    assert "disabled" in shown
    assert "has locked this for all its practices" in shown
    assert "disabled" not in field(page.text, "allocation")
    before = len(saved(ledger, "set-locked"))
    forged = sam.submit(page, "csrfmiddlewaretoken", amount="GROSS", step="try")
    assert forged.status == 422
    assert "has locked this" in field(forged.text, "amount").partition('role="alert"')[2]
    assert len(saved(ledger, "set-locked")) == before


def test_somebody_else_was_first(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """What was looked at is what is saved: a version in between is shown first."""
    ledger.add("set-race")
    sam, path = console.sam(), "/practices/set-race/settings"
    tried = sam.submit(sam.get(path), "csrfmiddlewaretoken", allocation="POST_ONLY", step="try")
    console.command("settings", "set", "set-race", "--change", "amount=GROSS", *DO)
    late = sam.submit(tried, "seen", allocation="POST_ONLY", step="save", why="as agreed")
    assert late.status == 422
    assert "Look at what would change now" in late.words
    assert len(saved(ledger, "set-race")) == 2


def test_who_may_only_look_changes_nothing(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """H-21: the front desk sees the settings, without a button; a form of its own is refused."""
    ada = console.ada()
    page = ada.get("/practices/p1/settings")
    assert page.status == 200
    assert 'name="step"' not in page.text
    assert len(re.findall("<select[^>]* disabled", page.text)) == page.text.count("<select")
    assert "You can look at these settings" in page.words
    token = page.form("csrfmiddlewaretoken").fields["csrfmiddlewaretoken"]
    before = saved(ledger, "p1")
    forged = ada.ask("POST", "/practices/p1/settings", f"csrfmiddlewaretoken={token}&amount=GROSS&step=try")
    assert forged.status == 409
    assert "may not do this" in forged.words
    assert saved(ledger, "p1") == before


def test_what_the_practices_system_offers_is_shown_as_it_was_read(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """SET-11, SET-12, ALL-4: payment types from the mirror; one that is hidden there is said to be so."""
    ledger.add("set-mirror")
    for kind, value, name, usable in (("payment type", "71", "Card", True), ("payment type", "72", "Old", False)):
        ledger.connection.execute(
            "INSERT INTO mirror_choices VALUES ('set-mirror', %s, %s, %s, '', %s, 1, now())",
            (kind, value, name, usable),
        )
    offered = console.sam().get("/practices/set-mirror/settings").words.partition("What your system offers")[2]
    assert "(2)" in offered[:10]
    assert "Payment type: Card" in offered
    assert "Old cannot be chosen" in offered

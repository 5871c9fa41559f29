"""QuickBooks in the browser: connected by OAuth, mapped with the very document in view, disconnected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import pytest

from deploy.sandbox.running import SandboxProcess, running_sandbox
from tests.processors.rules.event_examples import item, payout
from tests.sinks.console.conftest import DO, RunningConsole
from tests.sinks.console.visitor import Answer, Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.quickbooks.browser import pick

pytestmark = [pytest.mark.stack, pytest.mark.long]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        running.quickbooks.add_company("9130000000000777", name="Larkspur Books")
        running.quickbooks.add_company("9130000000000778", name="Grove Books")
        running.quickbooks.add_company("9130000000000779", name="Former Books")
        running.quickbooks.add_company("9130000000000780", name="Shared Books")
        yield running


def begin(console: RunningConsole, sandbox: SandboxProcess, practice: str, **fields: str) -> tuple[Answer, str]:
    """The page with the way on, and its address at QuickBooks."""
    return begun_by(console.sam(), sandbox, practice, **fields)


def begun_by(somebody: Visitor, sandbox: SandboxProcess, practice: str, **fields: str) -> tuple[Answer, str]:
    keys = {"client_id": sandbox.quickbooks.client_id, "client_secret": sandbox.quickbooks.client_secret}
    page = somebody.submit(
        somebody.get(f"/practices/{practice}/quickbooks"),
        "client_id",
        keys | fields,
        base_url=sandbox.quickbooks.url,
        step="connect",
        why="the books are there",
    )
    assert page.status == 200, page.words
    found = re.findall(r'href="(http[^"]+)" rel="noreferrer">Go on to QuickBooks', page.text)
    return page, unescape(found[0])


def back(console: RunningConsole, address: str, company: str) -> str:
    """The console's own address, with the answer."""
    sent_to = pick(address, company)
    assert sent_to.startswith(f"{console.address}/quickbooks/callback?")
    return sent_to.removeprefix(console.address)


def test_a_company_is_connected_mapped_and_disconnected(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """QB-1 to QB-3, QB-13, S-3, S-4: proposals with reasons, the very document, and its end."""
    ledger.add("qb-1", connected=False)
    ledger.report(payout(item(1, 10_000, 320), practice_id="qb-1"))
    sam = console.sam()
    page, address = begin(console, sandbox, "qb-1")
    assert f"redirect_uri={quote(console.address, safe='')}" in address
    assert sandbox.quickbooks.client_secret not in page.text
    landed = sam.get(back(console, address, "Larkspur Books"))
    assert landed.status == 302, "the answer leaves the address at once"
    mapping = sam.get(landed.headers["location"])
    assert mapping.path == "/practices/qb-1/quickbooks/map"
    assert "Connected to Larkspur Books" in mapping.words
    assert "Proposed: " in mapping.words
    company = sandbox.quickbooks.company("9130000000000777")
    chosen = {
        "accounts.bank": company.account("Practice Checking"),
        "accounts.fees": company.account("Merchant Fees"),
        "accounts.income": company.account("Patient Income"),
        "accounts.uncategorised": company.account("Platform Fees"),
    }
    tried = sam.submit(mapping, "start_date", chosen, step="try")
    assert tried.status == 200, tried.words
    document = unescape(tried.words.partition("The document")[2])
    assert '"TotalAmt": 96.8' in document or '"Amount": 100' in document, document
    assert "Practice Checking" in document
    silent = sam.submit(tried, "start_date", chosen, step="save")
    assert silent.status == 422
    done = sam.submit(tried, "start_date", chosen, step="save", why="as the bookkeeper says")
    assert "The accounts are mapped" in done.words
    assert (
        ledger.one("SELECT config -> 'accounts' ->> 'bank' FROM connections WHERE home_practice_id = 'qb-1'")
        == (chosen["accounts.bank"])
    )
    shown = sam.get("/practices/qb-1/quickbooks/of/po-1")
    assert "It would go out so" in shown.words
    asked = sam.submit(sam.get("/practices/qb-1/quickbooks"), "csrfmiddlewaretoken", step="disconnect")
    assert "payouts wait until it is connected again" in asked.words
    assert ledger.one("SELECT secret IS NOT NULL FROM connections WHERE home_practice_id = 'qb-1'")
    ended = sam.submit(asked, "why", step="end", why="another program does it")
    assert "Disconnected from Larkspur Books" in ended.words
    assert not ledger.one("SELECT secret IS NOT NULL FROM connections WHERE home_practice_id = 'qb-1'")
    secret = sandbox.quickbooks.client_secret
    assert all(secret not in each.text for each in (mapping, tried, done, shown, asked, ended))
    assert secret not in console.role.text()


def test_an_answer_counts_once_for_whoever_began(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """S-4: not in another's browser, not twice, not with another state; nothing is connected."""
    ledger.add("qb-2", connected=False)
    sam = console.sam()
    _, address = begin(console, sandbox, "qb-2")
    answer = back(console, address, "Larkspur Books")
    assert console.nina().get(answer).status == 404, "she began nothing"
    assert console.visitor().get(answer).status == 302, "and nobody is signed in"
    forged = re.sub("state=[^&]+", "state=another", answer)
    refused = sam.get(sam.get(forged).headers["location"])
    assert "not to what was asked" in refused.words
    assert sam.get(answer).status == 404, "it was answered"
    assert ledger.rows("SELECT FROM connections WHERE home_practice_id = 'qb-2'") == []


def test_who_declines_is_told_how_to_begin_again(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    ledger.add("qb-3", connected=False)
    sam = console.sam()
    _, address = begin(console, sandbox, "qb-3")
    page = sam.get(sam.get(back(console, address, "Cancel")).headers["location"])
    assert page.path == "/practices/qb-3/quickbooks"
    assert "it was declined" in page.words


def test_another_company_is_not_connected_by_mistake(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """P-15: only where somebody said so."""
    ledger.add("qb-4", connected=False)
    sam = console.sam()
    for company, said, told in (
        ("Former Books", "", "Connected to Former Books"),
        ("Grove Books", "", "nothing was changed"),
        ("Grove Books", "on", "It is another company than before"),
    ):
        more = {"other_company": said} if said else {}
        _, address = begin(console, sandbox, "qb-4", **more)
        page = sam.get(sam.get(back(console, address, company)).headers["location"])
        assert told in page.words
        assert "--other-company" not in page.words


def test_a_company_of_a_practice_out_of_sight_is_refused_and_stays_connected(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase
) -> None:
    """Law 22: somebody who sees one practice alone is refused in words, and ends no other practice's access."""
    for practice in ("qb-5", "qb-6"):
        ledger.add(practice, connected=False)
    sam = console.sam()
    company = sandbox.quickbooks.company("9130000000000780")
    _, address = begin(console, sandbox, "qb-5")
    assert (
        "Connected to Shared Books"
        in sam.get(sam.get(back(console, address, "Shared Books")).headers["location"]).words
    )
    console.account("quin")
    console.command("user", "role", "quin", "--take", "ops", *DO)
    console.command("user", "role", "quin", "--give", "settings_admin", "--practice", "qb-6", *DO)
    quin = console.person("quin")
    _, address = begun_by(quin, sandbox, "qb-6")
    page = quin.get(quin.get(back(console, address, "Shared Books")).headers["location"])
    assert page.status == 200
    assert "already uses this account" in page.words
    assert ledger.rows("SELECT FROM connections WHERE home_practice_id = 'qb-6'") == []
    assert not company.tokens().revoked


def test_the_front_desk_connects_no_company(console: RunningConsole) -> None:
    ada = console.ada()
    page = ada.get("/practices/p1/quickbooks")
    assert page.status == 200
    assert 'name="step"' not in page.text
    assert ada.get("/practices/p1/quickbooks/map").status == 404

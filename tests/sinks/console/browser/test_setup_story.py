"""A new practice from nothing to a posted payment, in the browser alone (SET-14, SET-17, SET-24)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from deploy.sandbox.running import SandboxProcess, running_sandbox
from sinks.ledger.practices.links import link
from tests.processors.rules.event_examples import payment
from tests.scenarios.roles import Role
from tests.sinks.console.browser.chromium import WITHIN_MS, at_the_console, chromium
from tests.sinks.console.browser.test_in_chromium import AXE
from tests.sinks.console.conftest import SECRET_KEY, RunningConsole
from tests.sinks.ledger.ledger_fixture import SAVING, LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.machine]

PRACTICE, OFFICE = "new-1", "office-of-new-1"
EVERYTHING = ("ops", "settings_admin", "poster", "linker")

expect.set_options(timeout=WITHIN_MS)


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with running_sandbox() as running:
        running.open_dental.add_office(OFFICE, name="Larkspur Dental")
        yield running


@pytest.fixture
def poster(console: RunningConsole, tmp_path: Path) -> Iterator[Role]:
    role = Role(console.world, "poster", tmp_path, secret_key=SECRET_KEY)
    yield role
    role.end()


def usable(page: Page) -> None:
    """The step that is shown can be used by everybody, and is no wider than its window."""
    found = Axe().run(page, options=AXE).response["violations"]
    assert [f"{page.url}: {each['id']} {each['nodes'][0]['target']}" for each in found] == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), page.url


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True).first).to_be_visible()
    usable(page)


def test_a_new_practice_posts_its_first_payment(
    console: RunningConsole, sandbox: SandboxProcess, ledger: LedgerDatabase, poster: Role
) -> None:
    """Added, connected, mapped, tested, entitled, proven, live; then a payment is in the practice's own system, and the
    page says under which number."""
    patient = str(sandbox.open_dental.add_patient(OFFICE)["PatNum"])
    somebody = console.person("quentin", everywhere=EVERYTHING)
    with chromium() as browser, at_the_console(browser, console.address, somebody, 360) as page:
        page.goto("/")
        page.get_by_role("link", name="Add a practice").click()
        heading(page, "Add a practice")
        page.get_by_label("Its id").fill(PRACTICE)
        page.get_by_label("Time zone").fill("America/New_York")
        page.get_by_label("Its system", exact=True).select_option(label="Open Dental")
        page.get_by_role("button", name="Add it").click()

        heading(page, "Integrations")
        page.get_by_role("link", name="Connect through Open Dental").click()
        heading(page, "Connect Open Dental")
        page.get_by_label("How it is reached").select_option("LOCAL")
        page.get_by_label("Developer key").fill(sandbox.open_dental.developer_key)
        page.get_by_label("Customer key").fill(OFFICE)
        page.get_by_text("Another address").click()
        page.get_by_label("Address", exact=True).fill(sandbox.open_dental.url)
        page.get_by_role("button", name="Go on").click()

        heading(page, "What is posted as what")
        expect(page.get_by_label("Adjustment: the processor's fee, credited")).not_to_have_value("")
        page.get_by_role("button", name="See what would happen").click()
        heading(page, "What would happen")
        page.get_by_label("Why").fill("as the office says")
        page.get_by_role("button", name="Store and test it").click()
        expect(page.get_by_text("the system answers and has everything that was chosen")).to_be_visible()

        page.locator("main").get_by_role("link", name="Go live").click()
        heading(page, "Go live")
        page.locator("#entitle-why").fill("the contract is signed")
        page.get_by_role("button", name="Entitle it").click()
        expect(page.get_by_text("The practice is entitled")).to_be_visible()
        page.get_by_label("Test patient's number").fill(patient)
        page.get_by_role("button", name="Check without posting").click()
        expect(page.get_by_text("Nothing was written.")).to_be_visible()
        page.locator("#why").fill("goes live")
        page.get_by_role("button", name="Make the test post").click()
        expect(page.get_by_text("Passed. Posting is on")).to_be_visible()
        usable(page)
        assert len(sandbox.open_dental.payments(OFFICE)) == 1

        ledger.clock.instant = now = datetime.now(UTC)
        link(ledger.connection, PRACTICE, "pt-1", patient, SAVING, clock=ledger.clock, jitter_s=0)
        ledger.report(payment(20_000, 640, practice_id=PRACTICE, event_id="ev-new", payment_id="pay-new", at=now))
        number = ledger.one(
            "SELECT min(effect_id) FROM effects WHERE practice_id = %s AND event_id = 'ev-new'", PRACTICE
        )
        page.goto(f"/practices/{PRACTICE}/story/e:{number}")
        expect(page.locator("#story").get_by_text("In the books as").first).to_be_visible()
        expect(page.get_by_text("It is on its way; this page follows it.")).to_be_hidden()
        usable(page)
    assert [each.amount_minor for each in sandbox.open_dental.payments(OFFICE)] == [100, 19_360]
    assert poster.running

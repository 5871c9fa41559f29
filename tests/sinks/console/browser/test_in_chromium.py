"""What only a browser shows: pages that everybody can use, at any width, and what their two files do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.sinks.console.browser.chromium import WIDTHS, WITHIN_MS, at_the_console, chromium
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import DAY, more
from tests.sinks.console.visitor import NEW_PASSWORD
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.ledger.posting_by_hand import post_what_is_due

pytestmark = [pytest.mark.stack, pytest.mark.machine]

OF_ADA = (
    "/practices/p1/to-do",
    f"/practices/p1/transactions?day={DAY}",
    f"/practices/p1/transactions?day={DAY}&span=week&state=AWAITING_LINK",
    f"/practices/p1/transactions?day={DAY}&target=PMS&money=payments&tender=-",
    f"/practices/p1/review?day={DAY}",
    f"/practices/p1/review?day={DAY}&span=week",
    "/practices/p1/payouts?from=2026-03-01&to=2026-03-31",
    "/practices/p1/story/e:1",
    "/practices/p1/do/post/e:1",
    "/practices/p1/settle/bank-is-right/d:1",
    "/practices/p1/link/3",
    "/practices/p1/patient/3",
    "/practices/p1/inbox",
    "/practices/p1/settings",
    "/practices/p1/integrations",
    "/practices/p1/quickbooks",
    "/practices/p1/go-live",
    "/account/second-factor",
    "/account/recovery-codes",
    "/account/password",
)
OF_OLGA = (
    "/",
    "/operations",
    "/operations/redrive?practice=p1",
    "/operations/signals",
    "/organisations",
    "/practices/new",
)
OF_SAM = (
    "/practices/p1/settings",
    "/practices/p1/integrations",
    "/practices/p1/quickbooks",
    "/practices/p1/go-live",
    "/practices/p1/connect/open-dental",
    "/practices/p1/connect/nexhealth",
    "/practices/p1/connect/connector",
    "/practices/p1/contacts",
    "/practices/p1/users",
)
OF_NOBODY = ("/account/sign-in", "/help", "/help/settings", "/help/systems/open-dental")
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}


expect.set_options(timeout=WITHIN_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_can_be_used_by_everybody(console: RunningConsole, browser: Browser, width: int) -> None:
    """WCAG 2.2 AA, as far as axe can tell, and no page is wider than its window."""
    people = (
        (console.ada(), OF_ADA),
        (console.sam(), OF_SAM),
        (console.olga(), OF_OLGA),
        (console.visitor(), OF_NOBODY),
    )
    found: list[str] = []
    for visitor, paths in people:
        with at_the_console(browser, console.address, visitor, width) as page:
            for path in paths:
                page.goto(path)
                results = Axe().run(page, options=AXE)
                violations = results.response["violations"]
                found += [f"{path}: {each['id']} {each['nodes'][0]['target']}" for each in violations]
                if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                    found.append(f"{path} is wider than {width}")
    assert found == []


def test_control_axe_finds_what_keeps_people_out(console: RunningConsole, browser: Browser) -> None:
    """A page that does not say its language is found: the look at pages does look."""
    with at_the_console(browser, console.address, console.visitor()) as page:
        page.goto("/account/sign-in")
        page.evaluate("document.documentElement.removeAttribute('lang')")
        assert "html-has-lang" in {each["id"] for each in Axe().run(page, options=AXE).response["violations"]}


def test_a_person_signs_in_and_posts_with_the_keyboard_alone(
    console: RunningConsole, browser: Browser, ledger: LedgerDatabase
) -> None:
    """The story: a payment waits; somebody signs in, looks, gives a reason, and sees it confirmed without a reload."""
    number = more(ledger, 90)
    person = console.person("quinn", "p1")
    with at_the_console(browser, console.address, console.visitor()) as page:
        page.goto(f"/practices/p1/do/post/e:{number}")
        page.get_by_label("Username").focus()
        page.keyboard.type("quinn")
        page.keyboard.press("Tab")
        page.keyboard.type(NEW_PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("Code").focus()
        page.keyboard.type(person.spare())
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Post to Ledger")).to_be_visible()
        page.get_by_label("Why").focus()
        page.keyboard.type("it is right")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("It is on its way; this page follows it.")).to_be_visible()
        ledger.clock.instant = datetime.now(UTC)
        assert post_what_is_due(ledger, "p1") > 0
        expect(page.get_by_text("It is on its way; this page follows it.")).to_be_hidden()
        expect(page.locator("#story").get_by_text("In the books as").first).to_be_visible()


def test_several_are_chosen_and_done_with_the_keyboard_alone(
    console: RunningConsole, browser: Browser, ledger: LedgerDatabase
) -> None:
    """On a telephone's width: ticked, shown, done; each page of it can be used by everybody."""
    number = more(ledger, 95)
    with at_the_console(browser, console.address, console.ada(), 360) as page:
        page.goto("/practices/p1/to-do")
        page.get_by_label(f"Choose e:{number}", exact=True).focus()
        page.keyboard.press("Space")
        page.get_by_label("With those that are ticked").select_option("dismiss")
        page.get_by_role("button", name="Show what would happen").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Dismiss: 1 entry")).to_be_visible()
        found = list(Axe().run(page, options=AXE).response["violations"])
        page.get_by_label("Why").focus()
        page.keyboard.type("nobody enters it")
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 entry was done")).to_be_visible()
        found += Axe().run(page, options=AXE).response["violations"]
        assert [each["id"] for each in found] == []


def test_the_first_tab_stop_leads_past_the_bar(console: RunningConsole, browser: Browser) -> None:
    with at_the_console(browser, console.address, console.ada()) as page:
        page.goto("/practices/p1/to-do")
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to the page")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()


def test_a_page_works_without_script(console: RunningConsole, browser: Browser) -> None:
    """htmx only saves a reload."""
    context = browser.new_context(java_script_enabled=False, base_url=console.address)
    context.add_cookies(
        [{"name": name, "value": value, "url": console.address} for name, value in console.ada().cookies.items()]
    )
    page = context.new_page()
    page.goto("/practices/p1/story/e:1")
    assert "Payment pay-1" in page.inner_text("h1")
    context.close()

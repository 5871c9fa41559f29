"""A real browser at the console, signed in as a person is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from tests.sinks.console.visitor import Visitor

WIDTHS: Final = (360, 768, 1280)
WITHIN_MS: Final = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own; nothing is downloaded. Its own sandbox needs rights that a container's root has not."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("chromium is not installed: make debian-packages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def at_the_console(browser: Browser, address: str, visitor: Visitor, width: int = 1280) -> Iterator[Page]:
    """A page in which this visitor is signed in; what goes wrong in it fails the test at the end."""
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=address, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in visitor.cookies.items()])
    context.set_default_timeout(WITHIN_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith((address, "data:")) else wrong.append(request.url)
    )
    try:
        yield page
    finally:
        context.close()
    if wrong:
        raise AssertionError(f"the browser complained: {wrong}")

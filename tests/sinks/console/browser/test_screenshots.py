"""The pictures of `sinks/console/README.md`: `make screenshots` puts them there, a test into its own folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from tests.sinks.console.browser.chromium import at_the_console, chromium
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import DAY
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.machine]

FOLDER: Final = "CONSOLE_PICTURES"
MOST_BYTES: Final = 120_000
OF_ADA: Final = {
    "to-do": "/practices/p1/to-do",
    "transactions": f"/practices/p1/transactions?day={DAY}",
    "daily-review": f"/practices/p1/review?day={DAY}",
    "payouts": "/practices/p1/payouts?from=2026-03-01&to=2026-03-31",
    "story": "/practices/p1/story/e:1",
    "post-to-ledger": "/practices/p1/do/post/e:1",
    "link-patient-record": "/practices/p1/link/3",
    "notices": "/practices/p1/inbox",
}
OF_OLGA: Final = {"operations": "/operations", "signals": "/operations/signals"}


def test_the_main_pages_can_be_shown(console: RunningConsole, ledger: LedgerDatabase, tmp_path: Path) -> None:
    """Each as a small picture, of the made-up practice alone."""
    folder = Path(os.environ.get(FOLDER, tmp_path))
    folder.mkdir(exist_ok=True)
    ledger.connection.execute("UPDATE practices SET name = 'Larkspur Dental' WHERE practice_id = 'p1'")
    with chromium() as browser:
        for visitor, pages in ((console.ada(), OF_ADA), (console.olga(), OF_OLGA)):
            with at_the_console(browser, console.address, visitor, 880) as page:
                page.set_viewport_size({"width": 880, "height": 640})
                for name, path in pages.items():
                    page.goto(path)
                    page.screenshot(path=folder / f"{name}.png")
    made = sorted(folder.glob("*.png"))
    assert [each.stem for each in made] == sorted([*OF_ADA, *OF_OLGA])
    assert all(0 < each.stat().st_size < MOST_BYTES for each in made)

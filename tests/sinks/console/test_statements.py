"""How much a page asks the database: a bound for every page there is, and no more for more rows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final, NamedTuple

import pytest

from tests.scenarios.waiting import WITHIN_S
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import DAY, more
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

MARCH: Final = "from=2026-03-01&to=2026-03-31"
OF_DJANGO: Final = 4
"""Of every page: the session, the account, and that somebody was there."""


class Bound(NamedTuple):
    """A page as it is asked, and the most statements that it may ask the ledger."""

    path: str
    statements: int
    person: str = "ada"
    django: int = OF_DJANGO


# A few more than each asks: that page is looked at which asks more.
BOUNDS: Final = {
    "home": Bound("/", 8, "olga"),
    "to_do": Bound("/practices/p1/to-do", 17),
    "transactions": Bound(f"/practices/p1/transactions?day={DAY}", 15),
    "review": Bound(f"/practices/p1/review?day={DAY}&span=week", 55),
    "review_file": Bound(f"/practices/p1/review/file/csv?day={DAY}", 34),
    "payouts": Bound(f"/practices/p1/payouts?{MARCH}", 18),
    "payouts_file": Bound(f"/practices/p1/payouts/file/csv?{MARCH}", 24),
    "group_payouts": Bound(f"/groups/group-1/payouts?{MARCH}", 27, "olga"),
    "inbox": Bound("/practices/p1/inbox", 11),
    "story": Bound("/practices/p1/story/e:1", 22),
    "act": Bound("/practices/p1/do/post/e:1", 31),
    "settle": Bound("/practices/p1/settle/leave-difference/d:1", 16),
    "link": Bound("/practices/p1/link/3", 31),
    "patient": Bound("/practices/p1/patient/3", 31),
    "operations": Bound("/operations", 18, "olga"),
    "audit": Bound("/practices/p1/audit", 60, "vera"),
    "help": Bound("/help", 2),
    "help_system": Bound("/help/systems/open_dental", 2),
    "new_practice": Bound("/practices/new", 60, "olga"),
    "integrations": Bound("/practices/p1/integrations", 60),
    "go_live": Bound("/practices/p1/go-live", 60),
    "quickbooks": Bound("/practices/p1/quickbooks", 60),
    "settings": Bound("/practices/p1/settings", 60),
    "contacts": Bound("/practices/p1/contacts", 60),
    "users": Bound("/practices/p1/users", 60, "sam", OF_DJANGO + 2),
    "organisations": Bound("/organisations", 60, "olga"),
    "organisation": Bound("/organisations/group-1", 60, "olga"),
    "signals": Bound("/operations/signals", 60, "olga"),
    "redrive": Bound("/operations/redrive?practice=p1", 9, "olga"),
}
WITHOUT: Final = {
    "asset": "a file, with no session and no query",
    "bulk": "answers a form alone: what it asks is bounded by what it is given, and tried in test_bulk",
    "group_payouts_file": "the same questions as group_payouts",
    "connect": "asks which systems there are, and the ledger for one practice: the same as integrations",
    "map_system": "asks the practice's own system, which answers in its own test alone",
    "map_quickbooks": "asks QuickBooks, which answers in its own test alone",
    "quickbooks_document": "asks QuickBooks, which answers in its own test alone",
    "quickbooks_callback": "takes what QuickBooks sends back, once a connection",
    "end_digest": "without a sign-in: one reader of one practice, by a code",
}


def counted(console: RunningConsole, pages: list[tuple[str, str]]) -> dict[str, Any]:
    """What these pages asked, in a process of its own with the same sessions."""
    people = {
        "ada": console.ada(),
        "olga": console.olga(),
        "sam": console.sam(),
        "vera": console.person("vera", everywhere=("auditor",)),
    }
    asked = {"cookies": {name: each.cookies for name, each in people.items()}, "pages": pages}
    done = subprocess.run(
        [sys.executable, "-m", "tests.sinks.console.statements"],
        input=json.dumps(asked),
        env=console.world.environ(**console.settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S * 3,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_page_has_a_bound_and_keeps_it(console: RunningConsole) -> None:
    """A page that is new has none, and fails here until it has."""
    console.group()
    found = counted(console, [(each.person, each.path) for each in BOUNDS.values()])
    pages = {name for name in found["names"] if not name.startswith(("account_", "mfa_"))}
    assert pages == BOUNDS.keys() | WITHOUT.keys()
    wrong = [
        f"{name}: {each['ledger']} statements, {each['django']} of Django's, status {each['status']}"
        for (name, bound), each in zip(BOUNDS.items(), found["answers"], strict=True)
        if each["status"] != 200
        or not (bound.statements > 2) <= each["ledger"] <= bound.statements
        or each["django"] > bound.django
    ]
    assert not wrong, "\n".join(wrong)


def test_no_page_asks_more_because_there_is_more(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Lists ask in one statement what they show in a hundred rows."""
    lists = [("ada", BOUNDS[name].path) for name in ("to_do", "transactions", "review", "payouts", "inbox")]
    before = counted(console, lists)["answers"]
    for n in range(30):
        more(ledger, 20_000 + n)
    after = counted(console, lists)["answers"]
    more_asked = [now["ledger"] - then["ledger"] for now, then in zip(after, before, strict=True)]
    assert max(more_asked) <= 2, "a question for each row would be thirty"
    assert sum(each["bytes"] for each in after) > sum(each["bytes"] for each in before), "there is more to show"

"""Several at once: shown before it is done, each by its own version, and what changed since is refused and said."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from sinks.console.bulk_deeds import BULK
from sinks.console.pages.bulk import MOST
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import DAY, more
from tests.sinks.console.visitor import Answer, Visitor
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]

TO_DO = "/practices/p1/to-do"
BULK_PAGE = "/practices/p1/bulk"


def ticks(page: Answer, *numbers: int) -> list[str]:
    """What the rows of these entries would send."""
    found = dict(re.findall(r'name="tick" value="e:([0-9]+)(@[0-9a-f]+)"', page.text))
    return [f"e:{number}{found[str(number)]}" for number in numbers]


def chosen(visitor: Visitor, page: Answer, deed: str, *numbers: int, which: str = "ticked", **more: str) -> Answer:
    """The list's form, sent with these rows ticked."""
    fields = page.form("csrfmiddlewaretoken").fields | more | {"deed": deed, "which": which}
    body = urlencode([*fields.items(), *(("tick", each) for each in ticks(page, *numbers))])
    return visitor.ask("POST", BULK_PAGE, body)


def states(ledger: LedgerDatabase, *numbers: int) -> list[str]:
    wanted = "SELECT state FROM effects WHERE practice_id = 'p1' AND effect_id = %s"
    return [str(ledger.one(wanted, each)) for each in numbers]


@pytest.mark.parametrize(
    ("deed", "then"),
    [("post", "SCHEDULED"), ("record", "RECORDED_MANUALLY"), ("dismiss", "DISMISSED")],
)
def test_ticked_rows_are_shown_then_done_together(
    console: RunningConsole, ledger: LedgerDatabase, deed: str, then: str
) -> None:
    """Each with its part, once, under one reason."""
    numbers = [more(ledger, 500 + 10 * len(deed) + n) for n in range(3)]
    ada = console.ada()
    preview = chosen(ada, ada.get(TO_DO), deed, *numbers[:2])
    assert preview.status == 200
    assert "Nothing has been done yet" in preview.words
    assert states(ledger, *numbers) == ["AWAITING_MANUAL_POST"] * 3
    assert ada.submit(preview, "seen", why=" ").status == 422
    assert states(ledger, *numbers) == ["AWAITING_MANUAL_POST"] * 3
    done = ada.submit(preview, "seen", why="all of them are right")
    assert "2 entries were done" in done.words
    assert states(ledger, *numbers) == [then, then, "AWAITING_MANUAL_POST"]
    trail = "SELECT actor, why FROM audit WHERE practice_id = 'p1' AND subject = %s AND action = %s"
    for number in numbers[:2]:
        assert ledger.rows(trail, f"e:{number}", f"entry.{deed}") == [("ada", "all of them are right")]


def test_the_preview_warns_as_that_of_one_entry_does(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Who records a payment enters its fee adjustment too."""
    number = more(ledger, 590)
    ada = console.ada()
    alone = ada.get(f"/practices/p1/do/record/e:{number}").words
    together = chosen(ada, ada.get(TO_DO), "record", number).words
    warning = f"Enter its parts too: e:{number + 1} fee_adjustment"
    assert warning in alone
    assert warning in together


def test_what_changed_since_is_refused_row_by_row(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """E-15: before the preview, and between it and the deed; the others are done."""
    first, second, third = (more(ledger, 600 + n) for n in range(3))
    ada, nina = console.ada(), console.nina()
    page = ada.get(TO_DO)
    nina.submit(nina.get(f"/practices/p1/do/post/e:{first}"), "seen", why="mine")
    preview = chosen(ada, page, "dismiss", first, second, third)
    assert f"e:{first} was changed since you looked at it" in preview.words
    assert "Dismiss: 2 entries" in preview.words
    nina.submit(nina.get(f"/practices/p1/do/post/e:{second}"), "seen", why="mine too")
    done = ada.submit(preview, "seen", why="not needed")
    assert "1 entry was done. 1 was not." in done.words
    assert f"e:{second} was changed since you looked at it" in done.words
    assert states(ledger, first, second, third) == ["SCHEDULED", "SCHEDULED", "DISMISSED"]


def test_entries_are_held_released_and_given_to_somebody(console: RunningConsole, ledger: LedgerDatabase) -> None:
    number = more(ledger, 620)
    ada = console.ada()
    ada.submit(ada.get(f"/practices/p1/do/post/e:{number}"), "seen", why="go")
    listing = f"/practices/p1/transactions?day={DAY}"
    for deed, then in (("hold", "AWAITING_MANUAL_POST"), ("release", "SCHEDULED")):
        preview = chosen(ada, ada.get(listing), deed, number)
        assert "1 entry was done" in ada.submit(preview, "seen", why="as we said").words
        assert states(ledger, number) == [then]
    retried = chosen(ada, ada.get(listing), "retry", number)
    assert "waits for no other try" in retried.words
    waits = more(ledger, 621)
    preview = chosen(ada, ada.get(TO_DO), "assign", waits)
    assert "1 entry was done" in ada.submit(preview, "seen", name="Grace", why="she knows it").words
    assert "Grace sees to it" in ada.get(TO_DO).words


def test_all_that_a_filter_finds_is_bounded(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """A list of one state goes as it is filtered; of more than may go at once nothing does."""
    numbers = [more(ledger, 630 + n) for n in range(2)]
    ada = console.ada()
    page = ada.get(f"/practices/p1/transactions?day={DAY}&state=AWAITING_MANUAL_POST&target=PMS&money=payments")
    preview = chosen(ada, page, "hold", which="all")
    assert all(f"e:{number}" in preview.words for number in numbers)
    assert "e:3 " not in preview.words, "of another state"
    for n in range(MOST // 2 + 1):
        more(ledger, 10_000 + n, "p1")
    refused = chosen(ada, page, "hold", which="all")
    assert refused.status == 409
    assert f"more than {MOST} entries are meant" in refused.words


def test_nothing_is_done_that_nobody_chose_or_may(console: RunningConsole) -> None:
    ada = console.ada()
    page = ada.get(TO_DO)
    empty = chosen(ada, page, "dismiss")
    assert empty.status == 409
    assert "no entry is chosen" in empty.words
    assert chosen(ada, page, "explode").status == 404
    forged = chosen(ada, page, "dismiss", step="do", named="e:1@x e:1 OR 1", seen="x", why="x")
    assert forged.status == 409
    assert ada.get(BULK_PAGE).status == 302
    olga = console.olga()
    offered = set(re.findall(r'<option value="([a-z]+)">', olga.get(TO_DO).text))
    assert offered == {"retry"}, "who runs the program hurries entries, and decides about none"
    token = olga.get(TO_DO).form("csrfmiddlewaretoken").fields["csrfmiddlewaretoken"]
    for deed in BULK.keys() - offered:
        body = urlencode({"csrfmiddlewaretoken": token, "deed": deed, "tick": ticks(page, 1)[0]})
        refused = olga.ask("POST", BULK_PAGE, body)
        assert refused.status == 409, deed
        assert "may not do this" in refused.words

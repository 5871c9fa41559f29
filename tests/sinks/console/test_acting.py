"""What people do at the console: shown first, done with a reason, by the operations' own rules, kept in the trail."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

import pytest

from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import more
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]


def state(ledger: LedgerDatabase, number: int) -> str:
    return str(ledger.one("SELECT state FROM effects WHERE practice_id = 'p1' AND effect_id = %s", number))


def kept(ledger: LedgerDatabase, number: int) -> list[tuple[str, str, str]]:
    query = "SELECT actor, action, why FROM audit WHERE practice_id = 'p1' AND subject = %s ORDER BY n"
    return [(row[0], row[1], row[2]) for row in ledger.rows(query, f"e:{number}")]


@pytest.mark.parametrize(
    ("deed", "then", "action"),
    [
        ("post", "SCHEDULED", "entry.post"),
        ("record", "RECORDED_MANUALLY", "entry.record"),
        ("dismiss", "DISMISSED", "entry.dismiss"),
    ],
)
def test_a_deed_is_shown_then_done_with_its_reason(
    console: RunningConsole, ledger: LedgerDatabase, deed: str, then: str, action: str
) -> None:
    """POST-3, H-15: with its part, once, by the person's own name; a preview and a form without a reason do nothing."""
    number = more(ledger, 10 + len(deed))
    ada = console.ada()
    page = ada.get(f"/practices/p1/do/{deed}/e:{number}")
    assert "Nothing has been done yet" in page.words
    assert f"e:{number}" in page.words
    assert f"e:{number + 1}" in page.words, "its fee goes with it"
    silent = ada.submit(page, "seen", why="  ")
    assert silent.status == 422
    assert "Say why" in silent.words
    assert state(ledger, number) == "AWAITING_MANUAL_POST"
    done = ada.submit(page, "seen", why="the front desk knows")
    assert done.status == 200
    assert done.path == f"/practices/p1/story/e:{number}"
    assert state(ledger, number) == state(ledger, number + 1) == then
    assert kept(ledger, number) == [("ada", action, "the front desk knows")]
    again = ada.submit(page, "seen", why="twice")
    assert again.status == 422
    assert len(kept(ledger, number)) == 1


def test_an_amount_that_was_entered_is_kept_beside_the_planned_one(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """POST-10; one that can be read in two ways is asked for again."""
    number = more(ledger, 20)
    ada = console.ada()
    page = ada.get(f"/practices/p1/do/record/e:{number}")
    doubtful = ada.submit(page, "seen", why="typed in", amount="1,170")
    assert doubtful.status == 422
    assert "two ways" in doubtful.words
    changed = ada.submit(page, "seen", why="typed in", amount="8.50")
    assert changed.status == 422, "what is done is what was shown"
    assert "entered 8.50" in changed.words
    assert ada.submit(changed, "seen", why="typed in", amount="8.50").status == 200
    query = "SELECT after -> 'recorded_minor' FROM audit WHERE practice_id = 'p1' AND subject = %s"
    assert ledger.one(query, f"e:{number}") == {f"e:{number}": 850}


def test_a_fee_that_is_known_ends_the_wait_for_it(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """An event without entries: posted as it was reported, with what a person knows."""
    ada = console.ada()
    page = ada.get("/practices/p1/to-do")
    address = page.text.partition("Post to Ledger with its fee")[0].rpartition('href="')[2].partition('"')[0]
    assert "/do/post/v:" in address
    shown = ada.get(address)
    looked = ada.submit(shown, "fee", why="the statement says so", fee="1.60")
    assert looked.status == 422
    done = ada.submit(looked, "fee", why="the statement says so", fee="1.60")
    assert done.status == 200
    assert "48.40" in done.words
    assert ledger.rows("SELECT amount_minor FROM effects WHERE practice_id = 'p1' AND event_id = 'ev-3'")[0][0] == 4840


def test_what_changed_since_it_was_shown_is_shown_again(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """Another person, or the machine, was first: nobody confirms what they have not seen."""
    number = more(ledger, 30)
    ada, nina = console.ada(), console.nina()
    path = f"/practices/p1/do/dismiss/e:{number}"
    page, hers = ada.get(path), nina.get(f"/practices/p1/do/post/e:{number}")
    nina.submit(hers, "seen", why="let it go")
    assert state(ledger, number) == "SCHEDULED"
    late = ada.submit(page, "seen", why="not needed")
    assert late.status == 422
    assert "Look at what would happen now" in late.words
    assert state(ledger, number) == "SCHEDULED"
    assert [each[0] for each in kept(ledger, number)] == ["nina"]


def test_ten_who_confirm_at_once_do_it_once(console: RunningConsole, ledger: LedgerDatabase) -> None:
    """The operations judge under the practice's lock; whoever comes second is told so."""
    number = more(ledger, 40)
    ada = console.ada()
    path = f"/practices/p1/do/record/e:{number}"
    body = urlencode(ada.get(path).form("seen").fields | {"why": "typed in"})
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(ada.ask("POST", path, body).status)) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(answers) == 10
    assert set(answers) <= {302, 422, 503}
    assert state(ledger, number) == "RECORDED_MANUALLY"
    assert len(kept(ledger, number)) == 1


@pytest.mark.parametrize("why", ["4111 1111 1111 1111", "two\nlines"])
def test_a_reason_that_may_not_be_kept_is_refused(console: RunningConsole, ledger: LedgerDatabase, why: str) -> None:
    """C-1: no card number reaches the trail."""
    number = more(ledger, 50 + len(why))
    ada = console.ada()
    page = ada.get(f"/practices/p1/do/dismiss/e:{number}")
    refused = ada.submit(page, "seen", why=why)
    assert refused.status == 422
    assert state(ledger, number) == "AWAITING_MANUAL_POST"
    assert kept(ledger, number) == []

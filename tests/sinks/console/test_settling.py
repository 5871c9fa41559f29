"""What else is on To do: differences of payouts and entries that were refused end in the browser too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sinks.ledger.schema.database import connect
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.console.conftest import RunningConsole
from tests.sinks.console.offices import paid_otherwise, refused
from tests.sinks.ledger.ledger_fixture import LedgerDatabase

pytestmark = [pytest.mark.stack, pytest.mark.long]


def ended(ledger: LedgerDatabase, number: int) -> tuple[object, ...]:
    query = "SELECT ended_as, ended_by, why FROM payout_differences WHERE practice_id = 'p1' AND number = %s"
    return tuple(ledger.rows(query, number)[0])


@pytest.mark.parametrize(("deed", "how"), [("bank-is-right", "BANK_IS_RIGHT"), ("leave-difference", "DISMISSED")])
def test_a_payouts_difference_ends_with_a_reason(
    console: RunningConsole, ledger: LedgerDatabase, deed: str, how: str
) -> None:
    """P-23: shown first; once; listed no more."""
    number = paid_otherwise(ledger, 300 + len(deed))
    ada = console.ada()
    address = f"/practices/p1/settle/{deed}/d:{number}"
    assert address in ada.get("/practices/p1/to-do").text
    page = ada.get(address)
    assert "the payout says another fee" in page.words.lower()
    assert ended(ledger, number) == (None, None, None), "a preview ends nothing"
    assert ada.submit(page, "seen", why=" ").status == 422
    assert ada.submit(page, "seen", why="x", seen="of another page").status == 422
    assert ended(ledger, number) == (None, None, None)
    assert ada.submit(page, "seen", why="as the statement says").path == "/practices/p1/to-do"
    assert ended(ledger, number) == (how, "ada", "as the statement says")
    assert address not in ada.get("/practices/p1/to-do").text
    over = ada.get(address)
    assert over.status == 409
    assert "has ended already" in over.words


def test_a_refused_entry_is_sent_again_once_its_cause_is_corrected(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    number = refused(ledger, 330)
    ada = console.ada()
    address = f"/practices/p1/settle/send-again/e:{number}"
    assert address in ada.get("/practices/p1/to-do").text
    page = ada.get(address)
    assert "is due again" in page.words
    assert ada.submit(page, "seen", why="the number is right now").path == "/practices/p1/to-do"
    wanted = "SELECT state FROM effects WHERE practice_id = 'p1' AND effect_id = %s"
    assert ledger.one(wanted, number) not in ("REJECTED", "DEAD_LETTERED")
    over = ada.get(address)
    assert over.status == 409
    assert "does not stand dead any more" in over.words


def test_what_somebody_else_took_further_meanwhile_is_not_called_done(
    console: RunningConsole, ledger: LedgerDatabase
) -> None:
    """The practice is held while it is sent again, and the entry is dead no more when its turn comes."""
    number = refused(ledger, 340)
    ada = console.ada()
    page = ada.get(f"/practices/p1/settle/send-again/e:{number}")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connect(ledger.database_url, "somebody else") as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            other.execute("SELECT FROM practices WHERE practice_id = 'p1' FOR UPDATE")
            answer = pool.submit(ada.submit, page, "seen", why="the number is right now")
            until(lambda: ledger.one(waits), "the console waits for the practice")
            other.execute("SET LOCAL session_replication_role = replica")
            other.execute(
                "UPDATE work SET state = 'AWAITING_MANUAL_POST' WHERE practice_id = 'p1' AND effect_id = %s", (number,)
            )
        done = answer.result(WITHIN_S)
    assert done.status == 409
    assert "taken further meanwhile" in done.words


def test_what_is_no_matter_has_no_page(console: RunningConsole) -> None:
    ada = console.ada()
    for wrong in ("bank-is-right/e:1", "send-again/d:1", "nothing/d:1", "bank-is-right/d:x", "accept-change/e:"):
        assert ada.get(f"/practices/p1/settle/{wrong}").status == 404, wrong
    missing = ada.get("/practices/p1/settle/leave-difference/d:999999")
    assert missing.status == 409
    assert "the page Payouts" in missing.words
    assert console.olga().get("/practices/p1/settle/leave-difference/d:1").status == 409

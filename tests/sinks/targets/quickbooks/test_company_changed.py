"""New books: what may stand in the old ones is neither looked for nor taken back in the new (P-15, law 19)."""

from __future__ import annotations

import pytest

from schemas.vocabulary import State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from sinks.operations.actions.redrive_plan import Fate, plan_redrive
from sinks.operations.queries.dead_letters import DeadWanted
from streams.runtime.clock import SystemClock
from tests.processors.rules.event_examples import item, payout
from tests.processors.rules.linked_examples import payout_failed
from tests.scenarios.waiting import until
from tests.sinks.ledger.ledger_fixture import again
from tests.sinks.poster.conftest import sandbox  # noqa: F401
from tests.sinks.targets.quickbooks.test_payouts import PRACTICE, Payouts, payouts  # noqa: F401

pytestmark = pytest.mark.stack


def _moved(payouts: Payouts) -> str:  # noqa: F811
    other: str = payouts.ledger.sandbox.quickbooks.add_company(payouts.realm + "8").realm
    payouts.connect(realm=other)
    return other


def _died(payouts: Payouts, reason: str) -> None:  # noqa: F811
    """One payout, sent and dead in the books that are connected now."""
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    connection = payouts.ledger.database.connection
    connection.execute("ALTER TABLE work DISABLE TRIGGER USER; ALTER TABLE outcomes DISABLE TRIGGER USER")
    connection.execute(
        "UPDATE effects SET state = 'DEAD_LETTERED', reason = %s, sent_at = now(), attempts = 1", (reason,)
    )


def _released(payouts: Payouts) -> int:  # noqa: F811
    database = payouts.ledger.database
    with unit_of_work(database.connection, PRACTICE, clock=SystemClock(), jitter_s=0) as unit:
        return release(unit, [State.DEAD_LETTERED], actor="test")


@pytest.mark.parametrize("reason", ["OUTCOME_UNKNOWN", "FOUND_TWICE", "TOTAL_DIFFERS"])
def test_a_doubt_of_the_old_books_is_not_redriven_into_the_new(payouts: Payouts, reason: str) -> None:  # noqa: F811
    """Law 19: absence in the new books is no absence. Refused, with what a person can do; nothing moves."""
    _died(payouts, reason)
    _moved(payouts)
    (one,) = plan_redrive(payouts.ledger.database.connection, DeadWanted()).items
    assert one.fate is Fate.REFUSE
    assert "other account" in one.notes[0]
    assert "dismiss" in one.notes[0]
    assert _released(payouts) == 0
    assert payouts.states() == ["DEAD_LETTERED"]


def test_connected_to_the_old_books_again_it_is_looked_for_there(payouts: Payouts) -> None:  # noqa: F811
    """The way out where nobody knows: the old company for one look, then the new one."""
    _died(payouts, "OUTCOME_UNKNOWN")
    _moved(payouts)
    payouts.connect()
    (one,) = plan_redrive(payouts.ledger.database.connection, DeadWanted()).items
    assert one.fate is Fate.RELEASE
    assert _released(payouts) == 1


def test_what_was_refused_there_may_go_to_the_new_books(payouts: Payouts) -> None:  # noqa: F811
    """It is proven that nothing stands in the old ones."""
    _died(payouts, "RETRIES_SPENT")
    other = _moved(payouts)
    (one,) = plan_redrive(payouts.ledger.database.connection, DeadWanted()).items
    assert one.fate is Fate.RELEASE
    assert _released(payouts) == 1
    payouts.ledger.poster()
    payouts.until("POSTED")
    company = payouts.ledger.sandbox.quickbooks.company(other)
    assert [deposit.total_minor for deposit in company.deposits()] == [9680]


def test_renewed_keys_are_the_same_books(payouts: Payouts) -> None:  # noqa: F811
    """P-15: nothing moved."""
    _died(payouts, "OUTCOME_UNKNOWN")
    payouts.connect()
    assert _released(payouts) == 1


def test_what_stands_in_the_old_books_is_not_taken_back_in_the_new(payouts: Payouts) -> None:  # noqa: F811
    """P-7, R-13: its reversal names accounts of the old company: it waits for that company, and goes there."""
    payouts.connect()
    event = payout(item(1, 10000, 320))
    reported = again(event, event_id="ev-po", payout_id="po-1", practice_id=PRACTICE)
    payouts.ledger.database.report(reported)
    payouts.ledger.poster()
    payouts.until("POSTED")
    other = _moved(payouts)
    failed = again(payout_failed(), event_id="ev-failed", payout_id="po-1", practice_id=PRACTICE)
    payouts.ledger.database.report(failed)
    payouts.until("POSTED", "PAUSED")
    reasons = [row[0] for row in payouts.ledger.database.rows("SELECT reason FROM effects ORDER BY effect_id")]
    assert reasons[1] == "CONNECTION_REPLACED"
    company = payouts.ledger.sandbox.quickbooks.company(other)
    assert not company.deposits()
    assert not company.journal_entries()
    assert not any(payouts.ledger.database.sweeps.repair().values())
    payouts.connect()
    payouts.until("POSTED", "POSTED")
    assert sum(payouts.bank()) == 0


def test_a_second_look_keeps_the_books(payouts: Payouts) -> None:  # noqa: F811
    """Law 20: an entry that may stand twice in these books is looked for in these."""
    payouts.connect()
    payouts.report(item(1, 10000, 320))
    payouts.ledger.poster()
    payouts.until("POSTED")
    payouts.ledger.database.connection.execute("UPDATE effects SET second_look_at = now() + interval '1 hour'")
    with pytest.raises(Exception, match="in doubt"):
        _moved(payouts)
    until(lambda: payouts.states() == ["POSTED"], "it stands", show=payouts.shown)

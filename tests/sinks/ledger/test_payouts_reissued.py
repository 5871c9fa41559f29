"""A payout that failed and is issued anew under its own id (P-8, P-21), and the payments that it carries."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from schemas.practice_settings import AmountMode, Timing
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.processors.rules.linked_examples import payout_failed
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again

HOUR = timedelta(hours=1)
MORNING = NOON - 4 * HOUR


def failed_and_issued_anew(database: LedgerDatabase) -> None:
    carried = item(1, 10000, 320, payment_id="pay-1")
    database.report(payout(carried, at=MORNING))
    database.report(payout_failed(at=MORNING + HOUR))
    database.report(payout(carried, at=MORNING + 2 * HOUR, version=2, event_id="ev-o2"))


def test_t13_p21_its_payment_that_comes_afterwards_does_not_wait_for_funds(database: LedgerDatabase) -> None:
    """T-13, P-21: what failed does not count, what was issued since does."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    failed_and_issued_anew(database)
    database.report(payment(at=NOON))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]


def test_n5_p21_its_payment_that_comes_afterwards_takes_its_fee(database: LedgerDatabase) -> None:
    """N-5: the fee of the payout that stands."""
    database.add(amount=AmountMode.NET)
    database.link()
    failed_and_issued_anew(database)
    database.report(payment(10000, None, at=NOON))
    assert database.rows("SELECT amount_minor FROM effects WHERE target = 'PMS' ORDER BY effect_id") == [
        (9680,),
        (320,),
    ]


def test_n5_the_fee_of_a_payout_that_failed_counts_in_every_order(database: LedgerDatabase) -> None:
    """N-5, R-17: whether the payment, the payout or its failure is told first."""
    carried = payout(item(1, 10000, 320, payment_id="pay-1"), at=MORNING)
    facts = (payment(10000, None, at=MORNING - HOUR), carried, payout_failed(at=MORNING + HOUR))
    for number, order in enumerate(permutations(facts)):
        practice = f"practice-{number}"
        database.add(practice, amount=AmountMode.NET)
        database.link(practice_id=practice)
        for event in order:
            database.report(again(event, practice_id=practice))
        amounts = "SELECT amount_minor FROM effects WHERE target = 'PMS' AND practice_id = %s ORDER BY effect_id"
        assert database.rows(amounts, practice) == [(9680,), (320,)]


def test_t13_p21_a_payout_that_failed_clears_nothing(database: LedgerDatabase) -> None:
    """P-21: its transactions are free again."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    database.report(payout(item(1, 10000, 320, payment_id="pay-1"), at=MORNING))
    database.report(payout_failed(at=MORNING + HOUR))
    database.report(payment(at=NOON))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_t13_p21_a_failure_told_late_leaves_the_payout_that_was_issued_since(database: LedgerDatabase) -> None:
    """P-21: one batch or two, the payment that comes after it is in the bank."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    carried = item(1, 10000, 320, payment_id="pay-1")
    database.report(payout(carried, at=MORNING))
    database.report(payout(carried, at=MORNING + 2 * HOUR, version=2, event_id="ev-o2"))
    database.report(payout_failed(at=MORNING + HOUR), payment(at=NOON))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]


def test_t13_p21_a_payout_whose_failure_came_first_clears_nothing(database: LedgerDatabase) -> None:
    """P-21: events about one payout come in any order; the payment waited all along."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    database.report(payment(at=MORNING))
    database.report(payout_failed(at=MORNING + HOUR))
    database.report(payout(item(1, 10000, 320, payment_id="pay-1"), at=MORNING))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]


def test_p21_what_says_that_a_payout_failed_is_when_it_happened(database: LedgerDatabase) -> None:
    """P-21: rule and query measure by the same instant, whatever day the bank names."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    carried = item(1, 10000, 320, payment_id="pay-1")
    database.report(payout(carried, at=MORNING))
    database.report(payout(carried, at=MORNING + HOUR, version=2, event_id="ev-o2"))
    database.report(payout_failed(at=MORNING + 2 * HOUR, failed_at=MORNING))
    database.report(payment(at=NOON))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
    assert database.one("SELECT reason FROM events WHERE kind = 'payout_failed'") != "CORRECTED"


def test_e1_p21_the_payout_issued_anew_fails_too(database: LedgerDatabase) -> None:
    """E-1: another version is another failure and no conflict; its payments are free again until a third is issued."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    failed_and_issued_anew(database)
    database.report(payout_failed(at=MORNING + 3 * HOUR, version=2, event_id="ev-x2"))
    database.report(payment(at=NOON))
    assert set(database.verdicts()) == {"FIRST"}
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
    carried = item(1, 10000, 320, payment_id="pay-1")
    database.report(payout(carried, at=NOON, version=3, event_id="ev-o3"))
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("SCHEDULED",)]


def test_r8_p21_a_failure_of_a_version_not_told_yet_parks_and_no_sweep_moves_it(database: LedgerDatabase) -> None:
    """R-8, law 8: its payments are free meanwhile: what failed again was not in the bank either."""
    database.add(timing=Timing.ON_CLEAR)
    database.link()
    carried = item(1, 10000, 320, payment_id="pay-1")
    database.report(payout(carried, at=MORNING), payout_failed(at=MORNING + 3 * HOUR, version=2, event_id="ev-x2"))
    database.report(payment(at=NOON))
    assert database.one("SELECT waiting FROM events WHERE kind = 'payout_failed'") == "AWAITING_ORIGINAL"
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]
    assert not any(database.sweeps.repair().values())
    database.report(payout(carried, at=MORNING + 2 * HOUR, version=2, event_id="ev-o2"))
    assert database.one("SELECT waiting FROM events WHERE kind = 'payout_failed'") is None
    assert database.rows("SELECT DISTINCT state FROM effects WHERE target = 'PMS'") == [("AWAITING_CLEARANCE",)]

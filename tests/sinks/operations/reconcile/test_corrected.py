"""A corrected payment counts once, as the version that stands has it, whenever it was corrected (E-11, P-19)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.practice_settings import AmountMode, FeeAdjustment
from schemas.vocabulary import State
from sinks.operations.actions.payout_differences import accept_difference
from sinks.operations.reconcile.bridge import Cause
from sinks.operations.reconcile.run import Reconciled, reconcile_practice
from sinks.operations.reconcile.totals import Span
from tests.processors.rules.event_examples import NOON, item, payment, payout
from tests.processors.rules.lifecycle.memory_ledger import refund
from tests.processors.rules.linked_examples import corrected, voided
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again
from tests.sinks.ledger.payouts.settling import ORDER, settle
from tests.sinks.operations.orders import ledger_of
from tests.worlds import Stack, World, fresh_world

pytestmark = pytest.mark.stack

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
HALF: Final = date(2026, 3, 6)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NUMBERS: Final = count(1)


@pytest.fixture(scope="module")
def world(stack: Stack) -> Iterator[World]:
    with fresh_world(stack) as mine:
        yield mine


@pytest.fixture(scope="module")
def database(world: World) -> Iterator[LedgerDatabase]:
    opened = LedgerDatabase(world.database_url)
    opened.clock.instant = NOON + 12 * DAY
    yield opened
    opened.close()


class Practice:
    """A practice of its own, by what is reported of `pay-1` and booked meanwhile."""

    def __init__(self, database: LedgerDatabase, **chosen: Any) -> None:
        self.database = database
        self.name = f"corrected-{next(NUMBERS)}"
        database.add(self.name, **chosen)
        database.link(practice_id=self.name)

    def report(self, event: Any) -> None:
        self.database.report(again(event, practice_id=self.name, event_id=f"ev-{self.name}-{next(NUMBERS)}"))

    def post(self) -> None:
        self._end(State.POSTED)

    def dismiss(self) -> None:
        self._end(State.DISMISSED)

    def _end(self, state: State) -> None:
        self.database.connection.execute(
            "UPDATE effects SET state = %s WHERE practice_id = %s AND state = 'SCHEDULED'", (state, self.name)
        )

    def reconciled(self, first: date = FIRST, last: date = LAST) -> Reconciled:
        ledger = ledger_of(self.database.connection, self.database.clock)
        return reconcile_practice(ledger, self.name, first, last, Span.YEAR)


def causes(found: Reconciled) -> list[tuple[Cause, int]]:
    return [(each.cause, each.amount_minor) for each in found.causes]


def test_corrected_after_it_was_posted(database: LedgerDatabase) -> None:
    """50.00 became 60.00: 60.00 is booked, reported, and on its way."""
    practice = Practice(database)
    practice.report(payment(5_000, 0))
    practice.post()
    practice.report(corrected(6_000, 0, at=NOON + HOUR))
    practice.post()
    found = practice.reconciled()
    assert (found.pms_minor, found.reported_minor, found.in_transit_minor) == (6_000, 6_000, 6_000)
    assert causes(found) == [(Cause.IN_TRANSIT, -6_000)]
    assert [each.payments_minor for each in found.totals] == [6_000]


def test_corrected_before_it_was_posted(database: LedgerDatabase) -> None:
    """7.00 became 8.00 before it went out: nothing of the 7.00 is left, so nothing of it is said."""
    practice = Practice(database)
    practice.report(payment(700, 0))
    practice.report(corrected(800, 0, at=NOON + HOUR))
    practice.post()
    found = practice.reconciled()
    assert (found.pms_minor, found.reported_minor) == (800, 800)
    assert causes(found) == [(Cause.IN_TRANSIT, -800)]


def test_the_payout_has_what_the_correction_says(database: LedgerDatabase) -> None:
    """20.00 became 90.00, which is what the payout brings: no difference."""
    practice = Practice(database)
    practice.report(payment(2_000, 0))
    practice.post()
    practice.report(corrected(9_000, 0, at=NOON + HOUR))
    practice.report(payout(item(1, 9_000, 0, payment_id="pay-1"), arrival_date=date(2026, 3, 5)))
    practice.post()
    found = practice.reconciled()
    assert (found.reported_minor, found.bank_minor) == (9_000, 9_000)
    assert causes(found) == []


def test_corrected_in_the_next_stretch(database: LedgerDatabase) -> None:
    """Each stretch has what was reported in it, and the payout of the second the whole: that is the other period's."""
    practice = Practice(database)
    practice.report(payment(5_000, 0))
    practice.post()
    practice.report(corrected(6_000, 0, at=NOON + 5 * DAY))
    practice.report(payout(item(1, 6_000, 0, payment_id="pay-1"), arrival_date=date(2026, 3, 10)))
    practice.post()
    before, after = practice.reconciled(FIRST, HALF), practice.reconciled(HALF + DAY, LAST)
    assert (before.pms_minor, before.reported_minor) == (5_000, 5_000)
    assert causes(before) == [(Cause.IN_TRANSIT, -5_000)]
    assert (after.pms_minor, after.reported_minor, after.bank_minor) == (1_000, 1_000, 6_000)
    assert causes(after) == [(Cause.OTHER_PERIOD, 5_000)]


def test_corrected_and_voided_in_the_next_stretch(database: LedgerDatabase) -> None:
    """What the first stretch had is what the void takes back."""
    practice = Practice(database)
    practice.report(payment(5_000, 0))
    practice.post()
    practice.report(corrected(6_000, 0, at=NOON + 5 * DAY))
    practice.report(voided(NOON + 6 * DAY))
    practice.post()
    found = practice.reconciled(HALF + DAY, LAST)
    assert (found.pms_minor, found.reported_minor) == (-5_000, -5_000)
    assert causes(found) == [(Cause.VOIDED, 5_000)]
    whole = practice.reconciled()
    assert (whole.pms_minor, whole.reported_minor, causes(whole)) == (0, 0, [])


def test_the_banks_word_is_a_version_too(database: LedgerDatabase) -> None:
    """A person says that the payout is right: the payment is what it says, and no amount differs any more."""
    practice = Practice(database)
    practice.report(payment(5_000, 0))
    practice.post()
    practice.report(payout(item(1, 6_000, 0, payment_id="pay-1"), arrival_date=date(2026, 3, 5)))
    settle(database)
    (number,) = database.one(
        "SELECT ARRAY[number] FROM payout_differences WHERE practice_id = %s AND ended_at IS NULL", practice.name
    )
    accept_difference(ledger_of(database.connection, database.clock), practice.name, number, ORDER)
    practice.post()
    found = practice.reconciled()
    assert (found.pms_minor, found.reported_minor, found.bank_minor) == (6_000, 6_000, 6_000)
    assert causes(found) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_whatever_corrections_there_were_the_last_one_counts(database: LedgerDatabase, seed: int) -> None:
    """Corrections before and after posting, then a refund or a void: the payment is its last version, in the whole
    stretch and in two halves together, and every difference has a cause."""
    chance = random.Random(seed)
    practice = Practice(
        database,
        amount=chance.choice([AmountMode.NET, AmountMode.GROSS]),
        fee_adjustment=chance.choice([FeeAdjustment.AUTO, FeeAdjustment.OFF]),
    )
    at: datetime = NOON
    surcharge = chance.choice([0, 0, 100])
    gross = chance.choice([5_000, 333])
    practice.report(payment(gross, 40, at, surcharge_minor=surcharge))
    for version in range(2, 2 + chance.randint(1, 3)):
        if chance.random() < 0.6:
            practice.post()
        elif chance.random() < 0.3:
            practice.dismiss()
        at += chance.choice([HOUR, DAY])
        gross = chance.choice([6_000, 700, 9_000])
        practice.report(corrected(gross, 40, version, at, surcharge_minor=surcharge))
    if chance.random() < 0.5:
        practice.post()
    after, stands, back = chance.choice(["nothing", "void", "refund"]), gross, 0
    if after == "void":
        practice.report(voided(at + HOUR))
        stands = 0
    elif after == "refund":
        back = -gross // 2
        practice.report(again(refund(back), payment_id="pay-1", occurred_at=at + HOUR))
    if chance.random() < 0.5:
        practice.report(payout(item(1, gross, 40, payment_id="pay-1"), arrival_date=date(2026, 3, 5)))
    practice.post()
    found = practice.reconciled()
    assert found.explained
    assert found.reported_minor == stands + back
    assert [each.payments_minor for each in found.totals] == [stands]
    assert Cause.AMOUNT_DIFFERS not in {each.cause for each in found.causes} or after == "void"
    assert [each for each in found.causes if each.cause is Cause.VOIDED] == []
    split = date(2026, 3, 4)
    halves = [practice.reconciled(FIRST, split), practice.reconciled(split + DAY, LAST)]
    assert all(each.explained for each in halves)
    assert sum(each.reported_minor for each in halves) == stands + back

"""An older payment that is released between a younger one's stored balance read and its post (law 18, ALL-1).

Charges of 400, 300 and 300. A of 500 waits; B of 350 has read the balance and its poster dies; A is let go. Both are
posted, each on charges that the other does not pay.
"""

from __future__ import annotations

from typing import Any

import pytest

from deploy.sandbox.faults import Effect, FaultKind
from schemas.practice_settings import Allocation, AmountMode
from schemas.vocabulary import State
from sinks.ledger.unit_of_work import unit_of_work
from sinks.ledger.waiting.release import release
from streams.runtime.clock import FixedClock
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

pytestmark = pytest.mark.stack
A, B = 1, 2
PLAIN: dict[str, Any] = {"allocation": Allocation.ALLOCATE, "amount": AmountMode.GROSS}


def until_posted(offices: Offices, office: Office) -> None:
    offices.poster()
    posted = lambda: len(office.states()) >= 4 and set(office.states()) == {"POSTED"}  # noqa: E731
    until(posted, "both are posted", show=office.shown)
    offices.stop_posters()


def each_charge_is_paid_once(office: Office, charges: list[int]) -> None:
    paid = office.paid_on()
    assert [paid.get(charge, 0) for charge in charges] == [40_000, 30_000, 15_000], paid
    assert office.balance() == 15_000
    assert office.doubled() == []


def b_reads_and_its_poster_dies(offices: Offices, office: Office, **fields: Any) -> None:
    offices.database.report(office.pay(gross=35_000, fee=0, **fields))
    offices.process(test_crash_at="poster.after_expansion").until_dead()


def refuse_once(offices: Offices, office: Office, text: str) -> None:
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS,
        Effect.NONE,
        status=400,
        text=text,
        account=office.customer_key,
        method="POST",
        path="/payments",
        times=1,
    )


@pytest.mark.parametrize(
    ("text", "dead"),
    [("PayType is invalid", State.INVALID_CONFIG), ("Amount is invalid", State.REJECTED)],
)
def test_redrive(offices: Offices, text: str, dead: State) -> None:
    """A was read, sent and refused; its stored read is as old as that."""
    office = offices.open(**PLAIN)
    charges = office.charge("pt-1", 40_000, 30_000, 30_000)
    refuse_once(offices, office, text)
    offices.database.report(office.pay(gross=50_000, fee=0))
    offices.poster()
    until(lambda: office.states()[0] == dead, "A is refused", show=office.shown)
    offices.stop_posters()
    b_reads_and_its_poster_dies(offices, office)
    with unit_of_work(offices.database.connection, PRACTICE, clock=FixedClock(NOON), jitter_s=0) as unit:
        release(unit, [dead], actor="owner")
    until_posted(offices, office)
    each_charge_is_paid_once(office, charges)

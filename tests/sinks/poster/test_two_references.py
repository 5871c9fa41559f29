"""Two references of one patient at the target: two lanes, and one call at a time, so that no charge is paid twice
(laws 18 and 23, ALL-1)."""

from __future__ import annotations

import pytest

from deploy.sandbox.faults import Effect, FaultKind
from schemas.practice_settings import Allocation, AmountMode
from streams.fault_injection import Control
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Office, Offices

pytestmark = pytest.mark.stack

CHARGES_PATH = "/accountmodules/*/ServiceDateView"
CHARGES = (40_000, 30_000, 30_000)
OLDER, YOUNGER = 35_000, 50_000


def _both_at_once(offices: Offices) -> tuple[Office, list[int]]:
    """The older payment is laid out and not sent; the younger one, by the other reference, is to be read. The office
    writes the first late, and answers the read, with the charges as they were, later still."""
    office = offices.open(allocation=Allocation.ALLOCATE, amount=AmountMode.GROSS)
    charges = office.charge("pt-1", *CHARGES)
    office.patients["pt-1b"] = office.patients["pt-1"]
    offices.database.connection.execute(
        "INSERT INTO patient_links VALUES (%s, 'pt-1b', %s, 'test', now())",
        (office.practice_id, str(office.patients["pt-1"])),
    )
    offices.database.report(office.pay("pt-1", gross=OLDER, fee=0))
    offices.process(test_crash_at="poster.after_expansion").until_dead()
    offices.database.report(office.pay("pt-1b", gross=YOUNGER, fee=0))
    offices.sandbox.open_dental.fault(
        FaultKind.SLOW, Effect.AFTER, account=office.customer_key, method="POST", path="/payments", times=1, seconds=0.4
    )
    offices.sandbox.open_dental.fault(
        FaultKind.SLOW,
        Effect.BEFORE,
        account=office.customer_key,
        method="GET",
        path=CHARGES_PATH,
        times=1,
        seconds=1.3,
    )
    return office, charges


def test_no_charge_is_read_while_another_call_pays_it(offices: Offices) -> None:
    """The younger one is read when the older one stands: both are posted, each on what the other leaves open."""
    office, charges = _both_at_once(offices)
    offices.poster()
    until(
        lambda: len(office.states()) >= 4 and set(office.states()) == {"POSTED"},
        "both are posted",
        show=office.shown,
    )
    assert [office.paid_on().get(charge, 0) for charge in charges] == [40_000, 30_000, 15_000], office.paid_on()
    assert office.balance() == sum(CHARGES) - OLDER - YOUNGER
    assert office.doubled() == []
    lanes = {row[0] for row in offices.database.rows("SELECT lane FROM entries WHERE target = 'PMS'")}
    assert len(lanes) == 2


def test_called_at_once_one_of_them_is_refused(offices: Offices) -> None:
    """The control: the younger one was laid on what the older one paid meanwhile, and goes to a person."""
    office, _ = _both_at_once(offices)
    offices.poster(test_controls=Control.ONE_CALL_A_PATIENT.value)
    until(lambda: "REJECTED" in office.states(), "an allocation is refused", show=office.shown)
    offices.stop_posters()

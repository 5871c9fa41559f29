"""A poster claims a gate again while a call of its earlier lease is still in flight."""

from __future__ import annotations

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import AmountMode
from tests.scenarios.waiting import until
from tests.sinks.poster.offices import Offices

PATH = "/payments"


def test_a_gate_claimed_again_by_its_owner_can_be_closed_and_opened(offices: Offices) -> None:
    """A freeze outlasts the lease, the same process claims again, its connection closes: it opens again too."""
    office = offices.open(amount=AmountMode.GROSS)
    offices.database.report(office.pay("pt-1"))
    account = office.customer_key
    offices.sandbox.open_dental.fault(FaultKind.TIMEOUT, account=account, method="POST", path=PATH, times=1)
    offices.poster()
    until(lambda: office.states() != ["SCHEDULED"], "a call hangs", show=office.shown)
    first = offices.database.one("SELECT epoch FROM gates")

    def claimed_again() -> bool:
        offices.database.connection.execute(
            "UPDATE gates SET lease_until = 'epoch', next_due_at = now() WHERE epoch = %s", (first,)
        )
        return bool(offices.database.one("SELECT epoch FROM gates") > first)

    until(claimed_again, "the gate is claimed again", show=office.shown)
    offices.sandbox.open_dental.fault(
        FaultKind.STATUS, status=429, retry_after="1", account=account, method="POST", path=PATH, times=1
    )
    offices.database.report(office.pay("pt-2"))
    office.until_states("POSTED", "POSTED")
    assert len(office.payments()) == 2

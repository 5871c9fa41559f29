"""Scenario 48 and guarantee 4: one practice's office and company are off, with hundreds of entries behind them."""

from __future__ import annotations

import pytest

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import AmountMode
from tests.scenarios.attempts import answers, company_fault, office_fault
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.routes import ROUTES, spoil

PATIENTS = tuple(f"pt-{n}" for n in range(50))
BEHIND = 200


@pytest.mark.stack
def test_hundreds_wait_behind_it_and_nobody_else_does(pipeline: Pipeline) -> None:
    """Others are posted meanwhile; what waits is not dead, has used no attempt, and is posted once it answers again."""
    down = pipeline.practice("down", patients=PATIENTS, quickbooks=True, amount=AmountMode.GROSS)
    well = [pipeline.practice(f"well-{n}", quickbooks=True, amount=AmountMode.GROSS) for n in range(2)]
    office_fault(pipeline, down, FaultKind.TIMEOUT, method="", path="*")
    company_fault(pipeline, down, FaultKind.STATUS, method="", path="*", status=503)
    pipeline.start_all()
    pipeline.send(*(payment(down, PATIENTS[n % len(PATIENTS)], 1_000 + n, 40) for n in range(BEHIND)))
    pipeline.send(*(payout(down, ((5_000 + n, 90),)) for n in range(3)))
    for practice in well:
        pipeline.send(*(payment(practice, f"pt-{n % 3 + 1}", 2_000 + n, 80) for n in range(12)), payout(practice))
    for practice in well:
        pipeline.until_states(practice=practice, POSTED=13)
    pipeline.until_stored(BEHIND + 3 + 26)

    def closed() -> set[str]:
        rows = pipeline.rows("SELECT closed_reason FROM connections WHERE home_practice_id = %s", down)
        return {row["closed_reason"] for row in rows}

    pipeline.until(lambda: None not in closed(), "both connections are closed")
    states = pipeline.states(down)
    assert sum(states.values()) == BEHIND + 3
    assert set(states) <= {"SCHEDULED", "RETRYING", "SENDING", "UNCERTAIN"}, "nothing is dead"
    assert states["SCHEDULED"] >= BEHIND - len(PATIENTS), "almost all of them were never tried"
    pipeline.sandbox.open_dental.clear_faults()
    pipeline.sandbox.quickbooks.clear_faults()
    pipeline.until_states(practice=down, POSTED=BEHIND + 3)
    assert closed() == {None}
    assert all(answer != "Refused" for _, _, _, answer, _ in answers(pipeline, down))
    pipeline.invariants(replay=False)


@pytest.mark.stack
@pytest.mark.parametrize("name", ["nexhealth", "connector_push", "connector_pull"])
def test_an_account_that_is_off_on_every_other_route_delays_nobody_else(pipeline: Pipeline, name: str) -> None:
    """One location or office of several: silent to everything; by pull its agent is off too, and comes later."""
    route = ROUTES[name]
    down, well = route.practice(pipeline, "down"), route.practice(pipeline, "well")
    off = spoil(route, pipeline, down, FaultKind.TIMEOUT, method="", path="*")
    pipeline.start_all()
    route.serve(pipeline, well)
    pipeline.send(*(route.event(down, n) for n in range(30)), *(route.event(well, n) for n in range(12)))
    pipeline.until_states(practice=well, POSTED=12)
    closed = "SELECT closed_reason AS why FROM connections WHERE home_practice_id = %s"
    pipeline.until(lambda: pipeline.rows(closed, down)[0]["why"] is not None, "the connection is closed")
    pipeline.until_stored(42)
    states = pipeline.states(down)
    assert sum(states.values()) == 30
    assert set(states) <= {"SCHEDULED", "RETRYING", "SENDING", "UNCERTAIN"}, "nothing is dead"
    assert states["SCHEDULED"] >= 30 - 3, "of each patient one was tried at most"
    assert route.standing(pipeline, down) == []
    route.sandbox(pipeline).clear_faults(off)
    route.serve(pipeline, down)
    pipeline.until_states(practice=down, POSTED=30)
    assert pipeline.rows(closed, down)[0]["why"] is None
    pipeline.invariants(replay=False)

"""Scenario 41 and law 22: 429 is the connection's, not the entry's."""

from __future__ import annotations

import pytest

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import AmountMode
from tests.scenarios.attempts import answers, company_fault, counted_and_with_effect, office_fault
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.routes import ROUTES, spoil


@pytest.mark.stack
def test_a_storm_burns_no_attempt_and_delays_nobody_else(pipeline: Pipeline) -> None:
    """With and without Retry-After: while it lasts others are posted; after it all is, and it cost no attempt."""
    named, unnamed, well = (
        pipeline.practice(name, quickbooks=True, amount=AmountMode.GROSS) for name in ("named", "unnamed", "well")
    )
    for practice, wait in ((named, "1"), (unnamed, "")):
        office_fault(pipeline, practice, FaultKind.STATUS, path="*", method="", status=429, retry_after=wait)
        company_fault(pipeline, practice, FaultKind.STATUS, path="*/deposit", status=429, retry_after=wait)
    pipeline.start_all()
    for practice in (named, unnamed, well):
        pipeline.send(*(payment(practice, f"pt-{n % 3 + 1}", 1_000 + n, 40) for n in range(6)))
        pipeline.send(*(payout(practice, ((2_000 + n, 60),)) for n in range(3)))
    pipeline.until_states(practice=well, POSTED=9)

    def refused(practice: str) -> int:
        return sum(code in ("HTTP_429", "429") for *_, code in answers(pipeline, practice))

    pipeline.until(lambda: refused(named) >= 6 and refused(unnamed) >= 4, "the storm has hit both again and again")
    for practice in (named, unnamed):
        assert set(pipeline.states(practice)) <= {"SCHEDULED", "RETRYING", "SENDING", "UNCERTAIN"}, "nothing is dead"
    pipeline.sandbox.open_dental.clear_faults()
    pipeline.sandbox.quickbooks.clear_faults()
    pipeline.until_states(POSTED=27)
    counted, with_effect = counted_and_with_effect(pipeline)
    assert counted == with_effect, "429 costs no attempt"
    pipeline.invariants()


@pytest.mark.stack
@pytest.mark.parametrize("name", ["nexhealth", "connector_push", "connector_pull"])
def test_a_storm_on_every_other_route_is_the_same(pipeline: Pipeline, name: str) -> None:
    """NexHealth and a connector: others are posted meanwhile, nothing is dead, no attempt is spent."""
    route = ROUTES[name]
    named, unnamed, well = (route.practice(pipeline, each) for each in ("named", "unnamed", "well"))
    for practice, wait in ((named, "1"), (unnamed, "")):
        spoil(route, pipeline, practice, FaultKind.STATUS, status=429, retry_after=wait)
    pipeline.start_all()
    route.serve(pipeline, named, unnamed, well)
    pipeline.send(*(route.event(practice, n) for practice in (named, unnamed, well) for n in range(6)))
    pipeline.until_states(practice=well, POSTED=6)

    def refused(practice: str) -> int:
        return sum(answer == "Refused" for _, _, _, answer, _ in answers(pipeline, practice))

    pipeline.until(lambda: refused(named) >= 3 and refused(unnamed) >= 3, "the storm has hit both again and again")
    for practice in (named, unnamed):
        assert set(pipeline.states(practice)) <= {"SCHEDULED", "RETRYING", "SENDING", "UNCERTAIN"}, "nothing is dead"
        assert route.standing(pipeline, practice) == []
    route.sandbox(pipeline).clear_faults()
    pipeline.until_states(POSTED=18)
    counted, with_effect = counted_and_with_effect(pipeline)
    assert counted == with_effect, "429 costs no attempt"
    pipeline.invariants(replay=False)

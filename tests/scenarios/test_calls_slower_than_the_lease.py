"""Scenario 47 and law 20: another poster takes over, and then the first one's answer arrives after all."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.sandbox.running import FaultKind
from schemas.practice_settings import AmountMode
from streams.fault_injection import Control, CrashPoint
from tests.scenarios import topics
from tests.scenarios.attempts import answers, column, office_fault
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.roles import Role
from tests.scenarios.routes import ROUTES, creates, spoil

WITH_THE_ANSWER = f"{CrashPoint.POSTER_AFTER_ANSWER.value}:stop"


def _one_payment(pipeline: Pipeline, refused: bool = False, **first: Any) -> tuple[str, Role]:
    """A payment whose poster stands still with the answer in hand."""
    practice = pipeline.practice(amount=AmountMode.GROSS)
    if refused:
        office_fault(pipeline, practice, FaultKind.STATUS, times=1, status=400, text="ProcNum is invalid.")
    pipeline.start("rules", "intake", "relay", "notifier")
    frozen = pipeline.start("poster", test_crash_at=WITH_THE_ANSWER, **first)
    pipeline.send(payment(practice))
    return practice, frozen


def _late_success(pipeline: Pipeline, **first: Any) -> None:
    """The entry stands, reads fail, a second poster holds the effect in doubt; then the first one's success arrives."""
    practice, frozen = _one_payment(pipeline, **first)
    customer_key, _ = pipeline.accounts[practice]
    pipeline.until(lambda: pipeline.sandbox.open_dental.payments(customer_key), "the entry stands")
    office_fault(pipeline, practice, FaultKind.STATUS, method="GET", path="*", status=503)
    pipeline.start("poster")
    pipeline.until_states(UNCERTAIN=1)
    frozen.thaw()

    def stored() -> bool:
        return any(each[2:4] == ("post", "Posted") for each in answers(pipeline))

    pipeline.until(stored, "the late success is written down")


def _the_success_counts(pipeline: Pipeline) -> None:
    states = column(pipeline, "state")
    assert states == ["POSTED"], f"law 20: a positive answer was thrown away: {states}"


@pytest.mark.stack
def test_a_late_success_is_stored_whoever_owns_the_gate(pipeline: Pipeline) -> None:
    """The late success makes it POSTED although nobody could read it back, and it stands once."""
    _late_success(pipeline)
    _the_success_counts(pipeline)
    pipeline.sandbox.open_dental.clear_faults()
    pipeline.invariants()


@pytest.mark.stack
def test_control_with_a_fence_for_positive_answers_it_is_lost(pipeline: Pipeline) -> None:
    """The control of law 20: fenced like a refusal, the success is lost, and the effect stays in doubt."""
    _late_success(pipeline, test_controls=Control.KEEP_POSITIVE.value)
    with pytest.raises(AssertionError, match="positive answer was thrown away"):
        _the_success_counts(pipeline)


@pytest.mark.stack
@pytest.mark.parametrize("name", [name for name in ROUTES if name != "open_dental"])
def test_a_late_success_on_every_other_route_ends_as_one_entry(pipeline: Pipeline, name: str) -> None:
    """The same at NexHealth, whose 202 proves nothing yet, at a connector either way, and at QuickBooks."""
    route = ROUTES[name]
    practice = route.practice(pipeline)
    pipeline.start("rules", "intake", "relay", "notifier")
    frozen = pipeline.start("poster", test_crash_at=WITH_THE_ANSWER)
    route.serve(pipeline, practice)
    pipeline.send(route.event(practice))
    pipeline.until(lambda: route.standing(pipeline, practice), "the entry stands")
    spoil(route, pipeline, practice, FaultKind.STATUS, method="GET", path="*", status=503)
    pipeline.start("poster")
    pipeline.until_states(UNCERTAIN=1)
    frozen.thaw()
    late = ("post", "Accepted" if name == "nexhealth" else "Posted")
    pipeline.until(lambda: any(each[2:4] == late for each in answers(pipeline)), "the late success is written down")
    if name != "nexhealth":
        _the_success_counts(pipeline)
    route.sandbox(pipeline).clear_faults()
    pipeline.until_states(POSTED=1)
    assert (len(route.standing(pipeline, practice)), creates(route, pipeline, practice)) == (1, 1)
    pipeline.invariants(replay=False)


def _late_refusal(pipeline: Pipeline, **first: Any) -> None:
    """The first poster stands still with a refusal in hand, the second with a success; they go on in that order."""
    practice, frozen = _one_payment(pipeline, refused=True, **first)
    faults = pipeline.sandbox.open_dental.faults
    pipeline.until(lambda: any(state.hit for state in faults()), "the first was refused")
    second = pipeline.start("poster", test_crash_at=WITH_THE_ANSWER)
    customer_key, _ = pipeline.accounts[practice]
    pipeline.until(lambda: pipeline.sandbox.open_dental.payments(customer_key), "the second's entry stands")
    frozen.thaw()

    def stored() -> bool:
        return any(each[2:4] == ("post", "Refused") for each in answers(pipeline))

    pipeline.until(stored, "the late refusal is written down")
    second.thaw()
    pipeline.until_states(POSTED=1)


def _nobody_was_told_of_a_failure(pipeline: Pipeline) -> None:
    pipeline.until(lambda: not pipeline.rows("SELECT 1 FROM outbox"), "everything is published")
    reasons = [record.headers["dl-reason"] for record in topics.dead_letters(pipeline.world)]
    assert not reasons, f"law 20: an older owner's refusal counted: {reasons}"


@pytest.mark.stack
def test_a_late_refusal_of_an_older_owner_changes_nothing(pipeline: Pipeline) -> None:
    """Fenced by its epoch: refused once and then taken, the payment is POSTED, and nobody hears of a failure."""
    _late_refusal(pipeline)
    _nobody_was_told_of_a_failure(pipeline)
    pipeline.invariants()


@pytest.mark.stack
def test_control_without_the_fence_a_standing_payment_is_called_refused(pipeline: Pipeline) -> None:
    """The control of law 20's epoch: while a newer call is on its way the old refusal kills its effect."""
    _late_refusal(pipeline, test_controls=Control.EPOCH.value)
    with pytest.raises(AssertionError, match="older owner's refusal counted"):
        _nobody_was_told_of_a_failure(pipeline)

"""Scenarios 38 to 40, 42, 43, laws 17 to 19, at both targets: silence, resets, server errors, pages, half bodies."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.sandbox.running import Effect, FaultKind
from schemas.practice_settings import AmountMode
from schemas.vocabulary import State
from streams.fault_injection import Control
from tests.scenarios import invariants
from tests.scenarios.attempts import answers, column, company_fault, office_fault, sent
from tests.scenarios.example_events import payment, payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.routes import ROUTES, spoil

SILENCES: list[tuple[FaultKind, Effect, dict[str, Any]]] = [
    (FaultKind.TIMEOUT, Effect.BEFORE, {}),
    (FaultKind.TIMEOUT, Effect.NONE, {}),
    (FaultKind.TIMEOUT, Effect.AFTER, {"seconds": 2.1}),
    (FaultKind.DROP, Effect.BEFORE, {}),
    (FaultKind.DROP, Effect.NONE, {}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 500}),
    (FaultKind.STATUS, Effect.NONE, {"status": 500}),
    (FaultKind.STATUS, Effect.BEFORE, {"status": 200, "code": "10000", "text": "An application error has occurred"}),
    (FaultKind.HTML, Effect.BEFORE, {"status": 200}),
    (FaultKind.HTML, Effect.NONE, {"status": 502}),
    (FaultKind.TRUNCATED, Effect.BEFORE, {}),
    (FaultKind.CUT_OFF, Effect.BEFORE, {}),
    (FaultKind.TRICKLE, Effect.BEFORE, {"seconds": 0.05}),
]
"""(what happens, whether the target applies the request, more). A practice of its own for each."""


@pytest.mark.stack
def test_a_read_back_decides_at_both_targets(pipeline: Pipeline) -> None:
    """Each payment and payout whose answer cannot be trusted is in doubt, read back, and stands once in the end."""
    practices = [pipeline.practice(f"p{n}", quickbooks=True, amount=AmountMode.GROSS) for n in range(len(SILENCES))]
    for practice, (kind, effect, more) in zip(practices, SILENCES, strict=True):
        office_fault(pipeline, practice, kind, effect, times=1, **more)
        company_fault(pipeline, practice, kind, effect, times=1, **more)
    pipeline.start_all()
    pipeline.send(*(event for practice in practices for event in (payment(practice), payout(practice))))
    pipeline.until_states(POSTED=2 * len(practices))
    seen = {(practice, effect_id, phase, answer) for practice, effect_id, phase, answer, _ in answers(pipeline)}
    for practice, silence in zip(practices, SILENCES, strict=True):
        for effect_id in (1, 2):
            assert (practice, effect_id, "post", "NoAnswer") in seen, f"{silence} was believed"
            assert (practice, effect_id, "readback", "Found") in seen, f"{silence} was not looked up"
    pipeline.invariants()


@pytest.mark.stack
@pytest.mark.parametrize("name", ["nexhealth", "connector_push", "connector_pull"])
def test_a_read_back_decides_on_every_other_route(pipeline: Pipeline, name: str) -> None:
    """The same at NexHealth and at a connector. What NexHealth does not show may still come, so that is a person's."""
    route = ROUTES[name]
    practices = [route.practice(pipeline, f"p{n}") for n in range(len(SILENCES))]
    for practice, (kind, effect, more) in zip(practices, SILENCES, strict=True):
        spoil(route, pipeline, practice, kind, effect, times=1, **more)
    pipeline.start_all()
    route.serve(pipeline, *practices)
    pipeline.send(*(route.event(practice, n) for n, practice in enumerate(practices)))
    absent = sum(effect is Effect.NONE for _, effect, _ in SILENCES) if name == "nexhealth" else 0
    expected = {"POSTED": len(practices) - absent} | ({"DEAD_LETTERED": absent} if absent else {})
    pipeline.until(lambda: pipeline.states() == expected, f"states become {expected}")
    seen = {(practice, phase, answer) for practice, _, phase, answer, _ in answers(pipeline)}
    for number, (practice, silence) in enumerate(zip(practices, SILENCES, strict=True)):
        assert (practice, "post", "NoAnswer") in seen, f"{silence} was believed"
        assert (practice, "readback", "Found") in seen, f"{silence} was not looked up"
        is_absent = absent and silence[1] is Effect.NONE
        assert route.standing(pipeline, practice) == ([] if is_absent else [1_000 + number]), silence
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_a_fault_inside_a_200_is_a_refusal_and_reported(pipeline: Pipeline) -> None:
    """Scenario 42: QuickBooks' business fault in a 200 is REJECTED with a notice, never taken for a success."""
    practice = pipeline.practice(pms=False, quickbooks=True)
    company_fault(pipeline, practice, FaultKind.STATUS, status=200, code="6000", text="A business validation error")
    pipeline.start_all()
    pipeline.send(payout(practice))
    pipeline.until_states(REJECTED=1)
    assert column(pipeline, "reason") == ["REFUSED_BY_TARGET"]
    _, realm = pipeline.accounts[practice]
    assert pipeline.sandbox.quickbooks.company(realm).deposits() == []
    pipeline.invariants()


@pytest.mark.stack
def test_control_without_the_read_back_an_unknown_outcome_doubles(pipeline: Pipeline) -> None:
    """The control of law 19: what was in doubt is sent again, and I2 breaks."""
    practice = pipeline.practice(amount=AmountMode.GROSS)
    office_fault(pipeline, practice, FaultKind.DROP, Effect.BEFORE, times=1)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", test_controls=Control.READ_BACK.value)
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=1)
    with pytest.raises(AssertionError, match="I2: posted twice"):
        invariants.at_most_one_entry(pipeline.doubled())


def _trickling(pipeline: Pipeline, **poster: Any) -> None:
    """One payment whose answer comes byte by byte, longer than a call may last; ends when it is POSTED."""
    practice = pipeline.practice(amount=AmountMode.GROSS)
    office_fault(pipeline, practice, FaultKind.TRICKLE, Effect.BEFORE, times=1, seconds=0.01)
    pipeline.start("rules", "intake", "relay", "notifier")
    pipeline.start("poster", **poster)
    pipeline.send(payment(practice))
    pipeline.until_states(POSTED=1)


def _every_call_kept_its_deadline(pipeline: Pipeline) -> None:
    given_up = [answer for answer, _ in sent(pipeline)]
    assert given_up == ["NoAnswer"], f"law 17: the call waited for its last byte: {given_up}"
    assert column(pipeline, "state") == [State.POSTED]


@pytest.mark.stack
def test_a_trickling_answer_ends_with_the_one_deadline(pipeline: Pipeline) -> None:
    """Law 17: an answer whose bytes never stop coming is given up at the call's deadline, and read back."""
    _trickling(pipeline)
    _every_call_kept_its_deadline(pipeline)
    pipeline.invariants(replay=False)


@pytest.mark.stack
def test_control_with_a_deadline_for_each_operation_the_call_goes_on(pipeline: Pipeline) -> None:
    """The control of law 17's total deadline: every byte begins the client's time anew."""
    _trickling(pipeline, test_controls=Control.TOTAL_DEADLINE.value)
    with pytest.raises(AssertionError, match="waited for its last byte"):
        _every_call_kept_its_deadline(pipeline)

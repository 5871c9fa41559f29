"""Scenarios 45 and 46: tokens that go stale in the middle, and request ids that are seen again."""

from __future__ import annotations

import pytest

from deploy.sandbox.running import CompanySandbox, Effect, FaultKind
from tests.processes import Program
from tests.scenarios.attempts import company_fault, counted_and_with_effect, sent
from tests.scenarios.example_events import payout
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.routes import ROUTES
from tests.scenarios.waiting import WITHIN_S

TOKENS = "/oauth2/*"
PROOF_S = WITHIN_S


def _company(pipeline: Pipeline, practice: str) -> CompanySandbox:
    _, realm = pipeline.accounts[practice]
    return pipeline.sandbox.quickbooks.company(realm)


@pytest.mark.stack
def test_a_token_that_expires_mid_run_is_renewed_once_each_time(pipeline: Pipeline) -> None:
    """Two posters, three rounds of payouts, a stale token before each: one refresh a round, one attempt a payout."""
    practice = pipeline.practice(pms=False, quickbooks=True)
    company = _company(pipeline, practice)
    pipeline.start_all()
    pipeline.start("poster")
    for rounds in range(1, 4):
        pipeline.send(*(payout(practice, ((1_000 * rounds + n, 30),)) for n in range(4)))
        pipeline.until_states(POSTED=4 * rounds)
        assert company.tokens().refreshes == rounds
        company.expire_tokens()
    counted, with_effect = counted_and_with_effect(pipeline)
    assert counted == with_effect, "a stale token costs no attempt"
    pipeline.invariants()


@pytest.mark.stack
def test_a_token_of_nexhealth_that_ends_mid_run_costs_no_attempt(pipeline: Pipeline) -> None:
    """Two posters, three rounds of payments, tokens that end before each: a process asks for one a round at most."""
    route = ROUTES["nexhealth"]
    practice = route.practice(pipeline)
    key = route.account(pipeline, practice)
    pipeline.start_all()
    pipeline.start("poster")
    for rounds in range(1, 4):
        pipeline.send(*(route.event(practice, 10 * rounds + n) for n in range(4)))
        pipeline.until_states(POSTED=4 * rounds)
        assert rounds <= pipeline.sandbox.nexhealth.expire_tokens(key) <= 2 * rounds
    counted, with_effect = counted_and_with_effect(pipeline)
    assert counted == with_effect == 12, "a stale token costs no attempt"
    pipeline.invariants()


@pytest.mark.stack
def test_processes_that_race_for_a_token_cause_one_refresh(pipeline: Pipeline) -> None:
    """S-2: while the poster's renewal is under way three `target test` want one too: one refresh, and all go on."""
    practice = pipeline.practice(pms=False, quickbooks=True)
    company = _company(pipeline, practice)
    pipeline.start_all()
    pipeline.send(payout(practice))
    pipeline.until_states(POSTED=1)
    company.expire_tokens()
    before = company.tokens().refreshes
    slow = pipeline.sandbox.quickbooks.fault(FaultKind.SLOW, Effect.AFTER, path=TOKENS, seconds=1.5)
    pipeline.send(payout(practice, ((7_000, 100),)))
    pipeline.until(lambda: _hits(pipeline, slow) >= 1, "the poster has asked for a token")
    environ = pipeline.world.environ(**pipeline.common)
    outputs = [pipeline.folder / f"proof-{number}" for number in range(3)]
    proofs = [Program(["target", "test", practice, "quickbooks"], environ, output) for output in outputs]
    codes = [proof.wait(PROOF_S) for proof in proofs]
    pipeline.until_states(POSTED=2)
    assert codes == [0, 0, 0], [output.read_text() for output in outputs]
    assert company.tokens().refreshes == before + 1
    pipeline.invariants(replay=False)


def _hits(pipeline: Pipeline, fault_id: int) -> int:
    return sum(state.hit for state in pipeline.sandbox.quickbooks.faults() if state.fault_id == fault_id)


@pytest.mark.stack
@pytest.mark.parametrize("repeated", ["replay", "600"])
def test_a_request_id_that_is_seen_again_makes_no_second_entry(pipeline: Pipeline, repeated: str) -> None:
    """Even where reads hide an entry past every limit, the same request id brings the first answer or doubt: never two.

    Law 18: a repeated send of one generation carries the same id. Fault 600 says that it was seen, not what came of
    it, so the read-back goes on asking until reads show the entry.
    """
    practice = pipeline.practice(pms=False, quickbooks=True)
    company = _company(pipeline, practice)
    company.change(repeated_request_id=repeated)
    company_fault(pipeline, practice, FaultKind.DROP, Effect.BEFORE, times=1, hidden_s=10.0)
    pipeline.start_all()
    pipeline.send(payout(practice))
    pipeline.until_states(POSTED=1)
    assert len(company.deposits()) == 1
    first, *again = sent(pipeline)
    assert first[0] == "NoAnswer"
    assert again, "the second send is what this is about"
    assert again[-1][0] == "Posted" if repeated == "replay" else ("NoAnswer", "600") in again
    pipeline.invariants(replay=False)

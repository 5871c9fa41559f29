"""The verdict on each answer: one pure table, held against the table of transitions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import DEAD, ConnectionReason, DeadLetterReason, EntryKind, Stage, State
from sinks.ledger.schema.transitions import allowed
from sinks.poster import verdicts
from sinks.poster.call_outcome import Verdict
from sinks.poster.retry_times import LOOK_CAP_S
from sinks.targets.port import (
    Accepted,
    Answer,
    Capabilities,
    Found,
    NoAnswer,
    NothingSent,
    Posted,
    ReadFailed,
    RefusalClass,
    Refused,
    Scope,
)
from tests.sinks.poster.call_examples import NOW, TIMES, planned_call

ASKABLE = Capabilities(
    entry_kinds=frozenset({EntryKind.PAYMENT}),
    reads_back=True,
    proves_absence=True,
    idempotency_key=False,
    needs_patient=True,
    max_in_flight=1,
    min_interval_s=0.0,
)


refusals = st.builds(
    Refused,
    kind=st.sampled_from(RefusalClass),
    scope=st.sampled_from(Scope),
    reason=st.sampled_from([*DeadLetterReason, *ConnectionReason]),
    code=st.just("HTTP_400"),
    retry_after_s=st.none() | st.floats(0, 900),
)
answers: st.SearchStrategy[Answer] = st.one_of(
    st.just(Posted(external_id="payments/1")),
    st.just(Accepted()),
    st.just(NoAnswer(code="TIMEOUT")),
    st.builds(
        NothingSent,
        scope=st.sampled_from(Scope),
        reason=st.none() | st.sampled_from(ConnectionReason),
        code=st.just("X"),
    ),
    refusals,
)
readings = st.one_of(
    st.builds(
        Found, external_ids=st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(tuple), began_at=st.just(NOW)
    ),
    st.builds(
        ReadFailed,
        scope=st.sampled_from(Scope),
        reason=st.none() | st.sampled_from(ConnectionReason),
        code=st.just("X"),
        retry_after_s=st.none() | st.floats(0, 900),
    ),
)


def _sound(verdict: Verdict, before: State) -> None:
    assert verdict.state is before or allowed(before, verdict.state)
    assert verdict.positive == (verdict.state is State.POSTED)
    assert (verdict.reason is not None) == (verdict.state in DEAD)


@given(answer=answers, attempts=st.integers(1, 500), chance=st.floats(0, 1, exclude_max=True))
def test_no_answer_to_a_call_leads_outside_the_table(answer: Answer, attempts: int, chance: float) -> None:
    """PROTOCOL section 3: verdicts after a call are transitions from SENDING, dead exactly where it has a reason."""
    verdict = verdicts.after_post(answer, attempts=attempts, times=TIMES, chance=chance)
    _sound(verdict, State.SENDING)
    assert verdict.state is not State.SENDING


@given(
    reading=readings,
    state=st.sampled_from([State.UNCERTAIN, State.ACCEPTED]),
    settled=st.booleans(),
    aged=st.booleans(),
    proves=st.booleans(),
)
def test_no_reading_leads_outside_the_table(
    reading: Found | ReadFailed, state: State, settled: bool, aged: bool, proves: bool
) -> None:
    """PROTOCOL section 3, law 19: and absence never counts before the settle time, nor where it cannot be proven."""
    capabilities = msgspec.structs.replace(ASKABLE, proves_absence=proves)
    call = planned_call(state=state, settled=settled, aged=aged)
    verdict = verdicts.after_read(reading, call, capabilities, times=TIMES, chance=0.5)
    _sound(verdict, state)
    if verdict.state is State.RETRYING:
        assert settled
        assert proves
        assert isinstance(reading, Found)
        assert verdict.proven_absent


@given(answer=refusals)
def test_an_error_of_the_connection_costs_the_effect_nothing(answer: Refused) -> None:
    """Law 22: RETRYING, the attempt given back, the gate closed, the due time unchanged."""
    verdict = verdicts.after_post(answer, attempts=3, times=TIMES, chance=0.5)
    if answer.scope is Scope.EFFECT:
        assert verdict.closes is None
        assert not verdict.gives_back
    else:
        assert verdict.state is State.RETRYING
        assert verdict.gives_back
        assert verdict.closes is not None
        assert verdict.wait.seconds is None


def test_without_an_answer_nothing_is_assumed() -> None:
    """Law 16: UNCERTAIN, read back at once, and nothing given back."""
    verdict = verdicts.after_post(NoAnswer(code="TIMEOUT"), attempts=1, times=TIMES, chance=0.5)
    assert (verdict.state, verdict.wait.seconds, verdict.gives_back) == (State.UNCERTAIN, 0.0, False)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (RefusalClass.CONFIG, State.INVALID_CONFIG),
        (RefusalClass.PERIOD, State.BLOCKED_PERIOD),
        (RefusalClass.BUSINESS, State.REJECTED),
        (RefusalClass.MALFORMED, State.REJECTED),
        (RefusalClass.TEMPORARY, State.RETRYING),
    ],
)
def test_a_refusal_of_the_effect_has_its_state(kind: RefusalClass, state: State) -> None:
    """PROTOCOL section 3."""
    answer = Refused(kind=kind, scope=Scope.EFFECT, reason=DeadLetterReason.REFUSED_BY_TARGET, code="HTTP_400")
    assert verdicts.after_post(answer, attempts=1, times=TIMES, chance=0.5).state is state


def test_an_entry_found_twice_and_an_unprovable_absence_are_dead_letters() -> None:
    """PROTOCOL section 3: UNCERTAIN → DEAD_LETTERED."""
    call = planned_call(state=State.UNCERTAIN)
    twice = verdicts.after_read(Found(external_ids=("a", "b"), began_at=NOW), call, ASKABLE, times=TIMES, chance=0.5)
    assert (twice.state, twice.reason, twice.stage) == (
        State.DEAD_LETTERED,
        DeadLetterReason.FOUND_TWICE,
        Stage.READBACK,
    )
    assert verdicts.without_read_back().reason is DeadLetterReason.OUTCOME_UNKNOWN


LATER = msgspec.structs.replace(ASKABLE, answers_later=True)
NOTHING = Found(external_ids=(), began_at=NOW)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UNCERTAIN])
def test_an_outcome_that_comes_later_is_looked_for_ever_more_seldom(state: State) -> None:
    """Law 19: from the first look until it has settled, half as long again after each; neither all the time nor only
    at the end."""
    call, at, looks = planned_call(state=state, settled=False), 0.0, 0
    while at < 3_000:
        verdict = verdicts.after_read(NOTHING, call, LATER, times=TIMES, chance=0.5, sent_ago_s=at)
        wait_s = verdict.wait.seconds
        assert verdict.state is state
        assert wait_s is not None
        assert TIMES.retry_base_s <= wait_s <= LOOK_CAP_S
        at, looks = at + wait_s, looks + 1
    assert 10 < looks < 40


def test_what_is_there_at_once_or_never_is_looked_for_when_it_has_settled() -> None:
    call = planned_call(state=State.UNCERTAIN, settled=False)
    verdict = verdicts.after_read(NOTHING, call, ASKABLE, times=TIMES, chance=0.5, sent_ago_s=60.0)
    assert verdict.wait.until_settled


def test_what_was_taken_and_did_not_come_is_in_doubt_and_then_a_persons() -> None:
    """Law 19: absence where a target said yes is first no more than doubt; nothing is sent again by it."""
    taken = planned_call(state=State.ACCEPTED, settled=True)
    assert verdicts.after_read(NOTHING, taken, LATER, times=TIMES, chance=0.5).state is State.UNCERTAIN
    possible = Found(external_ids=(), possible_ids=("t/1",), began_at=NOW)
    doubted = verdicts.after_read(possible, planned_call(state=State.UNCERTAIN), LATER, times=TIMES, chance=0.5)
    assert (doubted.state, doubted.reason) == (State.DEAD_LETTERED, DeadLetterReason.OUTCOME_UNKNOWN)


@pytest.mark.parametrize("capabilities", [ASKABLE, LATER])
def test_nobody_waits_for_ever_for_what_was_taken(capabilities: Capabilities) -> None:
    """Reads of one entry that never succeed: after the budget it is in doubt, then a person's."""
    failed = ReadFailed(scope=Scope.EFFECT, reason=None, code="SYNC_PENDING")

    def verdict(state: State, aged: bool) -> Verdict:
        call = planned_call(state=state, aged=aged)
        return verdicts.after_read(failed, call, capabilities, times=TIMES, chance=0.5, sent_ago_s=100_000.0)

    assert verdict(State.ACCEPTED, aged=False).state is State.ACCEPTED
    assert verdict(State.ACCEPTED, aged=True).state is State.UNCERTAIN
    assert verdict(State.UNCERTAIN, aged=True).reason is DeadLetterReason.OUTCOME_UNKNOWN


def test_what_cannot_be_stored_is_not_waited_for_for_ever_either() -> None:
    """Law 29: an outcome that the ledger refuses to keep, of an entry that was taken."""
    taken = planned_call(state=State.ACCEPTED, aged=True)
    assert verdicts.unstorable(taken, Stage.READBACK, 60.0).state is State.UNCERTAIN


def test_a_read_that_fails_for_an_outcome_that_comes_later_is_paced_too() -> None:
    failed = ReadFailed(scope=Scope.EFFECT, reason=None, code="SYNC_PENDING")
    call = planned_call(state=State.ACCEPTED)
    late = verdicts.after_read(failed, call, LATER, times=TIMES, chance=0.0, sent_ago_s=100_000.0)
    assert late.wait.seconds == LOOK_CAP_S

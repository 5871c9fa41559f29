"""What each answer means: one pure table, held against the table of transitions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.plan import Instruction
from schemas.vocabulary import DEAD, ConnectionReason, DeadLetterReason, DecisionReason, EntryKind, Stage, State, Target
from sinks.ledger.schema.transitions import allowed
from sinks.poster import limiter, outcomes, pre_send_checks, retry_times
from sinks.poster.planned_call import Closing, Dead, Facts, Frozen, Held, Verdict, Work
from sinks.poster.pre_send_checks import Ready
from sinks.targets.open_dental.adapter import OpenDentalTarget
from sinks.targets.open_dental.mapping import OpenDentalKeys, load_mapping
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
from streams.runtime.times import Profile, times_of

TIMES = times_of(Profile.PRODUCTION)
NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
ASKABLE = Capabilities(
    entry_kinds=frozenset({EntryKind.PAYMENT}),
    reads_back=True,
    proves_absence=True,
    idempotency_key=False,
    needs_patient=True,
    max_in_flight=1,
    min_interval_s=0.0,
)


def a_work(**changed: Any) -> Work:
    """A gross payment of 100.00, linked, switched on, never sent."""
    values: dict[str, Any] = {
        "practice_id": "practice-1",
        "connection_id": "pms",
        "effect_id": 1,
        "source": "payments.example",
        "event_id": "ev-1",
        "subject": "pay-1",
        "target": Target.PMS,
        "entry_kind": EntryKind.PAYMENT,
        "part": "",
        "lane": "p:pt-1",
        "depends_on": None,
        "origin_posted": True,
        "state": State.SCHEDULED,
        "reason": "AUTO_INSTANT",
        "look_first": False,
        "generation": 1,
        "request_id": "REQUEST234567REQUEST234567",
        "frozen": None,
        "attempts": 0,
        "epoch": 1,
        "sent_at": NOW,
        "settled": True,
        "aged": False,
        "settings_version": 1,
        "instruction": Instruction(
            entry_kind=EntryKind.PAYMENT,
            amount_minor=10_000,
            currency="USD",
            ledger_date=date(2026, 3, 4),
            occurred_at=NOW,
            patient_ref="pt-1",
        ),
        "amount_minor": 10_000,
        "currency": "USD",
        "ledger_date": date(2026, 3, 4),
        "pms_patient_id": "17",
        "facts": Facts(settings_version=1, master=True, closed_through=None, connected=True),
    }
    return Work(**(values | changed))


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
    verdict = outcomes.after_post(answer, attempts=attempts, times=TIMES, chance=chance)
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
    work = a_work(state=state, settled=settled, aged=aged)
    verdict = outcomes.after_read(reading, work, capabilities, times=TIMES, chance=0.5)
    _sound(verdict, state)
    if verdict.state is State.RETRYING:
        assert settled
        assert proves
        assert isinstance(reading, Found)
        assert verdict.proven_absent


@given(answer=refusals)
def test_an_error_of_the_connection_costs_the_effect_nothing(answer: Refused) -> None:
    """Law 22: RETRYING, the attempt given back, the gate closed, the due time unchanged."""
    verdict = outcomes.after_post(answer, attempts=3, times=TIMES, chance=0.5)
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
    verdict = outcomes.after_post(NoAnswer(code="TIMEOUT"), attempts=1, times=TIMES, chance=0.5)
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
    assert outcomes.after_post(answer, attempts=1, times=TIMES, chance=0.5).state is state


def test_found_twice_and_unprovable_absence_are_for_a_person() -> None:
    """PROTOCOL section 3: UNCERTAIN → DEAD_LETTERED."""
    work = a_work(state=State.UNCERTAIN)
    twice = outcomes.after_read(Found(external_ids=("a", "b"), began_at=NOW), work, ASKABLE, times=TIMES, chance=0.5)
    assert (twice.state, twice.reason, twice.stage) == (
        State.DEAD_LETTERED,
        DeadLetterReason.FOUND_TWICE,
        Stage.READBACK,
    )
    assert outcomes.without_read_back().reason is DeadLetterReason.OUTCOME_UNKNOWN


# --- retrying and limiting


@given(failures=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_waits_are_jittered_and_capped(failures: int, chance: float) -> None:
    """PROTOCOL section 5: full jitter from 2 s, cap 15 min."""
    assert 0 <= retry_times.backoff_s(TIMES, failures, chance) <= min(900.0, 2.0 * 2 ** min(max(failures, 1) - 1, 30))


def test_the_budget_is_a_day_of_expected_waits() -> None:
    """PROTOCOL section 5: 24 h; counted in attempts, so that time behind a closed gate does not count."""
    spent = next(n for n in range(1, 10_000) if retry_times.budget_spent(TIMES, n))
    waited = sum(retry_times.bound_s(TIMES, n) / 2 for n in range(1, spent))
    assert 0.98 * 86_400 <= waited <= 86_400


def test_a_429_with_a_time_is_respected() -> None:
    """Law 22: at least what the target named, and never less than the own step."""
    _, wait_s = limiter.close(limiter.HEALTHY, Closing(ConnectionReason.THROTTLED, 120.0), TIMES, 0.0)
    assert wait_s == 120.0
    _, wait_s = limiter.close(limiter.HEALTHY, Closing(ConnectionReason.THROTTLED), TIMES, 0.0)
    assert wait_s == limiter.NO_TIME_NAMED_S


def test_closings_in_a_row_wait_longer_and_longer() -> None:
    """PROTOCOL section 5."""
    breaker, waits = limiter.HEALTHY, []
    for _ in range(12):
        breaker, wait_s = limiter.close(breaker, Closing(ConnectionReason.UNREACHABLE), TIMES, 0.999)
        waits.append(wait_s)
    assert waits == sorted(waits)
    assert waits[-1] <= TIMES.retry_cap_s
    assert breaker.probing


def test_silence_closes_after_three_calls_and_a_probe_after_one() -> None:
    """A target that answers nothing leaves few effects in doubt."""
    breaker, closing = limiter.suspect(limiter.HEALTHY)
    assert closing is None
    breaker, closing = limiter.suspect(breaker)
    assert closing is None
    breaker, closing = limiter.suspect(breaker)
    assert closing == Closing(ConnectionReason.TARGET_DOWN)
    assert limiter.suspect(limiter.Breaker(failures=1))[1] is not None


# --- checking


def _target(**mapping: Any) -> OpenDentalTarget:
    chosen = {"mode": "LOCAL", "pay_type": 69, "fee_credit": 70} | mapping
    return OpenDentalTarget(
        base_url="http://127.0.0.1:1",
        mapping=load_mapping({name: value for name, value in chosen.items() if value is not None}),
        keys=OpenDentalKeys(developer_key="d", customer_key="c"),
    )


def _facts(**changed: Any) -> Facts:
    values: dict[str, Any] = {"settings_version": 1, "master": True, "closed_through": None, "connected": True}
    return Facts(**(values | changed))


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        ({"facts": _facts(connected=False)}, Held(State.PAUSED, DecisionReason.CONNECTION_REPLACED)),
        ({"facts": _facts(master=False)}, Held(State.PAUSED)),
        ({"pms_patient_id": None}, Held(State.AWAITING_LINK)),
    ],
)
def test_what_a_fact_holds_is_held(changed: dict[str, Any], held: Held) -> None:
    """Law 24: and who paused it is told apart: a switch of the practice's, or its connection."""
    assert pre_send_checks.check(a_work(**changed), (), _target(), TIMES, NOW) == held


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"facts": _facts(closed_through=date(2026, 3, 4))}, DeadLetterReason.PERIOD_CLOSED),
        ({"state": State.RETRYING, "attempts": 10_000}, DeadLetterReason.RETRIES_SPENT),
        ({"pms_patient_id": "not-a-number"}, DeadLetterReason.PATIENT_NOT_FOUND),
    ],
)
def test_what_cannot_be_sent_dies_before_the_mark(changed: dict[str, Any], reason: DeadLetterReason) -> None:
    """T-12, PROTOCOL section 5, L-1."""
    found = pre_send_checks.check(a_work(**changed), (), _target(), TIMES, NOW)
    assert isinstance(found, Dead)
    assert found.verdict.reason is reason
    assert allowed(a_work(**changed).state, found.verdict.state)


def test_an_open_day_is_sent() -> None:
    """T-12: closed through the day before."""
    found = pre_send_checks.check(a_work(facts=_facts(closed_through=date(2026, 3, 3))), (), _target(), TIMES, NOW)
    assert isinstance(found, Ready)


def test_a_frozen_request_goes_out_as_it_is() -> None:
    """Law 18: the same bytes and request id, whatever the mapping says today."""
    frozen = Frozen(method="POST", path="/payments", body=b"{}", ledger_date=date(2026, 3, 4), pms_patient_id="17")
    found = pre_send_checks.check(a_work(frozen=frozen, state=State.RETRYING), (), _target(pay_type=99), TIMES, NOW)
    assert isinstance(found, Ready)
    assert found.frozen is frozen
    assert found.entry.request_id == a_work().request_id


def test_a_later_generation_is_looked_for_under_all_its_markers() -> None:
    """Law 18."""
    entry = pre_send_checks.entry_of(a_work(generation=3))
    assert len(entry.earlier_markers) == 2
    assert len({entry.marker, *entry.earlier_markers}) == 3
    assert all(len(marker) == 18 and marker.startswith("WB") for marker in (entry.marker, *entry.earlier_markers))

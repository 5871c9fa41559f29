"""Which gates are planned next, and how far ahead (law 21). No ledger."""

from __future__ import annotations

from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.limiter import HEALTHY, Limiter
from sinks.poster.plan_turns import PLANNED_AT_ONCE, next_plans
from sinks.poster.planned_call import ConnectionKey, GateKey
from sinks.poster.practice_lease import FIRST_PLAN, PracticeLease
from sinks.targets.open_dental.route import OPEN_DENTAL
from tests.sinks.poster.call_examples import TIMES, planned_call


def _lease(number: int) -> PracticeLease:
    practice = f"practice-{number}"
    connection = ConnectionLease(
        ConnectionKey(practice, "pms"),
        epoch=1,
        route=OPEN_DENTAL.name,
        target_name="PMS",
        times=TIMES.of(OPEN_DENTAL.limits),
        limiter=Limiter(),
        breaker=HEALTHY,
    )
    return PracticeLease(GateKey(practice, "pms"), 1, connection)


def _busy(number: int) -> PracticeLease:
    """One call is in flight, and further lanes may wait behind its full plan."""
    lease = _lease(number)
    calls = [planned_call(effect_id=n, lane="p:1") for n in range(FIRST_PLAN)]
    lease.load(calls)
    lease.take(1)
    return lease


def test_gates_with_nothing_to_do_are_planned_before_those_that_want_more() -> None:
    """A gate that was claimed earlier and has calls in flight keeps none of the others from its first call."""
    busy, idle = _busy(1), [_lease(number) for number in range(2, 20)]
    assert busy.wants_plan
    chosen = next_plans([busy, *idle], 4096, 0.0)
    assert chosen == idle[: PLANNED_AT_ONCE // FIRST_PLAN]


def test_what_one_gate_plans_ahead_is_its_share() -> None:
    """All gates together hold what the process plans ahead, however many they are; each can have its first plan."""
    for gates, share in ((2, 400), (10, 80), (400, FIRST_PLAN)):
        leases = [_lease(number) for number in range(gates)]
        next_plans(leases, 800, 0.0)
        assert {lease.share for lease in leases} == {share}


def test_nothing_is_planned_beyond_what_calls_can_start_for() -> None:
    full = _lease(1)
    full.load([planned_call(effect_id=n, lane=f"p:{n}", linked_patient_id=str(n)) for n in range(FIRST_PLAN)])
    assert next_plans([full, _lease(2)], FIRST_PLAN, 0.0) == []
    assert len(next_plans([full, _lease(2)], FIRST_PLAN + 1, 0.0)) == 1

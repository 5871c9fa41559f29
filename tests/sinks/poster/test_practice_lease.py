"""What a practice's lease lets start: lanes in order, one entry of a lane at a time (laws 21 and 23). No ledger."""

from __future__ import annotations

from schemas.vocabulary import State
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.limiter import HEALTHY, Limiter
from sinks.poster.planned_call import ConnectionKey, GateKey, PlannedCall
from sinks.poster.practice_lease import FIRST_PLAN, PracticeLease
from sinks.targets.open_dental.route import OPEN_DENTAL
from tests.sinks.poster.call_examples import TIMES, planned_call


def _lease() -> PracticeLease:
    connection = ConnectionLease(
        ConnectionKey("practice-1", "pms"),
        epoch=1,
        route=OPEN_DENTAL.name,
        target_name="PMS",
        times=TIMES.of(OPEN_DENTAL.limits),
        limiter=Limiter(),
        breaker=HEALTHY,
    )
    return PracticeLease(GateKey("practice-1", "pms"), 1, connection)


def test_a_read_back_before_the_send_waits_for_the_call_of_its_lane() -> None:
    """Law 23, law 4: an entry redriven while another of its lane is being sent: read back when that has ended, and not
    marked UNCERTAIN beside it."""
    lease = _lease()
    sent, redriven = planned_call(effect_id=7), planned_call(effect_id=3, look_first=True)
    lease.load([sent])
    assert lease.take(1) == [sent]
    lease.load([redriven])
    assert lease.to_read_back_first == []
    lease.end(sent, State.POSTED)
    lease.load([redriven])
    assert lease.to_read_back_first == [redriven]


def _in_four_lanes(first: int, count: int) -> list[PlannedCall]:
    return [
        planned_call(effect_id=n, lane=f"p:{n % 4}", linked_patient_id=str(n % 4)) for n in range(first, first + count)
    ]


def _few_lanes(first: int, count: int, lanes: int = 4) -> list[PlannedCall]:
    return [
        planned_call(effect_id=n, lane=f"p:{n % lanes}", linked_patient_id=str(n % lanes))
        for n in range(first, first + count)
    ]


def test_a_lane_that_runs_out_of_a_full_plan_has_another_made() -> None:
    """Law 21: while calls of its other lanes are in flight, it does not wait for those, nor for its own last one."""
    lease = _lease()
    lease.share = FIRST_PLAN
    lease.load(_few_lanes(1, FIRST_PLAN))
    *_, call = lease.take(4)
    lease.progressed = True
    for left in reversed(range(FIRST_PLAN // 4 - 1)):
        assert not lease.wants_plan, "what it needs is planned"
        lease.end(call, State.POSTED)
        (call,) = lease.take(1)
        assert lease.wants_plan is (left == 0)


def test_a_lane_that_fails_at_the_end_of_a_full_plan_has_another_made() -> None:
    """Else what waits behind this plan would wait for another lease, though nothing hinders it."""
    lease = _lease()
    lease.share = FIRST_PLAN
    calls = _few_lanes(1, FIRST_PLAN, lanes=FIRST_PLAN)
    lease.load(calls)
    assert lease.take(FIRST_PLAN) == calls
    lease.progressed = True
    lease.end(calls[0], State.RETRYING)
    assert lease.wants_plan


def test_a_lease_under_which_nothing_can_be_marked_wants_no_plan_for_it() -> None:
    """It would be planned and refused again and again (a lease too short, settings that changed)."""
    lease = _lease()
    lease.share = FIRST_PLAN
    calls = _few_lanes(1, FIRST_PLAN)
    lease.load(calls)
    for call in lease.take(FIRST_PLAN):
        lease.end(call, None)
    assert lease.finished


def test_a_full_plan_is_followed_by_one_that_looks_further() -> None:
    """Other lanes may wait behind it, and places are free for them."""
    lease = _lease()
    lease.load(_few_lanes(1, FIRST_PLAN))
    lease.take(4)
    assert lease.wants_plan
    assert lease.plan_size == 4 * FIRST_PLAN


def test_a_share_that_is_used_up_is_not_planned_again() -> None:
    """What it holds is not read again: neither at once, nor before a lane runs out of it."""
    lease = _lease()
    lease.share = FIRST_PLAN + 4
    lease.load(_few_lanes(1, FIRST_PLAN))
    lease.take(4)
    assert not lease.wants_plan
    assert lease.plan_size == FIRST_PLAN + 4


def test_a_lane_that_runs_out_of_all_there_is_wants_no_plan() -> None:
    lease = _lease()
    lease.load([planned_call(effect_id=n, lane="p:1") for n in (1, 2)])
    lease.progressed = True
    for _ in range(2):
        (call,) = lease.take(1)
        lease.end(call, State.POSTED)
    assert lease.finished


def test_two_references_of_a_patient_take_turns() -> None:
    """Laws 18, 23: two lanes, one patient at the target. The younger waits for the older one's call and is next then;
    another patient does not wait."""
    lease = _lease()
    older, younger = (planned_call(effect_id=n, lane=f"p:{n}", linked_patient_id="17") for n in (1, 2))
    other = planned_call(effect_id=3, lane="p:3", linked_patient_id="18")
    lease.load([older, younger, other])
    assert lease.take(3) == [older, other]
    assert lease.take(3) == []
    lease.end(other, State.POSTED)
    assert lease.take(3) == []
    lease.end(older, State.POSTED)
    assert lease.take(3) == [younger]
    lease.end(younger, State.POSTED)
    assert lease.finished


def test_entries_without_a_patient_wait_for_nobody() -> None:
    """Documents of payouts name none."""
    lease = _lease()
    documents = [planned_call(effect_id=n, lane=f"o:{n}", linked_patient_id=None) for n in (1, 2)]
    lease.load(documents)
    assert lease.take(2) == documents

"""How many gates are claimed: by free places, by what held gates will use, and by what gates used before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.vocabulary import State, Target
from sinks.poster.claim_room import ClaimRoom
from sinks.poster.connection_leases import ConnectionLease
from sinks.poster.limiter import HEALTHY, Limiter
from sinks.poster.planned_call import ConnectionKey, GateKey
from sinks.poster.practice_lease import PracticeLease
from sinks.targets.open_dental.route import OPEN_DENTAL
from tests.sinks.poster.call_examples import TIMES, planned_call

CALLS = 64
GATES = 200
AT_ONCE = 8


def _connection(*, min_interval_s: float = 0.0) -> ConnectionLease:
    connection = ConnectionLease(
        ConnectionKey("practice-1", "pms"),
        epoch=1,
        route="test",
        target_name=Target.PMS.value,
        times=TIMES.of(OPEN_DENTAL.limits),
        limiter=Limiter(),
        breaker=HEALTHY,
    )
    capabilities = SimpleNamespace(max_in_flight=AT_ONCE, min_interval_s=min_interval_s)
    connection.adapter = cast(Any, SimpleNamespace(capabilities=capabilities))
    return connection


def _lease(entries: int | None = None, connection: ConnectionLease | None = None) -> PracticeLease:
    """A held gate, planned with so many entries in as many lanes; None: not planned yet."""
    lease = PracticeLease(GateKey("practice-1", "pms"), 1, connection or _connection())
    if entries is not None:
        lease.load([planned_call(effect_id=n + 1, lane=f"p:{n}") for n in range(entries)])
    return lease


def _gates(
    held: list[PracticeLease], free: int = CALLS, *, in_batches: bool = False, room: ClaimRoom | None = None
) -> int:
    return (room or ClaimRoom(CALLS, GATES)).gates(held, free, in_batches=in_batches)


def test_an_idle_poster_claims_what_its_calls_can_serve() -> None:
    """64 calls and a quarter ahead, eight of them at each office."""
    assert _gates([]) == 10


def test_what_is_held_and_not_called_yet_takes_places() -> None:
    assert _gates([_lease() for _ in range(10)]) == 0
    assert _gates([_lease(100) for _ in range(5)]) == 5
    assert _gates([_lease(1) for _ in range(10)]) == 8


def test_places_that_calls_are_in_are_not_given_twice() -> None:
    assert _gates([], free=0) == 2
    assert _gates([_lease(100), _lease(100)], free=0) == 0


def test_practices_of_one_connection_share_its_places() -> None:
    """A group's 30 practices cannot have more calls in flight than their one connection takes."""
    shared = _connection()
    assert _gates([_lease(100, shared) for _ in range(30)]) == 9


def test_what_waits_takes_no_place() -> None:
    """An interval that is not over, a closed connection, and calls that are slow: others are served meanwhile."""
    limited, closed, slow = _lease(100, _connection(min_interval_s=60.0)), _lease(100), _lease(100)
    limited.connection.start()
    closed.connection.closed = True
    slow.slow_calls = 1
    assert _gates([limited, closed, slow]) == 10


@pytest.mark.parametrize(("slow", "room"), [(False, 0), (True, 3)])
def test_gates_are_limited_but_for_those_that_wait_for_slow_calls(slow: bool, room: int) -> None:
    held = [_lease(0) for _ in range(3)]
    for lease in held:
        lease.slow_calls = int(slow)
    assert ClaimRoom(CALLS, 3).gates(held, CALLS, in_batches=False) == room


def test_few_places_are_gathered_while_calls_are_in_flight() -> None:
    held = [_lease(8) for _ in range(2)]
    assert _gates(held, free=7, in_batches=True) == 0
    assert _gates(held, free=7, in_batches=False) == 1
    assert _gates(held, free=8, in_batches=True) == 1


def test_gates_that_used_one_place_each_let_more_be_claimed() -> None:
    """At single payments each gate has one; then as many gates are held as calls."""
    room = ClaimRoom(CALLS, GATES)
    for _ in range(200):
        lease = _lease(1)
        (call,) = lease.take(1)
        lease.end(call, State.POSTED)
        room.released(lease)
    assert CALLS <= _gates([], room=room) <= CALLS + CALLS // 4


def test_a_poster_of_one_call_claims() -> None:
    assert ClaimRoom(1, 1).gates([], 1, in_batches=False) == 1

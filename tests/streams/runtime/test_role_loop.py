"""One loop for every role: it outlasts an outage, gives up at its limit, and ends at once where waiting cannot help."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from streams.runtime import role_loop
from streams.runtime.endpoints import Health
from streams.runtime.errors import Ambiguous, ConfigurationError, Fenced, Permanent, Poison, Role, Transient
from streams.runtime.lifecycle import Stop
from streams.runtime.role_loop import NEVER, OUTAGE_S, PAUSE_S, Outage, run_loop, run_loop_async, started

AWAY = psycopg.OperationalError("away")


class Scripted:
    """Work whose iterations end as given; after the last one it asks for the stop."""

    def __init__(self, stop: Stop, ends: Sequence[Exception | None]) -> None:
        self.stop = stop
        self.ends = list(ends)
        self.iterations = self.disconnections = 0

    def iterate(self) -> None:
        self.iterations += 1
        end = self.ends.pop(0)
        if not self.ends:
            self.stop.set()
        if end is not None:
            raise end

    def disconnect(self) -> None:
        self.disconnections += 1


class ScriptedAsync:
    def __init__(self, stopping: asyncio.Event, ends: Sequence[Exception | None]) -> None:
        self.stopping = stopping
        self.ends = list(ends)
        self.disconnections = 0

    async def iterate(self) -> None:
        end = self.ends.pop(0)
        if not self.ends:
            self.stopping.set()
        if end is not None:
            raise end

    async def disconnect(self) -> None:
        self.disconnections += 1


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role_loop, "PAUSE_S", 0.0)


def test_an_outage_is_waited_out_and_the_work_connects_anew() -> None:
    """Each failure disconnects once, and the iteration after the outage goes on."""
    stop = Stop()
    work = Scripted(stop, [None, AWAY, AWAY, None])
    assert run_loop(Role.INTAKE, work, stop, Health()) == 0
    assert (work.iterations, work.disconnections) == (4, 2)


async def test_a_role_in_an_event_loop_waits_out_an_outage_too() -> None:
    stopping = asyncio.Event()
    work = ScriptedAsync(stopping, [AWAY, None, AWAY, None])
    assert await run_loop_async(Role.POSTER, work, stopping, Health()) == 0
    assert work.disconnections == 2


@pytest.mark.parametrize("error", [ConfigurationError("x"), Permanent("x"), Fenced("x"), Poison("x"), ValueError("x")])
def test_what_waiting_cannot_help_ends_the_role_at_once(error: Exception) -> None:
    """The process ends, and its exit code says whether a restart can help."""
    stop = Stop()
    work = Scripted(stop, [error, None])
    health = Health()
    with pytest.raises(type(error)):
        run_loop(Role.RELAY, work, stop, health)
    assert work.iterations == 1
    assert health.is_ready() == (False, "stopped")


def test_a_role_that_never_begins_again_ends_with_the_first_error() -> None:
    """RULES: what a transaction could not be rewound from ends its process, and the next one of its slot goes on."""
    stop = Stop()
    with pytest.raises(Transient):
        run_loop(Role.RULES, Scripted(stop, [Transient("x"), None]), stop, Health(), begin_again=NEVER)


def test_an_outage_that_is_too_long_ends_in_its_error() -> None:
    """Counted from the last success, however many tries there were in between."""
    now = [0.0]
    outage = Outage(Role.NOTIFIER, Health(), monotonic=lambda: now[0])
    now[0] = OUTAGE_S - 1
    outage.pause_after(AWAY)
    outage.over()
    now[0] += OUTAGE_S
    outage.pause_after(AWAY)
    now[0] += 1
    with pytest.raises(psycopg.OperationalError):
        outage.pause_after(AWAY)


def test_during_an_outage_a_role_is_alive_and_not_ready() -> None:
    """A restart would not help, so the liveness probe stays good; the readiness probe says why not."""
    health = Health(beat_within_s=3600)
    health.ready(True)
    Outage(Role.RELAY, health).pause_after(AWAY)
    assert health.is_alive()[0]
    assert health.is_ready() == (False, "the broker or the database cannot be used")


def test_only_what_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the process only believed something wrong, it begins again at once."""
    monkeypatch.setattr(role_loop, "PAUSE_S", PAUSE_S)

    class Believed(Ambiguous):
        pass

    outage = Outage(Role.INTAKE, Health(), at_once=(Believed,))
    assert outage.pause_after(Believed()) == 0.0
    assert outage.pause_after(Transient()) == PAUSE_S


def test_a_start_is_tried_until_it_succeeds_or_is_stopped() -> None:
    ends: list[Exception | None] = [AWAY, AWAY, None]

    def start() -> str:
        end = ends.pop(0)
        if end is not None:
            raise end
        return "started"

    assert started(Role.POSTER, start, Stop(), Health()) == "started"
    stopped = Stop()
    stopped.set()
    assert started(Role.POSTER, start, stopped, Health()) is None
    with pytest.raises(IndexError):
        started(Role.POSTER, start, Stop(), Health())

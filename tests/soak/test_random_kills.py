"""Scenario 70: thousands of events while every process dies and freezes, the broker too, and targets fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from confluent_kafka import Producer

from deploy.sandbox.running import SandboxProcess
from schemas.topics import physical
from streams.kafka.producer import EventProducer
from tests.soak import faults
from tests.soak.at_rest import SoakPipeline
from tests.soak.broker import Broker
from tests.soak.random_kills import GROWTH_MB, Plan, Troubles, growth
from tests.soak.run_length import Length, chance, print_figures
from tests.soak.traffic import PATIENTS, Garbage, Sent, traffic
from tests.worlds import Stack, World, fresh_world

pytestmark = [pytest.mark.soak, pytest.mark.stack]

PRACTICES = 20
PAYERS = 5
"""Practices with a QuickBooks company."""
BROKER_DIES_S = (60.0, 120.0)
SENDING_SHARE = 0.8
"""Of the time of trouble: the last events meet it too."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    (tmp_path / "broker").mkdir()
    mine = Broker(tmp_path / "broker")
    yield mine
    mine.stop()


@pytest.fixture
def pipeline(stack: Stack, broker: Broker, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[SoakPipeline]:
    (tmp_path / "roles").mkdir()
    with fresh_world(Stack(broker.bootstrap, stack.database_url)) as world:
        mine = SoakPipeline(world, sandbox, tmp_path / "roles")
        yield mine
        mine.close()
        sandbox.open_dental.clear_faults()
        sandbox.quickbooks.clear_faults()


class Upstream(threading.Thread):
    """Sends at a steady pace; whatever the broker does, every event arrives at least once."""

    def __init__(self, world: World, events: list[Sent], seconds: float) -> None:
        super().__init__(name="upstream")
        self._world, self._events, self._seconds = world, events, seconds
        self.error: BaseException | None = None
        self.stop = threading.Event()

    def run(self) -> None:
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - the test raises it
            self.error = error

    def _send(self) -> None:
        client = {"bootstrap.servers": self._world.bootstrap}
        raw = Producer(client | {"partitioner": "murmur2_random", "acks": "all", "enable.idempotence": True})
        began = time.monotonic()
        with EventProducer(client, self._world.prefix) as producer:
            for number, event in enumerate(self._events):
                ahead = began + self._seconds * number / len(self._events) - time.monotonic()
                if ahead > 0 and self.stop.wait(ahead):
                    break
                if isinstance(event, Garbage):
                    raw.produce(physical(self._world.prefix, event.topic), event.value, event.key)
                    raw.poll(0)
                else:
                    producer.send(event)
        if raw.flush(120):
            raise AssertionError("garbage was not delivered")


def test_nothing_is_lost_or_doubled_whatever_dies(
    pipeline: SoakPipeline, broker: Broker, sandbox: SandboxProcess, lasting: Length, tmp_path: Path
) -> None:
    """I1 to I7 hold and every lag returns to 0 after minutes of SIGKILL, SIGSTOP, broker deaths and 5 % faults."""
    try:
        _run(pipeline, broker, sandbox, lasting)
    except BaseException:
        print_figures(failed=True, seed=lasting.seed, logs=tmp_path)
        raise


def _run(pipeline: SoakPipeline, broker: Broker, sandbox: SandboxProcess, lasting: Length) -> None:
    practices, payers = _furnish(pipeline)
    events = list(traffic(lasting.events, practices, payers, chance(lasting.seed, "traffic")))
    dice = chance(lasting.seed, "trouble")
    faults.mix(sandbox, lasting.seed)
    upstream = Upstream(pipeline.world, events, lasting.seconds * SENDING_SHARE)
    troubles = Troubles(_plans(pipeline), dice)
    troubles.repeat(BROKER_DIES_S, lambda: _broker_dies(broker, troubles, dice))
    ends = time.monotonic() + lasting.seconds
    upstream.start()
    try:
        troubles.run(lambda: time.monotonic() >= ends and not upstream.is_alive())
    finally:
        upstream.stop.set()
        upstream.join()
    if upstream.error is not None:
        raise upstream.error
    pipeline.freezes = [each for name, found in troubles.freezes.items() if "poster" in name for each in found]
    print_figures(troubles=json.dumps(troubles.done), exits=json.dumps(troubles.exits), broker_deaths=broker.deaths)
    print_figures(faults=json.dumps(faults.hits(sandbox)))
    _come_to_rest(pipeline, troubles, sandbox, len(events))
    _memory_is_flat(troubles)


def _furnish(pipeline: SoakPipeline) -> tuple[list[str], list[str]]:
    patients = [f"pt-{number}" for number in range(PATIENTS)]
    practices = [f"p{number:02}" for number in range(PRACTICES)]
    for number, name in enumerate(practices):
        more: dict[str, Any] = {"amount": "GROSS"} if number % 4 == 3 else {}
        if number == PRACTICES - 1:
            more["master"] = False
        if number == PRACTICES - 2:
            more["timing"] = "DAILY"
        pipeline.practice(name, patients=patients, quickbooks=number < PAYERS, **more)
    return practices, practices[:PAYERS]


def _plans(pipeline: SoakPipeline) -> list[Plan]:
    """Two of each that may be two; one of these is only frozen, so that its memory shows the whole run."""

    def plan(role: str, slot: int = 0, **more: Any) -> Plan:
        return Plan(name=f"{role}-{slot}", start=lambda: pipeline.start(role, slot=slot), **more)

    return [
        plan("rules"),
        plan("rules", 1, kills=False),
        plan("intake"),
        plan("intake", 1, kills=False),
        plan("poster"),
        plan("poster", 1, kills=False),
        plan("relay"),
        plan("notifier"),
    ]


def _broker_dies(broker: Broker, troubles: Troubles, dice: Random) -> None:
    broker.kill()
    back = time.monotonic() + dice.uniform(1.0, 8.0)
    troubles.run(lambda: time.monotonic() >= back)
    broker.start_again()


def _come_to_rest(pipeline: SoakPipeline, troubles: Troubles, sandbox: SandboxProcess, sent: int) -> None:
    """Faults end, everything runs, and then all of it is checked."""
    troubles.calm()
    sandbox.open_dental.clear_faults()
    sandbox.quickbooks.clear_faults()
    began = time.monotonic()
    records = pipeline.records()
    assert records >= sent
    deadline = began + 400
    troubles.run(lambda: all(place.role.running for place in troubles.places) or time.monotonic() > deadline)
    pipeline.until_worked_off(records, 400)
    worked_off = time.monotonic() - began
    found = pipeline.sort_doubles()
    print_figures(records=records, worked_off_s=round(worked_off), states=json.dumps(pipeline.states()))
    reported = pipeline.rows("SELECT count(*) AS n FROM dead_letters WHERE reason = 'DUPLICATE_AT_TARGET'")[0]["n"]
    print_figures(
        doubles_in_the_window_of_law_20=len(found.explained), reported=reported, other_doubles=len(found.unexplained)
    )
    pipeline.invariants()
    pipeline.until(lambda: pipeline.behind() == 0, "every lag is 0")


def _memory_is_flat(troubles: Troubles) -> None:
    found = growth(troubles.memory)
    print_figures(
        memory=json.dumps({name: f"{mb} MB, {more:+} MB in {seconds} s" for name, (seconds, mb, more) in found.items()})
    )
    for name, (seconds, mb, more) in found.items():
        assert more < GROWTH_MB, f"{name} grew by {more} MB to {mb} MB in {seconds} s"

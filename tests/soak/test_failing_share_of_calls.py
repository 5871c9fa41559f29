"""Scenario 72: a fifth of the work fails for minutes; the other four fifths do not notice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.running import FaultKind, SandboxProcess
from streams.kafka.producer import EventProducer
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import ALL_ROLES
from tests.soak.at_rest import SoakPipeline
from tests.soak.random_kills import GROWTH_MB, Plan, Troubles, growth
from tests.soak.run_length import Length, chance, print_figures
from tests.worlds import World

pytestmark = [pytest.mark.soak, pytest.mark.stack]

PRACTICES = 10
PATIENTS = 25
FAILING = 5
"""Every fifth: of the practices in one story, of each practice's patients in the other."""
EVENTS_PER_S = 12.0
DECAY = 0.75
"""Least throughput of the last third against the first: noise of a shared machine, not a trend."""
UNTIL_STARTED_S = 15.0


@pytest.fixture
def pipeline(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[SoakPipeline]:
    mine = SoakPipeline(world, sandbox, tmp_path)
    yield mine
    mine.close()
    sandbox.open_dental.clear_faults()


def _set_up(pipeline: SoakPipeline) -> list[str]:
    patients = [f"pt-{number}" for number in range(PATIENTS)]
    return [pipeline.practice(f"p{number}", patients=patients, amount="GROSS") for number in range(PRACTICES)]


def _offices_fail(pipeline: SoakPipeline, practices: list[str]) -> Any:
    """Every fifth office answers 500 or never."""
    for number, practice in enumerate(practices):
        if number % FAILING == 0:
            account = pipeline.accounts[practice][0]
            pipeline.sandbox.open_dental.fault(FaultKind.STATUS, status=500, account=account, probability=0.5)
            pipeline.sandbox.open_dental.fault(FaultKind.TIMEOUT, account=account)
    return lambda practice, patient: practices.index(practice) % FAILING == 0


def _patients_fail(pipeline: SoakPipeline, practices: list[str]) -> Any:
    """Of every office, entries of every fifth patient are never answered, and not made."""
    links = pipeline.rows("SELECT practice_id, patient_ref, pms_patient_id FROM patient_links")
    for row in links:
        if int(row["patient_ref"].removeprefix("pt-")) % FAILING == 0:
            pipeline.sandbox.open_dental.fault(
                FaultKind.TIMEOUT,
                account=pipeline.accounts[row["practice_id"]][0],
                method="POST",
                body_contains=f'"PatNum":{row["pms_patient_id"]},',
            )
    return lambda practice, patient: patient % FAILING == 0


class Steady(threading.Thread):
    """Events at one pace; every patient of every practice in turn."""

    def __init__(self, world: World, practices: list[str], fails: Any, seconds: float) -> None:
        super().__init__(name="upstream")
        self._world, self._practices, self._fails, self._seconds = world, practices, fails, seconds
        self.good: dict[str, float] = {}
        """Seconds since the start at which each event that can be posted was sent."""
        self.error: BaseException | None = None
        self.stop = threading.Event()

    def run(self) -> None:
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - the test raises it
            self.error = error

    def _send(self) -> None:
        began = time.monotonic()
        with EventProducer({"bootstrap.servers": self._world.bootstrap}, self._world.prefix) as producer:
            for number in range(int(self._seconds * EVENTS_PER_S)):
                if self.stop.wait(max(0.0, began + number / EVENTS_PER_S - time.monotonic())):
                    return
                practice = self._practices[number % PRACTICES]
                patient = number // PRACTICES % PATIENTS
                event = payment(practice, f"pt-{patient}", event_id=f"ev-{number}", payment_id=f"pay-{number}")
                if not self._fails(practice, patient):
                    self.good[event.event_id] = time.monotonic() - began
                producer.send(event)


@pytest.mark.parametrize("fail", [_offices_fail, _patients_fail], ids=["offices", "patients"])
def test_the_good_four_fifths_keep_their_pace(pipeline: SoakPipeline, lasting: Length, fail: Any, request: Any) -> None:
    """Throughput of what can be posted stays the same, minute after minute, and every role's memory too."""
    practices = _set_up(pipeline)
    fails = fail(pipeline, practices)
    troubles = Troubles(
        [
            Plan(name=role, start=lambda role=role: pipeline.start(role), kills=False, freezes=False)  # type: ignore[misc]
            for role in ALL_ROLES
        ],
        chance(lasting.seed, "share"),
    )
    steady = Steady(pipeline.world, practices, fails, lasting.minutes_of_share_s)
    steady.start()
    posted: list[tuple[float, int]] = []
    began = time.monotonic()
    try:
        troubles.repeat((1.0, 1.0), lambda: posted.append((time.monotonic() - began, _posted(pipeline, steady))))
        troubles.run(lambda: not steady.is_alive())
    finally:
        steady.stop.set()
        steady.join()
    if steady.error is not None:
        raise steady.error
    first, last = _paces(posted)
    grown = growth(troubles.memory)
    print_figures(
        part=f"failing share: {request.node.callspec.id}",
        good_events=len(steady.good),
        first_third_per_s=round(first, 2),
        last_third_per_s=round(last, 2),
        not_posted_at_the_end=len(steady.good) - _posted(pipeline, steady),
        states=json.dumps(pipeline.states()),
        exits=json.dumps(troubles.exits),
        memory=json.dumps({name: f"{mb} MB {more:+} in {seconds} s" for name, (seconds, mb, more) in grown.items()}),
    )
    assert last >= DECAY * first, f"throughput of the good ones fell from {first:.1f}/s to {last:.1f}/s"
    for name, (seconds, mb, more) in grown.items():
        assert more < GROWTH_MB, f"{name} grew by {more} MB to {mb} MB in {seconds} s"
    pipeline.sandbox.open_dental.clear_faults()
    pipeline.until_worked_off(int(lasting.minutes_of_share_s * EVENTS_PER_S), 400)
    assert set(pipeline.states()) == {"POSTED"}
    pipeline.invariants(replay=False)


def _posted(pipeline: SoakPipeline, steady: Steady) -> int:
    """Of the events that can be posted."""
    rows = pipeline.rows(
        "SELECT count(*) AS n FROM effects WHERE state = 'POSTED' AND event_id = ANY(%s)", list(steady.good)
    )
    return int(rows[0]["n"])


def _paces(posted: list[tuple[float, int]]) -> tuple[float, float]:
    """Posted per second in the first and in the last third of the time after the roles have started."""
    ran = [(at, count) for at, count in posted if at >= UNTIL_STARTED_S]
    third = (ran[-1][0] - ran[0][0]) / 3
    first = [each for each in ran if each[0] <= ran[0][0] + third]
    last = [each for each in ran if each[0] >= ran[-1][0] - third]
    return _pace(first), _pace(last)


def _pace(part: list[tuple[float, int]]) -> float:
    return (part[-1][1] - part[0][1]) / (part[-1][0] - part[0][0])

"""Scenario 28: the broker is stopped, or killed, under load and comes back with its data: nothing lost or doubled."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import LocalStack, running
from deploy.sandbox.running import SandboxProcess
from schemas.events import Event
from streams.kafka.producer import EventProducer
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.waiting import WITHIN_S
from tests.worlds import Stack, fresh_world

pytestmark = pytest.mark.stack

EVENTS = 60
AWAY_S = 30.0


class Broker:
    """A Kafka of this test alone, on the same ports and data after every start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = LocalStack(folder, with_postgres=False, open_broker=True)
        self.bootstrap = self._stack.start().bootstrap

    def bounce(self, *, hard: bool, away_s: float = 0.0) -> None:
        if hard:
            found = running(self._folder)
            assert found is not None
            os.kill(found.kafka, signal.SIGKILL)
        self._stack.stop()
        threading.Event().wait(away_s)
        self._stack = LocalStack(self._folder, with_postgres=False, open_broker=True)
        assert self._stack.start().bootstrap == self.bootstrap

    def stop(self) -> None:
        self._stack.stop()


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    own = Broker(tmp_path_factory.mktemp("broker"))
    yield own
    own.stop()


@pytest.fixture
def bounced(stack: Stack, broker: Broker, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Pipeline]:
    with fresh_world(Stack(broker.bootstrap, stack.database_url)) as world:
        mine = Pipeline(world, sandbox, tmp_path)
        yield mine
        mine.close()


class Upstream:
    """Sends events one after the other while the broker comes and goes, as the producer kit does it."""

    def __init__(self, pipeline: Pipeline, events: list[Event]) -> None:
        self.sent = 0
        self.error: BaseException | None = None
        self._pace = threading.Event()  # never set
        self._world, self._events = pipeline.world, events
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with EventProducer({"bootstrap.servers": self._world.bootstrap}, self._world.prefix) as producer:
                for event in self._events:
                    producer.send(event)
                    self.sent += 1
                    self._pace.wait(0.02)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def end(self) -> None:
        self._thread.join(2 * WITHIN_S)
        assert not self._thread.is_alive()
        assert self.error is None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("hard", [False, True], ids=["clean", "killed"])
def test_everything_is_posted_once_after_the_broker_is_back(bounced: Pipeline, broker: Broker, hard: bool) -> None:
    """Every event once at the target and the seven invariants, with the broker stopped in order or killed in the middle
    of transactions. A role may end where its client says so (law 1: fatal exits) and is started again, as by `up`."""
    practice = bounced.practice()
    bounced.start_all()
    bounced.send(payment(practice, gross=500, fee=10))
    bounced.until_states(POSTED=2)
    events = [payment(practice, f"pt-{number % 3 + 1}", 1_000 + number, 30) for number in range(EVENTS)]
    upstream = Upstream(bounced, list(events))
    bounced.until(lambda: upstream.sent >= EVENTS // 3, "a third is sent")
    broker.bounce(hard=hard)
    upstream.end()

    def all_posted() -> bool:
        for name in {role.name for role in bounced.roles}:
            if not any(role.name == name and role.running for role in bounced.roles):
                bounced.start(name)
        return bounced.states() == {"POSTED": 2 * EVENTS + 2}

    bounced.until(all_posted, "everything is posted", within=2 * WITHIN_S)
    assert bounced.at_targets() == {practice: 500 + sum(event.gross_minor for event in events)}
    bounced.invariants(replay=False)


@pytest.mark.timeout(600)
def test_no_role_ends_over_a_broker_that_is_away_for_half_a_minute(bounced: Pipeline, broker: Broker) -> None:
    """The client of RULES may wait without end for a coordinator that it has dropped (librdkafka 5456): its transaction
    is given up and begun anew by the same process, which has its settings still."""
    practice = bounced.practice()
    bounced.start_all()
    bounced.send(payment(practice, gross=500, fee=10))
    bounced.until_states(POSTED=2)
    before = {role.name: role for role in bounced.roles}
    events = [payment(practice, f"pt-{number % 3 + 1}", 1_000 + number, 30) for number in range(EVENTS)]
    upstream = Upstream(bounced, list(events))
    bounced.until(lambda: upstream.sent >= EVENTS // 3, "a third is sent")
    broker.bounce(hard=True, away_s=AWAY_S)
    upstream.end()
    bounced.until(lambda: bounced.states() == {"POSTED": 2 * EVENTS + 2}, "everything is posted", within=3 * WITHIN_S)
    assert [name for name, role in before.items() if not role.running] == []
    bounced.invariants(replay=False)

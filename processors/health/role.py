"""The HEALTH role: a Faust worker beside a loop that states what its tables say."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from processors.health.agents import Agents
from processors.health.faust_app import SESSION_S, make_app
from processors.health.kept import kept_outcomes, kept_target, practice_of, target_key
from processors.health.publish import StatePublisher
from processors.health.standstill import Standstill
from processors.health.statement import statement_of
from processors.health.stating import Stating
from processors.health.target_window import TargetWindow
from processors.health.watch import Watch
from schemas.practice_health import PracticeHealth
from schemas.topics import TopicName, physical
from schemas.vocabulary import HealthState, Target
from streams.kafka.registered_schemas import registered_schemas
from streams.kafka.topics import require_present
from streams.runtime.endpoints import Health
from streams.runtime.errors import ConfigurationError, Role, Transient
from streams.runtime.lifecycle import Stop
from streams.runtime.logging import log
from streams.runtime.metrics import HEALTH_STATED, HEALTH_TARGETS
from streams.runtime.role_loop import started
from streams.settings import ProgramSettings

READ: Final = (
    TopicName.HEARTBEATS,
    TopicName.RESULTS,
    TopicName.DEAD_LETTERS,
    TopicName.HEALTH_ATTEMPTS,
    TopicName.HEALTH_OUTCOMES,
)
"""Topics that one worker must have the same partitions of."""
ADMIN_S: Final = 10.0
STOP_S: Final = 20.0
"""For Faust to give its partitions back; a worker that cannot is ended all the same, and loses nothing."""

_LOG: Final = log(__name__)


def run(settings: ProgramSettings, stop: Stop, health: Health) -> int:
    """Measure until stopped; returns the exit code 0. Blocks. Several may run side by side and share the partitions.

    Raises ConfigurationError for topics that are missing or differ in their partitions and for a login that Faust does
    not know, Transient when Faust ended by itself: a restart reads the tables again.
    """
    partitions = started(Role.HEALTH, lambda: _partitions(settings), stop, health)
    if partitions is None:
        return 0
    asyncio.run(_Worker(settings, partitions, health).run(stop))
    return 0


def _partitions(settings: ProgramSettings) -> int:
    require_present(settings, (*READ, TopicName.HEALTH))
    admin = AdminClient(dict(settings.kafka_client()) | {"log_level": 2})
    try:
        known = admin.list_topics(timeout=ADMIN_S).topics
    except KafkaException as error:
        raise Transient("the broker does not say which topics it has: is it up?") from error
    counts = {name.value: len(known[physical(settings.topic_prefix, name)].partitions) for name in READ}
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ConfigurationError(
            f"HEALTH needs the same number of partitions in each topic that it reads, and {listed}: make those that "
            "differ anew with `writeback topics ensure`"
        )
    return counts[TopicName.HEARTBEATS.value]


class _Worker:
    """One process of HEALTH. Everything but the watch runs in its event loop."""

    def __init__(self, settings: ProgramSettings, partitions: int, health: Health) -> None:
        self._settings = settings
        self._partitions = partitions
        self._health = health
        self._times = settings.times.health
        self._mine: frozenset[int] = frozenset()
        self._stating = Stating(self._times, self._windows_of, self._state)

    async def run(self, stop: Stop) -> None:
        """1. start Faust, which reads its tables. 2. state, round by round. 3. stop Faust, which gives its partitions
        back. Raises Transient when Faust ended by itself, and when this process stood still."""
        stopping = stop.watch()
        self._app = make_app(self._settings, self._partitions)
        self._agents = Agents(
            self._app,
            self._settings.topic_prefix,
            self._partitions,
            self._times,
            self._stating.touch,
            registered_schemas(self._settings, "health"),
        )
        publisher = StatePublisher(self._settings)
        watch = Watch(self._settings, stop, self._health, lambda: self._mine)
        watch.start()
        standstill = Standstill(SESSION_S)
        watching = asyncio.create_task(standstill.run(), name="standstill")
        starting = asyncio.create_task(self._app.start(), name="faust")
        try:
            while not stopping.is_set():
                if self._app.crashed or (starting.done() and starting.exception() is not None):
                    raise Transient("Faust ended by itself: a restart reads its tables again")
                standstill.check()
                self._health.beat()
                if starting.done() and not self._app.in_recovery and not self._app.rebalancing:
                    self._look_at_assignment()
                    await self._round(publisher)
                else:
                    self._health.ready(False, "Faust is joining its group and reading its tables")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), self._times.look_s)
        finally:
            watching.cancel()
            self._health.ready(False, "stopped")
            await self._end(starting)
            await asyncio.to_thread(watch.join)

    def _look_at_assignment(self) -> None:
        topic = physical(self._settings.topic_prefix, TopicName.HEARTBEATS)
        mine = frozenset(each.partition for each in self._app.consumer.assignment() if each.topic == topic)
        if mine != self._mine:
            self._mine = mine
            practices = {practice_of(key) for key in self._agents.attempts}
            self._stating.begin(practices, datetime.now(UTC))
            _LOG.info("HEALTH has partitions", count=len(mine), records=len(practices))

    async def _round(self, publisher: StatePublisher) -> None:
        now = datetime.now(UTC)
        due = self._stating.due(now)
        try:
            if due:
                await publisher.publish([health for health, _ in due])
        except Transient as error:
            _LOG.warning("states of practices are stated again", reason=str(error), count=len(due))
            for health, _ in due:
                self._stating.touch(health.practice_id)
            self._health.ready(False, "the broker takes no states of practices")
            return
        for health, why in due:
            self._stating.published(health, now)
            HEALTH_STATED.labels(why).inc()
        counts = self._stating.counts()
        for state in HealthState:
            HEALTH_TARGETS.labels(state.value).set(counts[state])
        self._health.ready(True)

    def _windows_of(self, practice_id: str) -> Mapping[Target, TargetWindow]:
        found = {}
        for target in Target:
            value = self._agents.attempts.get(target_key(practice_id, target))
            if value is not None and (row := kept_target(value, -1)).partition in self._mine:
                found[target] = row.window
        return found

    def _state(self, practice_id: str, windows: Mapping[Target, TargetWindow], now: datetime) -> PracticeHealth:
        outcomes = kept_outcomes(self._agents.outcomes.get(practice_id.encode()))
        return statement_of(practice_id, windows, outcomes.window, now, self._times)

    async def _end(self, starting: asyncio.Task[None]) -> None:
        """Faust waits for itself without a bound: the bound is here."""
        try:
            async with asyncio.timeout(STOP_S):
                if not starting.done():
                    starting.cancel()
                    await asyncio.gather(starting, return_exceptions=True)
                await self._app.stop()
        except TimeoutError:
            _LOG.warning("Faust did not stop in time and is left behind", seconds=STOP_S)

"""HEALTH as several worker processes on a real broker: one is killed, one is frozen, and the states stay right.

Each practice is stated by one worker at a time; whoever takes a partition over reads its table again, and what is
read twice does no harm (law 27).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.health_codec import encode_heartbeat
from schemas.practice_health import PracticeHealth
from schemas.vocabulary import HealthState
from streams.fault_injection import Control
from streams.kafka.topics import ensure_topics
from tests.processors.health.stated import PosterHeart, all_stated
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.worlds import World

pytestmark = [pytest.mark.stack, pytest.mark.long]
PRACTICES = [f"p{number}" for number in range(24)]
"""Enough that every partition has some."""
WELL, AWAY = PRACTICES[::2], PRACTICES[1::2]
HEALTHY, OFFLINE = HealthState.HEALTHY, HealthState.OFFLINE


class Workers:
    """Several processes of HEALTH in one world."""

    def __init__(self, world: World, folder: Path) -> None:
        ensure_topics(world.settings())
        self.world = world
        self.folder = folder
        self.heart = PosterHeart(world)
        self.roles: list[Role] = []

    def start(self, **settings: Any) -> Role:
        self.roles.append(Role(self.world, "health", self.folder, slot=len(self.roles), **settings))
        self.roles[-1].until_said("HEALTH has partitions")
        return self.roles[-1]

    def share(self, *roles: Role) -> None:
        """Wait until these have all partitions among them, each some."""

        def targets() -> list[float]:
            return [role.metric("writeback_health_targets") for role in roles]

        until(
            lambda: all(targets()) and sum(targets()) == len(PRACTICES),
            "they share what is stated",
            show=lambda: f"{targets()}\n" + "\n".join(role.text()[-1200:] for role in roles),
        )

    def newest(self) -> dict[str, PracticeHealth]:
        """The newest state of each practice, as a reader of the topic takes it."""
        return {each.practice_id: each for each in all_stated(self.world)}

    def states(self) -> dict[str, HealthState]:
        return {practice: health.targets[0].state for practice, health in self.newest().items()}

    def until_states(self, states: dict[str, HealthState]) -> None:
        until(
            lambda: self.states() == states,
            f"the states are {states}",
            show=lambda: f"{self.states()}\n" + "\n".join(role.text()[-1200:] for role in self.roles),
        )

    def sinces(self) -> dict[str, datetime]:
        return {practice: health.targets[0].since for practice, health in self.newest().items()}

    def until_restated(self) -> None:
        """Each practice, and after this moment."""
        before = self.newest()
        until(
            lambda: all(now.stated_at > before[name].stated_at for name, now in self.newest().items()),
            "each is stated again",
            show=lambda: "\n".join(role.text()[-1200:] for role in self.roles),
        )


@pytest.fixture
def workers(world: World, tmp_path: Path) -> Iterator[Workers]:
    opened = Workers(world, tmp_path)
    yield opened
    for role in opened.roles:
        role.end()


EXPECTED = dict.fromkeys(WELL, HEALTHY) | dict.fromkeys(AWAY, OFFLINE)


def answers(workers: Workers, practice: str, *, well: bool) -> None:
    """What a poster saw of it just now: five answers, or none of many."""
    if well:
        workers.heart.beat(practice, ANSWERED=5)
    else:
        workers.heart.beat(practice, UNREACHABLE=99)


def two_that_share(workers: Workers, **settings: Any) -> tuple[Role, Role]:
    """Two workers with half of the practices each, every other of which is away."""
    one, other = workers.start(**settings), workers.start(**settings)

    def as_expected() -> bool:
        # A group that has no position yet begins at the end of each partition: what came before that is lost to it.
        states = workers.states()
        for practice in PRACTICES:
            if states.get(practice) is not EXPECTED[practice]:
                answers(workers, practice, well=practice in WELL)
        return states == EXPECTED

    until(as_expected, "each practice is stated", show=lambda: f"{workers.states()}\n{other.text()[-3000:]}")
    workers.share(one, other)
    return one, other


def test_a_killed_workers_practices_are_stated_by_the_other(workers: Workers) -> None:
    """1. One is killed: the other reads its tables, and each state is what it was, since when it was. 2. What comes
    meanwhile counts once, however often it is read. 3. A new one takes its share, and nothing changes by that."""
    one, other = two_that_share(workers)
    sinces = workers.sinces()
    one.kill()
    repeated = workers.heart.beat(WELL[0], ANSWERED=2)
    for _ in range(3):
        workers.heart.send(WELL[0], encode_heartbeat(repeated))
    workers.until_restated()
    assert workers.states() == EXPECTED
    assert workers.sinces() == sinces
    assert other.metric("writeback_health_targets") == len(PRACTICES)

    def counted_once() -> bool:
        # Sent again, too: what came before the first position of a partition is lost to whoever takes it over.
        workers.heart.send(WELL[0], encode_heartbeat(repeated))
        return workers.newest()[WELL[0]].targets[0].attempts % 5 == 2

    until(counted_once, "beside fives, two more, counted once")
    again = workers.start()
    workers.share(other, again)
    workers.until_restated()
    assert workers.states() == EXPECTED
    assert workers.sinces() == sinces
    for role in (other, again):
        assert role.stop() == 0


def change_while_one_is_frozen(workers: Workers, frozen: Role, other: Role) -> dict[str, HealthState]:
    """Freeze one; every practice comes to stand otherwise; the other states it; thaw the first. What is right then."""
    frozen.freeze()
    until(lambda: other.metric("writeback_health_targets") == len(PRACTICES), "the other has all", show=other.text)
    changed = dict.fromkeys(WELL, OFFLINE) | dict.fromkeys(AWAY, HEALTHY)
    for practice in PRACTICES:
        answers(workers, practice, well=practice in AWAY)
    workers.until_states(changed)
    return changed


def test_a_frozen_worker_states_nothing_of_what_it_knew(workers: Workers) -> None:
    """Its states are old when it wakes, and would be the newest on the topic: it ends itself first. Its supervisor
    starts it anew, and it takes a share."""
    frozen, other = two_that_share(workers)
    changed = change_while_one_is_frozen(workers, frozen, other)
    stated = len(all_stated(workers.world))
    frozen.thaw()
    assert frozen.until_dead() != 0
    workers.until_restated()
    later = all_stated(workers.world)[stated:]
    assert later
    assert all(each.targets[0].state is changed[each.practice_id] for each in later)
    again = workers.start()
    workers.share(other, again)
    workers.until_states(changed)


def test_control_a_thawed_worker_that_goes_on_states_what_is_wrong(workers: Workers) -> None:
    """Without the look at its own standstill the newest state of a practice is one that was over long ago."""
    frozen, other = two_that_share(workers, test_controls=Control.STANDSTILL.value)
    changed = change_while_one_is_frozen(workers, frozen, other)
    stated = len(all_stated(workers.world))
    frozen.thaw()
    until(
        lambda: any(
            each.targets[0].state is not changed[each.practice_id] for each in all_stated(workers.world)[stated:]
        ),
        "a state is wrong",
        show=frozen.text,
    )

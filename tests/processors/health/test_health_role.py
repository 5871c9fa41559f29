"""The HEALTH role on the real broker: states follow heartbeats, through restarts, kills, repeats and bad records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from schemas.health_codec import encode_heartbeat, encode_silence
from schemas.silence import UpstreamSilence
from schemas.vocabulary import HealthState, Target
from streams.kafka.topics import ensure_topics
from tests.processors.health.stated import PosterHeart, state_of, stated
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.streams.kafka.published import REFUSAL, WARNING, publish
from tests.worlds import World

OFFLINE, HEALTHY = HealthState.OFFLINE, HealthState.HEALTHY


class Health:
    """The role in this world, with a heart to feed it."""

    def __init__(self, world: World, folder: Path) -> None:
        ensure_topics(world.settings())
        self.world = world
        self.folder = folder
        self.heart = PosterHeart(world)
        self.roles: list[Role] = []

    def start(self) -> Role:
        role = Role(self.world, "health", self.folder, slot=len(self.roles))
        self.roles.append(role)
        role.until_said("HEALTH has partitions")
        return role

    def until_state(self, practice_id: str, state: HealthState) -> None:
        until(
            lambda: state_of(self.world, practice_id) is state,
            f"{practice_id} is {state}",
            show=lambda: f"{stated(self.world, practice_id)[-2:]}\n{self.roles[-1].text()}",
        )


@pytest.fixture
def health(world: World, tmp_path: Path) -> Iterator[Health]:
    opened = Health(world, tmp_path)
    yield opened
    for role in opened.roles:
        role.end()


def test_states_follow_what_posters_report(health: Health) -> None:
    """From off to well again; a state is repeated while it lasts, and says until when it is good."""
    role = health.start()
    health.heart.beat("p1", ANSWERED=5)
    health.until_state("p1", HEALTHY)
    health.heart.beat("p1", UNREACHABLE=9)
    health.heart.beat("p2", ANSWERED=1, REFUSED=9)
    until(lambda: state_of(health.world, "p1") in (OFFLINE, HealthState.FAILING), "p1 is not well")
    health.until_state("p2", HealthState.FAILING)
    until(lambda: len({each.stated_at for each in stated(health.world, "p2")}) >= 3, "it is stated again and again")
    health.heart.beat("p1", ANSWERED=3)
    health.until_state("p1", HEALTHY)
    newest = stated(health.world, "p2")[-1]
    assert newest.expires_at > newest.stated_at
    assert role.stop() == 0
    assert not list(Path.cwd().glob("*-data")), "Faust makes folders where the process was started"


def test_a_killed_worker_reads_its_tables_again(health: Health) -> None:
    """What was measured before a kill and what came meanwhile are one: no state is forgotten, none is made up."""
    role = health.start()
    health.heart.beat("p1", UNREACHABLE=9)
    health.heart.beat("p2", ANSWERED=9)
    health.until_state("p1", OFFLINE)
    health.until_state("p2", HEALTHY)
    since = stated(health.world, "p1")[-1].targets[0].since
    role.kill()
    before = len(stated(health.world, "p1"))
    health.start()
    until(lambda: len(stated(health.world, "p1")) > before, "it is stated by the new worker")
    assert state_of(health.world, "p1") is OFFLINE
    assert stated(health.world, "p1")[-1].targets[0].since == since
    assert state_of(health.world, "p2") is HEALTHY


def test_repeats_and_bad_records_do_no_harm(health: Health) -> None:
    """A heartbeat counts once; bytes that are none, and a clock that is far ahead, are passed over."""
    health.start()
    health.heart.send("p1", b"\x00no heartbeat")
    health.heart.beat("p1", ahead_s=3600, UNREACHABLE=99)
    twice = health.heart.beat("p1", ANSWERED=2)
    health.until_state("p1", HEALTHY)
    for _ in range(3):
        health.heart.send("p1", encode_heartbeat(twice))
    health.heart.beat("p2", ANSWERED=1)
    health.until_state("p2", HEALTHY)
    health.heart.beat("p1", ANSWERED=1)
    until(lambda: stated(health.world, "p1")[-1].targets[0].attempts == 3, "two and one are three")


def test_what_senders_are_told_is_read_and_counts_nowhere(health: Health) -> None:
    """Refusals and warnings stand on the topic of results; a refused record is counted by its dead letter."""
    role = health.start()
    for told in (REFUSAL, WARNING):
        publish(health.world, told)
    counted = 'writeback_health_records_total{outcome="%s",topic="writeback-results.v1"}'
    until(lambda: role.metric(counted % "read") == 2, "both are read", show=role.text)
    assert role.metric(counted % "undecodable") == 0


def test_silence_that_the_ledger_measured_is_stated_until_it_expires(health: Health) -> None:
    """It comes by the topic of heartbeats, of a practice that had no attempts too; a restart reads it again."""
    role = health.start()
    now = datetime.now(UTC)
    silence = UpstreamSilence(
        practice_id="p1",
        target=Target.PMS,
        silent_since=now - timedelta(hours=1),
        stated_at=now,
        expires_at=now + timedelta(minutes=30),
    )
    health.heart.send("p1", encode_silence(silence))
    health.until_state("p1", HealthState.SILENT)
    assert stated(health.world, "p1")[-1].targets[0].since == silence.silent_since
    role.kill()
    before = len(stated(health.world, "p1"))
    health.start()
    until(lambda: len(stated(health.world, "p1")) > before, "it is stated by the new worker")
    assert state_of(health.world, "p1") is HealthState.SILENT
    ends = msgspec.structs.replace(silence, stated_at=now + timedelta(seconds=1), expires_at=now + timedelta(seconds=2))
    health.heart.send("p1", encode_silence(ends))
    health.until_state("p1", HEALTHY)

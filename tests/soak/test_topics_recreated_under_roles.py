"""Topics made again, and records that expire unread, while the roles run (law 5): they stop and say why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.sandbox.running import SandboxProcess
from schemas.topics import TopicName, physical
from streams.kafka.topics import ensure_topics
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.roles import Role
from tests.scenarios.waiting import until
from tests.worlds import World

pytestmark = [pytest.mark.soak, pytest.mark.stack]

REFUSED = 2
"""Exit code that has the supervisor not start it again."""
NOTICED_S = 150.0
"""Ids are compared each minute."""
BEFORE, AFTER = 4, 40
"""Records of the first and the second topic of one name: the old positions are valid in the new one."""


@pytest.fixture
def pipeline(world: World, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Pipeline]:
    mine = Pipeline(world, sandbox, tmp_path)
    mine.practice(patients=())
    yield mine
    mine.close()


def _pay(pipeline: Pipeline, count: int) -> None:
    pipeline.send(*(payment("p1", f"nobody-{number}") for number in range(count)))


def _make_again(pipeline: Pipeline, name: TopicName) -> None:
    admin = AdminClient({"bootstrap.servers": pipeline.world.bootstrap})
    topic = physical(pipeline.world.prefix, name)
    admin.delete_topics([topic], operation_timeout=30)[topic].result()
    until(lambda: topic not in admin.list_topics(timeout=10).topics, "the topic is gone")
    ensure_topics(pipeline.settings)


def _expire(pipeline: Pipeline, name: TopicName) -> None:
    """What retention does: everything that is there now is deleted."""
    admin = AdminClient({"bootstrap.servers": pipeline.world.bootstrap})
    topic = physical(pipeline.world.prefix, name)
    cut = [TopicPartition(topic, part, OFFSET_END) for part in range(pipeline.settings.topic_partitions)]
    for deleted in admin.delete_records(cut).values():
        deleted.result(30)


def _made_again_while_it_runs(pipeline: Pipeline, **settings: str) -> Role:
    """RULES has read the first topic; the second, longer one is there before it looks again."""
    pipeline.start("relay", "intake")
    rules = pipeline.start("rules", **settings)
    _pay(pipeline, BEFORE)
    pipeline.until_stored(BEFORE)
    rules.freeze()
    _make_again(pipeline, TopicName.PAYMENTS)
    _pay(pipeline, AFTER)
    rules.thaw()
    return rules


def test_rules_stops_at_a_source_made_again(pipeline: Pipeline) -> None:
    """A source topic deleted and made again under RULES: it stops, says so, and is not started again in vain."""
    rules = _made_again_while_it_runs(pipeline)
    assert rules.until_dead(NOTICED_S) == REFUSED
    assert "was deleted and re-created" in rules.text() or "expired unread" in rules.text()
    again = pipeline.start("rules")
    until(lambda: not again.running or _all_stored(pipeline), "RULES starts at the new topic or refuses", NOTICED_S)


def test_control_topic_ids_reads_the_new_topic_as_the_old_one(pipeline: Pipeline) -> None:
    """Without comparing ids nobody says a word, though the offsets mean nothing any more."""
    rules = _made_again_while_it_runs(pipeline, test_controls="topic_ids")
    with pytest.raises(AssertionError, match="ends by itself"):
        rules.until_dead(90.0)
    assert "re-created" not in rules.text()


def _all_stored(pipeline: Pipeline) -> bool:
    return int(pipeline.rows("SELECT count(*) AS n FROM receipts")[0]["n"]) >= BEFORE + AFTER


def test_intake_stops_at_write_backs_made_again(pipeline: Pipeline) -> None:
    """Our own topic deleted and made again under INTAKE: it stops and says so; a restart refuses too."""
    pipeline.start("relay", "rules")
    intake = pipeline.start("intake")
    _pay(pipeline, BEFORE)
    pipeline.until_stored(BEFORE)
    pipeline.running("rules").stop()
    _make_again(pipeline, TopicName.WRITEBACKS)
    assert intake.until_dead(NOTICED_S) == REFUSED
    assert "re-created" in intake.text() or "made anew" in intake.text() or "deleted unread" in intake.text()
    again = pipeline.start("intake")
    assert again.until_dead() == REFUSED
    assert "made anew" in again.text()


@pytest.mark.parametrize(("role", "topic"), [("rules", TopicName.PAYMENTS), ("intake", TopicName.WRITEBACKS)])
def test_records_that_expire_under_a_sleeping_role_stop_it(pipeline: Pipeline, role: str, topic: TopicName) -> None:
    """Retention gap: a role sleeps longer than its topic keeps records; it names what is lost and does not go on."""
    pipeline.start("relay", "rules", "intake")
    _pay(pipeline, BEFORE)
    pipeline.until_stored(BEFORE)
    sleeper = pipeline.running(role)
    written = len(list(topics.writebacks(pipeline.world)))
    sleeper.freeze()
    _pay(pipeline, AFTER)
    if role == "intake":
        pipeline.until(lambda: len(list(topics.writebacks(pipeline.world))) >= written + AFTER, "RULES has decided")
    _expire(pipeline, topic)
    sleeper.thaw()
    assert sleeper.until_dead(NOTICED_S) == REFUSED
    assert "unread" in sleeper.text()
    assert not _all_stored(pipeline)
    again = pipeline.start(role)
    assert again.until_dead() == REFUSED
    assert "unread" in again.text()

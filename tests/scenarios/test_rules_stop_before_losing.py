"""Scenarios 52 and 53: RULES ends loudly instead of dead-lettering a day, or of losing what it cannot dead-letter.

That the limit's control lets the day go to the dead-letter topic is shown in tests/processors/test_bad_records.py.
"""

from __future__ import annotations

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from schemas.codec import encode_event
from schemas.topics import TopicName, physical
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put, put_all
from tests.scenarios.waiting import WITHIN_S

pytestmark = pytest.mark.stack


def test_nothing_but_poison_stops_the_worker(pipeline: Pipeline) -> None:
    """Scenario 52: the hundredth refused record in a row ends RULES with exit code 2 and says which setting it was;
    what was not written stays to be read, and with a higher limit all of it is accounted for."""
    practice, *others = (pipeline.practice(name) for name in ("p1", "p2", "p3"))
    pipeline.start("intake", "poster", "relay", "notifier")
    pipeline.until(lambda: not pipeline.rows("SELECT 1 FROM outbox"), "the settings of all practices are published")
    poison = [bytes([number % 250]) * 20 for number in range(150)]
    keys = [(practice, *others)[number % 3].encode() for number in range(150)]
    put_all(pipeline.world, [(TopicName.PAYMENTS, key, value, 0) for key, value in zip(keys, poison, strict=True)])
    pipeline.send(payment(practice))
    rules = pipeline.start("rules", rules_batch=30)
    assert rules.until_dead() == 2
    assert "WRITEBACK_DEAD_LETTER_RUN sets the limit" in rules.text()
    assert pipeline.rows("SELECT role, reason FROM role_stops") == [{"role": "rules", "reason": "DeadLetterLimitError"}]
    written = len(topics.dead_letters(pipeline.world))
    assert written < 100
    pipeline.until_stored(written)
    pipeline.start("rules", dead_letter_run=1_000)
    pipeline.until_stored(151)
    pipeline.until_states(POSTED=2)
    found = sorted((each.partition, each.value or b"") for each in topics.dead_letters(pipeline.world))
    assert found == sorted((0, value) for value in poison)
    pipeline.invariants(replay=False)


def test_a_dead_letter_that_cannot_be_written_stops_the_worker(pipeline: Pipeline) -> None:
    """Scenario 53: the dead-letter topic takes nothing so large: RULES ends with exit code 2 and what to check, its
    offset has not moved, no neighbour of the batch was written; after the repair everything is there once."""
    practice = pipeline.practice()
    _most_bytes(pipeline, 1_000)
    put(pipeline.world, TopicName.PAYMENTS, practice.encode(), encode_event(payment(practice)), 0)
    put(pipeline.world, TopicName.PAYMENTS, practice.encode(), b"\x01" * 5_000, 0)
    put(pipeline.world, TopicName.PAYMENTS, practice.encode(), encode_event(payment(practice, "pt-2")), 0)
    pipeline.start("intake", "poster", "relay", "notifier")
    rules = pipeline.start("rules", rules_linger_ms=200)
    assert rules.until_dead() == 2
    assert "writeback topics ensure" in rules.text()
    assert topics.dead_letters(pipeline.world) == []
    assert len(list(topics.writebacks(pipeline.world))) <= 1
    _most_bytes(pipeline, 9_000_000)
    pipeline.start("rules")
    pipeline.until_states(POSTED=4)
    pipeline.until_stored(3)
    assert [each.value for each in topics.dead_letters(pipeline.world)] == [b"\x01" * 5_000]
    pipeline.invariants()


def _most_bytes(pipeline: Pipeline, most: int) -> None:
    """What the dead-letter topic takes, changed on the broker as by a careless hand."""
    entry = ConfigEntry("max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET)
    topic = physical(pipeline.world.prefix, TopicName.DEAD_LETTERS)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": pipeline.world.bootstrap})
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(WITHIN_S)

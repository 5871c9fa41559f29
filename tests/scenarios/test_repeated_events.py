"""Scenarios 18 and 19, law 6, E-1, E-2: an event that comes again, elsewhere, changed, or under another name."""

from __future__ import annotations

import msgspec
import pytest

from schemas.codec import encode_event
from schemas.topics import TopicName
from streams.kafka.dead_letters import parse_dead_letter
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put, put_all

pytestmark = pytest.mark.stack


def verdicts(pipeline: Pipeline) -> list[str]:
    return sorted(row["verdict"] for row in pipeline.rows("SELECT verdict FROM receipts"))


def test_the_same_event_on_two_partitions_is_posted_once(pipeline: Pipeline) -> None:
    """Scenario 18: a producer that retries with another partitioner, then with another key: one effect, a DUPLICATE,
    and a KEY_MISMATCH, for a key that is not the practice leads nowhere."""
    practice = pipeline.practice()
    pipeline.start_all()
    value = encode_event(payment(practice))
    right = practice.encode()
    put_all(pipeline.world, [(TopicName.PAYMENTS, right, value, 0), (TopicName.PAYMENTS, b"p1-retried", value, 1)])
    put(pipeline.world, TopicName.PAYMENTS, right, value, 2)
    pipeline.until_stored(3)
    pipeline.until_states(POSTED=2)
    assert verdicts(pipeline) == ["DEAD_LETTER", "DUPLICATE", "FIRST"]
    (letter,) = topics.dead_letters(pipeline.world)
    assert letter.headers["dl-reason"] == b"KEY_MISMATCH"
    assert (letter.key, letter.value, letter.partition) == (b"p1-retried", value, 1)
    pipeline.invariants()


def test_the_same_id_with_other_content_is_a_conflict(pipeline: Pipeline) -> None:
    """Scenario 19: the first content stands and is posted; the second becomes a dead letter and a notice, and nothing
    of it is written over the first."""
    practice = pipeline.practice()
    pipeline.start_all()
    first = payment(practice, gross=10_000, fee=320)
    second = msgspec.structs.replace(first, gross_minor=20_000, net_minor=19_680)
    pipeline.send(first)
    pipeline.until_states(POSTED=2)
    pipeline.send(second)
    pipeline.until_stored(2)
    pipeline.until(lambda: topics.dead_letters(pipeline.world), "the conflict is a dead letter")
    assert verdicts(pipeline) == ["CONFLICT", "FIRST"]
    (letter,) = topics.dead_letters(pipeline.world)
    parsed = parse_dead_letter([*letter.headers.items()])
    assert (parsed.reason, parsed.event_id, parsed.practice_id) == ("CONFLICT", first.event_id, practice)
    assert (letter.key, letter.value) == (practice.encode(), encode_event(second))
    (body,) = pipeline.rows("SELECT original FROM bodies")
    assert bytes(body["original"]) == encode_event(first)
    pipeline.until(
        lambda: pipeline.rows("SELECT FROM notices WHERE practice_id = %s", practice), "somebody is notified"
    )
    assert pipeline.at_targets() == {practice: 10_000}
    pipeline.invariants()


def _the_same_money_twice(pipeline: Pipeline) -> str:
    practice = pipeline.practice()
    first = payment(practice)
    pipeline.send(first, msgspec.structs.replace(first, event_id="ev-repeated"))
    pipeline.until_stored(2)
    return practice


def test_the_same_money_under_two_event_ids_is_one(pipeline: Pipeline) -> None:
    """E-1: pay-1 of 100.00 with fee 3.20 as ev-1 and ev-2 is one 96.80 and one 3.20."""
    pipeline.start_all()
    practice = _the_same_money_twice(pipeline)
    pipeline.until_states(POSTED=2)
    assert verdicts(pipeline) == ["DUPLICATE", "FIRST"]
    assert pipeline.at_targets() == {practice: 10_000}
    pipeline.invariants()

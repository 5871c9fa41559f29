"""What an upstream reads on the results topic of its refused records: each once, from the bytes to the report."""

from __future__ import annotations

import msgspec
import pytest

from schemas.codec import encode_event
from schemas.partitioning import partition_of
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason
from schemas.wire import fixed_schema_ids, header
from tests.deploy.commands.console import writeback, writeback_json
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put

pytestmark = pytest.mark.stack
R = DeadLetterReason


def test_each_refused_record_is_reported_once_with_its_place(pipeline: Pipeline) -> None:
    """Undecodable, invalid, under another key, a conflict, of nobody: where it stands, why, and none of its values; and
    a redrive that is refused again is reported again."""
    practice = pipeline.practice()
    pipeline.start_all()
    key = practice.encode()
    good = payment(practice)
    broken = header(fixed_schema_ids().id_of("PaymentSucceeded")) + b"\x02CANARY"
    conflict = msgspec.structs.replace(good, gross_minor=20_000, net_minor=19_680)
    pipeline.send(good)
    pipeline.until_stored(1)
    world = pipeline.world
    bad = {
        put(world, TopicName.PAYMENTS, key, broken): (R.UNDECODABLE, practice, None),
        put(world, TopicName.PAYMENTS, key, encode_event(payment(practice, currency="CANARY"))): (
            R.INVALID_FIELD,
            practice,
            "currency",
        ),
        put(world, TopicName.PAYMENTS, b"CANARY key", encode_event(payment(practice))): (
            R.KEY_MISMATCH,
            practice,
            "practice_id",
        ),
        put(world, TopicName.PAYMENTS, key, encode_event(conflict)): (R.CONFLICT, practice, None),
        put(world, TopicName.PAYMENTS, b"CANARY key", b"CANARY"): (R.NOT_WIRE_FORMAT, "?", None),
    }
    pipeline.until(lambda: len(topics.refusals(world)) == len(bad), "every refused record is reported")
    for record, refusal in topics.refusals(world):
        place = next(p for p in bad if (p.partition, p.offset) == (refusal.partition, refusal.offset))
        assert (refusal.topic, refusal.reason, refusal.practice_id, refusal.field) == (
            TopicName.PAYMENTS.value,
            *bad[place],
        )
        assert record.key == refusal.practice_id.encode()
        assert b"CANARY" not in (record.value or b"")
        assert b"CANARY" not in b"".join(record.headers.values())

    apply = ("--yes", "--by", "Ada", "--why", "the decoder is repaired")
    writeback_json(world, "dlq", "redrive", "--reason", "UNDECODABLE", *apply)
    pipeline.until(lambda: len(topics.refusals(world)) == len(bad) + 1, "the redriven record is reported again")
    again = [each for _, each in topics.refusals(world) if each.redrives]
    assert [(each.reason, each.redrives) for each in again] == [(R.UNDECODABLE, 1)]
    pipeline.invariants(notices=False)


def test_a_relay_that_is_killed_repeats_a_report_under_its_id(pipeline: Pipeline) -> None:
    """Law 25: killed between the broker's commit and the ledger's, it publishes again, and the id is the same."""
    practice = pipeline.practice()
    pipeline.start("rules", "intake")
    first = pipeline.start("relay")
    pipeline.until(lambda: not pipeline.rows("SELECT 1 FROM outbox"), "what the practice's set-up left is published")
    first.end()
    put(pipeline.world, TopicName.PAYMENTS, practice.encode(), b"no event")
    pipeline.until(lambda: pipeline.rows("SELECT 1 FROM outbox"), "the report stands in the outbox")
    killed = pipeline.start("relay", test_crash_at="relay.after_commit")
    killed.until_dead()
    for role in (first, killed):
        pipeline.roles.remove(role)
    pipeline.start("relay")
    pipeline.until(lambda: not pipeline.rows("SELECT 1 FROM outbox"), "everything is published")
    said = topics.read_all(pipeline.world, TopicName.RESULTS)
    assert len(said) == 2
    assert len(topics.refusals(pipeline.world)) == 1


def test_an_upstream_tries_a_refund_and_a_mistake_in_the_sandbox(pipeline: Pipeline) -> None:
    """`trigger --to-sandbox` from a production environment: what is right is posted by the sandbox's roles, what is
    wrong is reported, and `results --from-sandbox` shows both."""
    practice = pipeline.practice()
    pipeline.start_all()
    world = pipeline.world
    elsewhere = {"topic_prefix": "nobodys.", "sandbox_topic_prefix": world.prefix, "profile": "production"}

    def sandbox(*arguments: str) -> str:
        return writeback(world, *arguments, **elsewhere)

    sandbox("trigger", "refund.succeeded", "--practice", practice, "--to-sandbox", "--tag", "good")
    sandbox(
        *("trigger", "payment.succeeded", "--practice", practice, "--to-sandbox"),
        *("--tag", "bad", "--set", "currency=dollars", "--unchecked"),
    )
    pipeline.until_states(POSTED=3)
    pipeline.until(lambda: len(topics.refusals(world)) == 1, "the mistake is reported")
    refused = " ".join(sandbox("results", "--from-sandbox", "--refused").split())
    assert "ev-bad-payment.succeeded" in refused
    assert "currency: must be a currency's ISO 4217 code" in refused
    posted = sandbox("results", "--from-sandbox", "--event", "ev-good-refund.succeeded")
    assert "POSTED" in posted
    pipeline.invariants()


def test_a_sender_with_another_partitioner_is_told_once(pipeline: Pipeline) -> None:
    """Its payments are posted all the same; the warning names a record and the partition where its key belongs."""
    practice = pipeline.practice()
    pipeline.start_all()
    world = pipeline.world
    right = partition_of(practice.encode(), 3)
    stored = [
        put(world, TopicName.PAYMENTS, practice.encode(), encode_event(payment(practice)), (right + 1) % 3)
        for _ in range(3)
    ]
    pipeline.until_states(POSTED=6)
    pipeline.until(lambda: topics.warnings(world), "the sender is told")
    (warning,) = topics.warnings(world)
    assert warning.expected_partition == right
    assert (warning.partition, warning.offset) in {(each.partition, each.offset) for each in stored}
    assert topics.refusals(world) == []
    pipeline.invariants()

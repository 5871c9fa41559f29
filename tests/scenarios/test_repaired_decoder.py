"""A release that cannot read what it should, its successor that can, and a redrive between them (3.8, scenario 51)."""

from __future__ import annotations

from typing import NoReturn

import pytest

from processors.rules import source_records
from schemas.codec import Undecodable, encode_event
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason
from tests.deploy.commands.console import writeback, writeback_json
from tests.processors.running_rules import RulesThread
from tests.scenarios import topics
from tests.scenarios.example_events import payment
from tests.scenarios.pipeline import Pipeline
from tests.scenarios.raw_records import put_all

CHOSEN = ("--reason", "UNDECODABLE")
APPLY = ("--yes", "--by", "Ada", "--why", "the decoder is repaired")


def _broken(topic: TopicName, value: bytes | None) -> NoReturn:
    raise Undecodable(DeadLetterReason.UNDECODABLE, None, f"{len(value or b'')} bytes of {topic}")


@pytest.mark.stack
def test_after_a_decoders_repair_the_original_bytes_are_posted(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three payments that a broken RULES could not read: counted, sent again byte for byte in their order, each posted
    once, and settled."""
    practice = pipeline.practice()
    pipeline.start("intake", "poster", "relay", "notifier")
    values = [encode_event(payment(practice)) for _ in range(3)]
    with monkeypatch.context() as release:
        release.setattr(source_records, "decode_event", _broken)
        with RulesThread(pipeline.world.settings(**pipeline.common)):
            put_all(pipeline.world, [(TopicName.PAYMENTS, practice.encode(), value, None) for value in values])
            pipeline.until(
                lambda: len(pipeline.rows("SELECT 1 FROM dead_letters")) == 3, "three dead letters are stored"
            )
    assert pipeline.states() == {}
    counted = writeback_json(pipeline.world, "dlq", "stats")["by_reason"]
    assert [(*each["of"], each["records"]) for each in counted] == [("decode", "UNDECODABLE", 3)]

    pipeline.start("rules")
    assert "3 records would be sent again" in writeback(pipeline.world, "dlq", "redrive", *CHOSEN)
    assert len(topics.read_all(pipeline.world, TopicName.PAYMENTS)) == 3
    writeback_json(pipeline.world, "dlq", "redrive", *CHOSEN, "--per-minute", "600", *APPLY)
    pipeline.until_states(POSTED=6)
    assert [record.value for record in topics.read_all(pipeline.world, TopicName.PAYMENTS)] == values * 2
    assert writeback_json(pipeline.world, "dlq", "stats")["records"] == 0
    customer_key, _ = pipeline.accounts[practice]
    assert len(pipeline.sandbox.open_dental.payments(customer_key)) == 3
    pipeline.invariants(notices=False)

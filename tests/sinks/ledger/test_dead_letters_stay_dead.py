"""What was a dead letter once comes back by a redrive, at a place of its own, and never by a replay."""

from __future__ import annotations

from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, Stage
from sinks.ledger.intake.records import Consumed, DeadLettered
from streams.kafka.dead_letters import DeadLetter
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again

DEAD_LETTERS_ID = "dead-letters-topic-id"


def test_a_replay_under_newer_rules_brings_no_dead_letter_to_life(database: LedgerDatabase) -> None:
    """Laws 2 and 11, E-14: the record at this place has its receipt; only the same event at another place is news."""
    database.add()
    database.link()
    decided = database.decide(payment())
    letter = DeadLetter(
        position=decided.position,
        consumer_group="rules",
        stage=Stage.RULES,
        reason=DeadLetterReason.OCCURRED_IN_FUTURE,
        practice_id=PRACTICE,
        first_failed_at=NOON,
        last_failed_at=NOON,
        source=decided.identity.source,
        event_id=decided.identity.event_id,
    )
    at = Consumed(
        topic=TopicName.DEAD_LETTERS,
        topic_id=DEAD_LETTERS_ID,
        part=0,
        off=0,
        timestamp_ms=int(NOON.timestamp() * 1000),
        key=PRACTICE.encode(),
        value=decided.original,
    )
    database.connection.execute("INSERT INTO intake_offsets VALUES (%s, 0, 0)", (DEAD_LETTERS_ID,))
    database.writer.positions = {(DEAD_LETTERS_ID, 0): 0}
    database.writer.store([DeadLettered(at, letter)])
    assert database.verdicts() == ["DEAD_LETTER"]
    database.store(decided)
    assert database.verdicts() == ["DEAD_LETTER"]
    assert database.states() == []
    redriven = again(decided, position=again(decided.position, offset=decided.position.offset + 1))
    database.store(redriven)
    assert sorted(database.verdicts()) == ["DEAD_LETTER", "FIRST"]
    assert database.amounts() == [9680, 320]

"""What was a dead letter once comes back by a redrive, at a place of its own, and never by a replay."""

from __future__ import annotations

from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, Stage
from sinks.ledger.intake.records import Consumed, DeadLettered
from streams.kafka.dead_letters import DeadLetter
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import Book, again

DEAD_LETTERS_ID = "dead-letters-topic-id"


def test_a_replay_under_newer_rules_brings_no_dead_letter_to_life(book: Book) -> None:
    """Laws 2 and 11, E-14: the record at this place has its receipt; only the same event at another place is news."""
    book.add()
    book.link()
    decided = book.decide(payment())
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
    book.connection.execute("INSERT INTO intake_offsets VALUES (%s, 0, 0)", (DEAD_LETTERS_ID,))
    book.writer.positions = {(DEAD_LETTERS_ID, 0): 0}
    book.writer.store([DeadLettered(at, letter)])
    assert book.verdicts() == ["DEAD_LETTER"]
    book.store(decided)
    assert book.verdicts() == ["DEAD_LETTER"]
    assert book.states() == []
    redriven = again(decided, position=again(decided.position, offset=decided.position.offset + 1))
    book.store(redriven)
    assert sorted(book.verdicts()) == ["DEAD_LETTER", "FIRST"]
    assert book.amounts() == [9680, 320]

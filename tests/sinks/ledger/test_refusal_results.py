"""What the sender of a refused record is told on the results topic: once, at the record's place, without a value."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.codec import decode_published
from schemas.refusals import RecordRefused
from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, FieldFault, Stage, Target
from schemas.writebacks import SourcePosition
from sinks.ledger.intake.records import Consumed, Unreadable, read
from sinks.ledger.intake.refusal_results import refusal_message
from streams.kafka.dead_letters import DeadLetter, dead_letter_headers
from tests.processors.rules.event_examples import NOON, PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again

LETTERS_ID = "dead-letters-topic-id"
PLACE = SourcePosition(topic="payments.v1", topic_id="payments-id", partition=3, offset=17, appended_at=NOON)
LETTER = DeadLetter(
    position=PLACE,
    consumer_group="rules",
    stage=Stage.RULES,
    reason=DeadLetterReason.INVALID_FIELD,
    practice_id=PRACTICE,
    first_failed_at=NOON,
    last_failed_at=NOON,
    field="splits.0.amount_minor",
    fault=FieldFault.ZERO,
    source="payments.example",
    event_id="ev-1",
    trace_id="trace-1",
)


def published(database: LedgerDatabase) -> list[tuple[bytes, RecordRefused]]:
    """Keys and values in the outbox, in their order."""
    rows = database.rows("SELECT key, value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY enqueued")
    found = [(bytes(key), decode_published(bytes(value))) for key, value in rows]
    return [(key, each) for key, each in found if isinstance(each, RecordRefused)]


def store(database: LedgerDatabase, *letters: DeadLetter, start: int = 0) -> None:
    """As INTAKE takes them from the dead-letter topic, in one batch."""
    database.connection.execute("INSERT INTO intake_offsets VALUES (%s, 0, 0) ON CONFLICT DO NOTHING", (LETTERS_ID,))
    database.writer.positions = {(LETTERS_ID, 0): start}
    database.connection.execute("UPDATE intake_offsets SET next_offset = %s WHERE topic_id = %s", (start, LETTERS_ID))
    records: list[Any] = []
    for offset, letter in enumerate(letters, start):
        at = Consumed(
            topic=TopicName.DEAD_LETTERS,
            topic_id=LETTERS_ID,
            part=0,
            off=offset,
            timestamp_ms=int(NOON.timestamp() * 1000),
            key=b"CANARY key",
            value=b"CANARY value",
            headers=dead_letter_headers(letter),
        )
        records.append(read(at))
    assert not any(isinstance(record, Unreadable) for record in records)
    database.writer.store(records)


def test_the_sender_is_told_where_why_and_what_to_do(database: LedgerDatabase) -> None:
    """Every field of the report; the key is the practice; and nothing of the record's bytes."""
    database.add()
    store(database, LETTER)
    ((key, refusal),) = published(database)
    assert key == PRACTICE.encode()
    assert (refusal.topic, refusal.partition, refusal.offset) == ("payments.v1", 3, 17)
    assert (refusal.practice_id, refusal.source, refusal.event_id) == (PRACTICE, "payments.example", "ev-1")
    assert (refusal.stage, refusal.reason, refusal.trace_id) == (Stage.RULES, LETTER.reason, "trace-1")
    assert (refusal.field, refusal.fault) == ("splits.0.amount_minor", FieldFault.ZERO)
    assert "splits.0.amount_minor: is zero" in refusal.problem
    assert "under the same event_id" in refusal.sender_does
    assert (refusal.redrives, refusal.refused_at) == (0, NOON)
    assert database.rows("SELECT 1 FROM outbox WHERE value LIKE %s OR key LIKE %s", b"%CANARY%", b"%CANARY%") == []


def test_a_letter_that_comes_again_is_told_once(database: LedgerDatabase) -> None:
    """A replay of the dead-letter topic, in the same batch and later, says nothing new."""
    database.add()
    store(database, LETTER, LETTER)
    store(database, LETTER, start=2)
    assert len(published(database)) == 1


def test_a_redrive_that_is_refused_again_is_told_again(database: LedgerDatabase) -> None:
    """It stands at a place of its own, and so has an id of its own; the count says that it was sent again."""
    database.add()
    second = again(LETTER, position=again(PLACE, offset=18), redrive_count=1)
    store(database, LETTER, second)
    (_, first), (_, last) = published(database)
    assert (first.redrives, last.redrives) == (0, 1)
    assert (first.offset, last.offset) == (17, 18)
    assert first.result_id != last.result_id


def test_a_ledger_that_was_set_back_says_the_same_under_the_same_id(database: LedgerDatabase) -> None:
    """Law 4: consumers drop the repeat by its id."""
    database.add()
    store(database, LETTER)
    database.connection.execute("DELETE FROM dead_letters")
    ((_, first),) = published(database)
    database.connection.execute("DELETE FROM outbox")
    store(database, LETTER)
    ((_, second),) = published(database)
    assert first == second


def test_who_is_no_practice_of_ours_has_the_key_of_nobody(database: LedgerDatabase) -> None:
    """Law 11: what a sender writes into a key is not repeated in ours."""
    database.add()
    store(database, again(LETTER, practice_id="CANARY Jane Doe"))
    ((key, refusal),) = published(database)
    assert (key, refusal.practice_id) == (b"?", "?")


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "Jane\x00Doe", "event_id": "x" * 300, "trace_id": "\ud7ff"},
        {"source": None, "event_id": None, "trace_id": None},
    ],
)
def test_what_is_no_id_is_left_out(database: LedgerDatabase, changed: dict[str, Any]) -> None:
    """A dead letter's headers may be anybody's: an id that is none blocks no batch and goes no further."""
    database.add()
    store(database, again(LETTER, **changed, field="Jane Doe's tooth", fault=FieldFault.ZERO))
    ((_, refusal),) = published(database)
    assert (refusal.source, refusal.event_id, refusal.trace_id) == (None, None, None)
    assert (refusal.field, refusal.fault) == (None, None)
    assert "Jane" not in refusal.problem


def test_an_entry_that_died_and_a_record_of_our_own_topics_are_no_senders_business() -> None:
    """The first has its result; the second nobody sent to us."""
    dead_entry = again(
        LETTER, stage=Stage.POST, reason=DeadLetterReason.MAPPING_MISSING, effect_id=4, target=Target.PMS
    )
    assert refusal_message(dead_entry, PRACTICE) is None
    for topic in ("writebacks.v1", "writeback-redecisions.v1", "elsewhere"):
        assert refusal_message(again(LETTER, position=again(PLACE, topic=topic)), PRACTICE) is None


def test_a_conflict_and_a_patients_record_are_told_too(database: LedgerDatabase) -> None:
    """Stage intake: their letters leave by the outbox, come back on the topic, and are told then."""
    database.add()
    conflict = again(LETTER, stage=Stage.INTAKE, reason=DeadLetterReason.CONFLICT, field=None, fault=None)
    patient = again(
        LETTER,
        position=again(PLACE, topic="patients.v1", topic_id="patients-id"),
        stage=Stage.INTAKE,
        field="identity",
        fault=FieldFault.IDENTITY_PARTS,
    )
    store(database, conflict, patient)
    assert [each.topic for _, each in published(database)] == ["payments.v1", "patients.v1"]


def test_an_event_that_is_stored_is_no_refusal(database: LedgerDatabase) -> None:
    """What the rules decided has results of its own."""
    database.add()
    database.link()
    database.store(database.decide(payment()))
    assert published(database) == []


def test_letters_in_a_large_batch_are_told_as_well(database: LedgerDatabase) -> None:
    """Where rows are copied instead of inserted in a pipeline."""
    database.add()
    database.link()
    letters = [again(LETTER, position=again(PLACE, offset=n)) for n in range(200)]
    store(database, *letters)
    assert [each.offset for _, each in published(database)] == list(range(200))

"""What was a dead letter once comes back by a redrive, at a place of its own, and never by a replay."""

from __future__ import annotations

from schemas.topics import TopicName
from schemas.vocabulary import DeadLetterReason, Stage
from schemas.writebacks import Writeback
from sinks.ledger.intake.records import Consumed, DeadLettered
from streams.kafka.dead_letters import DeadLetter
from tests.processors.rules.event_examples import NOON, PRACTICE, history, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again

DEAD_LETTERS_ID = "dead-letters-topic-id"


def dead_letter(decided: Writeback, practice_id: str) -> DeadLetter:
    return DeadLetter(
        position=decided.position,
        consumer_group="rules",
        stage=Stage.RULES,
        reason=DeadLetterReason.OCCURRED_IN_FUTURE,
        practice_id=practice_id,
        first_failed_at=NOON,
        last_failed_at=NOON,
        source=decided.identity.source,
        event_id=decided.identity.event_id,
    )


def refuse(database: LedgerDatabase, decided: Writeback, practice_id: str, offset: int = 0) -> None:
    """RULES refused the record, and said whose it is."""
    at = Consumed(
        topic=TopicName.DEAD_LETTERS,
        topic_id=DEAD_LETTERS_ID,
        part=0,
        off=offset,
        timestamp_ms=int(NOON.timestamp() * 1000),
        key=practice_id.encode(),
        value=decided.original,
    )
    database.connection.execute(
        "INSERT INTO intake_offsets VALUES (%s, 0, 0) ON CONFLICT DO NOTHING", (DEAD_LETTERS_ID,)
    )
    database.writer.positions = {(DEAD_LETTERS_ID, 0): offset}
    database.writer.store([DeadLettered(at, dead_letter(decided, practice_id))])


def test_a_replay_under_newer_rules_brings_no_dead_letter_to_life(database: LedgerDatabase) -> None:
    """Laws 2 and 11, E-14: the record at this place has its receipt; only the same event at another place is news."""
    database.add()
    database.link()
    decided = database.decide(payment())
    refuse(database, decided, PRACTICE)
    assert database.verdicts() == ["DEAD_LETTER"]
    database.store(decided)
    assert database.verdicts() == ["DEAD_LETTER"]
    assert database.states() == []
    redriven = again(decided, position=again(decided.position, offset=decided.position.offset + 1))
    database.store(redriven)
    assert sorted(database.verdicts()) == ["DEAD_LETTER", "FIRST"]
    assert database.amounts() == [9680, 320]


def test_whoever_is_no_practice_of_ours_is_one_unknown_practice(database: LedgerDatabase) -> None:
    """Law 11: a header may say anything; none of it becomes a row of its own, and so a cause of its own."""
    database.add()
    for offset, name in enumerate(("Jane Doe", "7" * 4200, "\ud7ff", PRACTICE)):
        refuse(database, database.decide(payment(event_id=f"ev-{offset}")), name, offset)
    assert database.rows("SELECT practice_id, count(*)::int FROM dead_letters GROUP BY 1 ORDER BY 1") == [
        ("?", 3),
        (PRACTICE, 1),
    ]
    assert database.rows("SELECT practice_id, count(*)::int FROM receipts GROUP BY 1 ORDER BY 1") == [
        ("?", 3),
        (PRACTICE, 1),
    ]


def test_a_record_that_nobody_knew_keeps_its_receipt_when_its_practice_is_added(database: LedgerDatabase) -> None:
    """Law 11: one receipt a record, also where a replay knows whose it is."""
    decided = database.decide(payment(), history=history())
    refuse(database, decided, PRACTICE)
    database.add()
    database.link()
    refuse(database, decided, PRACTICE, 1)
    database.store(decided)
    assert database.rows("SELECT practice_id, verdict FROM receipts") == [("?", "DEAD_LETTER")]
    assert database.one("SELECT count(*) FROM dead_letters") == 1
    assert database.states() == []

"""The intake on the real broker: positions, assignments, crashes, topics made anew, dead letters (laws 3, 5, 9, 11)."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_END, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.events import Event
from schemas.topics import TopicName, physical
from schemas.vocabulary import DeadLetterReason, Stage
from schemas.writebacks import SourcePosition, Writeback
from sinks.ledger.intake.positions import Overtaken, RecordsLostError
from streams.fault_injection import Control
from streams.kafka.dead_letters import DeadLetter, dead_letter_headers
from streams.kafka.topics import ensure_topics
from tests.processors.rules.event_examples import payment
from tests.scenarios.waiting import WITHIN_S, until
from tests.sinks.ledger.intakes import IntakeAtWork
from tests.sinks.ledger.ledger_fixture import WRITEBACKS_ID, LedgerDatabase, again
from tests.sinks.ledger.racing import held, until_blocked
from tests.worlds import World

PROTOCOLS = ["consumer", "classic"]


@pytest.fixture
def at_work(world: World, database: LedgerDatabase) -> IntakeAtWork:
    database.add()
    return IntakeAtWork(world, database)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_record_is_stored_and_a_restart_goes_on_from_postgres(
    world: World, database: LedgerDatabase, protocol: str
) -> None:
    """Law 3, both group protocols: positions come from the ledger, past the control records of transactions."""
    database.add()
    at_work = IntakeAtWork(world, database, group_protocol=protocol)
    at_work.send(at_work.payments(20))
    with at_work.running(group_protocol=protocol):
        until(lambda: at_work.receipts() == 20, "20 receipts")
        # 20 records and the marker of their transaction, on the one partition that the practice's key has.
        until(lambda: at_work.positions()["writebacks.v1"] == 21, "the position is past the transaction's marker")
    at_work.send(at_work.payments(5, start=20))
    with at_work.running(group_protocol=protocol):
        until(lambda: at_work.receipts() == 25, "25 receipts")
    assert database.verdicts() == ["FIRST"] * 25


@pytest.mark.long
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_intakes_come_and_go_and_nothing_is_lost_or_doubled(
    world: World, database: LedgerDatabase, protocol: str
) -> None:
    """Churn under both group protocols: every record has one receipt, every event its effects once (I1, law 3)."""
    for practice in range(12):
        database.add(f"practice-{practice}")
    at_work = IntakeAtWork(world, database, group_protocol=protocol)
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        told = at_work.payments(count, start=sent)
        moved = [_of(told_one, f"practice-{n % 12}") for n, told_one in enumerate(told)]
        at_work.send(moved)
        sent += count

    with at_work.running(group_protocol=protocol):
        send(120)
        for _ in range(2):
            with at_work.running(group_protocol=protocol):
                send(120)
        send(120)
        until(lambda: at_work.receipts() == sent, "a receipt for every record")
    assert set(database.verdicts()) == {"FIRST"}
    assert database.one("SELECT count(*) FROM effects") == 2 * sent


def test_a_stale_position_voids_the_batch(database: LedgerDatabase) -> None:
    """Law 3: compare and set; the batch of an intake that was overtaken is rolled back as a whole."""
    database.add()
    stale = dict.fromkeys([(WRITEBACKS_ID, 0)], 0)
    first, second = (database.record(database.decide(event)) for event in _two_payments())
    database.store_records([first])
    database.writer.positions = stale
    with pytest.raises(Overtaken):
        database.writer.store([second])
    assert database.one("SELECT count(*) FROM events") == 1
    assert database.position() == 1


def test_control_positions(database: LedgerDatabase) -> None:
    """Without comparing, an overtaken intake moves the position back: what it marks as next was stored already."""
    database.add()
    first, second = (database.record(database.decide(event)) for event in _two_payments())
    database.store_records([first, second])
    database.reopen(Control.POSITIONS)
    database.writer.positions = {(WRITEBACKS_ID, 0): 0}
    database.writer.store([first])
    assert database.position() < 2


@pytest.mark.parametrize(("point", "stored"), [("intake.before_commit", 0), ("intake.after_commit", 7)])
def test_a_kill_around_the_commit_loses_and_doubles_nothing(
    at_work: IntakeAtWork, tmp_path: Path, point: str, stored: int
) -> None:
    """Killed before the commit: nothing of the batch is there. After: all of it, and the restart goes on behind it."""
    at_work.send(at_work.payments(7))
    killed = at_work.process(tmp_path, test_crash_at=point, intake_batch=100)
    assert killed.until_dead() == -signal.SIGKILL, killed.text()
    assert at_work.receipts() == stored
    with at_work.running():
        until(lambda: at_work.receipts() == 7, "7 receipts")
    assert at_work.database.verdicts() == ["FIRST"] * 7
    assert at_work.database.one("SELECT count(*) FROM effects") == 14


def test_a_lost_connection_in_mid_batch_loses_and_doubles_nothing(at_work: IntakeAtWork) -> None:
    """Law 3: the outcome is unknown, so the positions are read again; here the server ends the open transaction."""
    with at_work.running():
        with held(at_work.database, "bodies"):
            at_work.send(at_work.payments(9))
            until_blocked(at_work.database, 1)
            at_work.database.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'writeback-intake'"
            )
        until(lambda: at_work.receipts() == 9, "9 receipts")
    assert at_work.database.verdicts() == ["FIRST"] * 9
    assert at_work.database.one("SELECT count(*) FROM effects") == 18


def test_a_topic_made_anew_stops_the_intake(at_work: IntakeAtWork) -> None:
    """Law 5: another id under the same name is another topic; nothing is read from it by guess."""
    at_work.send(at_work.payments(3))
    with at_work.running():
        until(lambda: at_work.receipts() == 3, "3 receipts")
    _make_anew(at_work)
    with pytest.raises(RecordsLostError, match="made anew"), at_work.running():
        pass


def test_control_topic_ids(at_work: IntakeAtWork) -> None:
    """Without comparing ids, the intake starts on the new topic as if nothing had happened."""
    at_work.send(at_work.payments(3))
    with at_work.running():
        until(lambda: at_work.receipts() == 3, "3 receipts")
    _make_anew(at_work)
    with at_work.running(test_controls="topic_ids") as health:
        assert health.is_ready()[0]


def test_records_deleted_unread_stop_the_intake(at_work: IntakeAtWork) -> None:
    """Law 5, retention gap: a low-water mark above the next offset is a loss, not a place to go on from."""
    with at_work.running():
        pass
    at_work.send(at_work.payments(3))
    admin = AdminClient({"bootstrap.servers": at_work.world.bootstrap})
    topic = physical(at_work.world.prefix, TopicName.WRITEBACKS)
    cut = [TopicPartition(topic, part, OFFSET_END) for part in range(3)]
    for deleted in admin.delete_records(cut).values():
        deleted.result(WITHIN_S)
    with pytest.raises(RecordsLostError, match="deleted unread"), at_work.running():
        pass


def test_garbage_on_our_own_topic_is_a_dead_letter(at_work: IntakeAtWork) -> None:
    """Law 9: nobody is blocked by bytes that no version of ours wrote."""
    at_work.put([(TopicName.WRITEBACKS, b"practice-1", b"garbage", [])])
    at_work.send(at_work.payments(1))
    with at_work.running():
        until(lambda: at_work.receipts() == 1, "the payment is stored")
        rows = "SELECT key, value, headers FROM outbox WHERE topic = 'writeback-dead-letters.v1'"
        until(lambda: at_work.database.rows(rows), "a dead letter")
    ((key, value, headers),) = at_work.database.rows(rows)
    assert (bytes(key), bytes(value)) == (b"practice-1", b"garbage")
    assert dict(headers)["dl-reason"] == "UNDECODABLE"


def test_a_dead_letter_of_the_rules_is_the_receipt_of_its_record(at_work: IntakeAtWork) -> None:
    """Law 11: one receipt and one row, also for a practice that nobody can name, and also when it is told twice."""
    at = datetime(2026, 3, 4, 17, tzinfo=UTC)
    letter = DeadLetter(
        position=SourcePosition(topic="payments.v1", topic_id="src", partition=2, offset=41, appended_at=at),
        consumer_group="rules",
        stage=Stage.DECODE,
        reason=DeadLetterReason.NOT_WIRE_FORMAT,
        practice_id="?",
        first_failed_at=at,
        last_failed_at=at,
    )
    headers: list[tuple[str, str | bytes | None]] = list(dead_letter_headers(letter))
    at_work.put([(TopicName.DEAD_LETTERS, b"\xff", b"not avro", headers)] * 2)
    with at_work.running():
        until(lambda: at_work.positions()["writeback-dead-letters.v1"] >= 2, "both are read")
        until(at_work.receipts, "a receipt")
    assert at_work.database.rows("SELECT practice_id, topic_id, part, off, verdict FROM receipts") == [
        ("?", "src", 2, 41, "DEAD_LETTER")
    ]
    stored = at_work.database.rows("SELECT practice_id, stage, reason, key, value FROM dead_letters")
    assert [(p, s, r, bytes(k), bytes(v)) for p, s, r, k, v in stored] == [
        ("?", "decode", "NOT_WIRE_FORMAT", b"\xff", b"not avro")
    ]


def _two_payments() -> list[Event]:
    return [payment(), payment(event_id="ev-2", payment_id="pay-2")]


def _of(writeback: Writeback, practice_id: str) -> Writeback:
    moved: Writeback = again(writeback, identity=again(writeback.identity, practice_id=practice_id))
    return moved


def _make_anew(at_work: IntakeAtWork) -> None:
    admin = AdminClient({"bootstrap.servers": at_work.world.bootstrap})
    topic = physical(at_work.world.prefix, TopicName.WRITEBACKS)
    admin.delete_topics([topic], operation_timeout=WITHIN_S)[topic].result()
    until(lambda: topic not in admin.list_topics(timeout=WITHIN_S).topics, "the topic is gone")
    ensure_topics(at_work.settings)

"""`patients.v1`: a receipt for every record, and not a byte of its value anywhere (law 11, H-4, H-8)."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Producer

from schemas.codec import encode_event
from schemas.events import PatientChanged
from schemas.topics import TopicName, physical
from sinks.ledger.intake.records import Consumed, read
from sinks.operations.queries.receipts_audit import audit
from tests.processors.rules.event_examples import NOON, PRACTICE
from tests.scenarios.waiting import WITHIN_S, until
from tests.schemas.examples import IDENTITY
from tests.sinks.ledger.intakes import IntakeAtWork
from tests.sinks.ledger.ledger_fixture import LedgerDatabase
from tests.sinks.operations.test_receipts_audit import WAIT
from tests.worlds import World

PATIENTS_ID = "patients-topic-id"
PLAIN = '{"given_name": "CANARY-Given"}'


def changed(patient_ref: str = "pt-1", **values: Any) -> PatientChanged:
    fields: dict[str, Any] = {
        "event_id": f"ev-{patient_ref}",
        "source": "people.example",
        "occurred_at": NOON,
        "produced_at": NOON,
        "practice_id": PRACTICE,
        "patient_ref": patient_ref,
        "identity": IDENTITY,
    }
    return PatientChanged(**(fields | values))


def consumed(offset: int, key: bytes | None, value: bytes | None) -> Consumed:
    at = int(NOON.timestamp() * 1000)
    return Consumed(
        topic=TopicName.PATIENTS, topic_id=PATIENTS_ID, part=0, off=offset, timestamp_ms=at, key=key, value=value
    )


KEY = f"{PRACTICE}:pt-1".encode()
RECORDS: tuple[tuple[bytes | None, bytes | None, str, str], ...] = (
    (KEY, encode_event(changed()), PRACTICE, "FIRST"),
    (KEY, None, PRACTICE, "FIRST"),
    (KEY, encode_event(changed(identity=PLAIN)), PRACTICE, "DEAD_LETTER"),
    (KEY, encode_event(changed("pt-2")), PRACTICE, "DEAD_LETTER"),
    (KEY, b"\x00CANARY-Given", PRACTICE, "DEAD_LETTER"),
    (b"CANARY-Given", encode_event(changed()), PRACTICE, "DEAD_LETTER"),
    (b"CANARY-Given:pt-1", encode_event(changed(practice_id="nobody")), "?", "DEAD_LETTER"),
    (b"nobody:pt-1", encode_event(changed(practice_id="nobody")), "?", "FIRST"),
    (b"nobody:pt-1", None, "?", "FIRST"),
    (None, None, "?", "DEAD_LETTER"),
    (b"\xff", b"CANARY-Given", "?", "DEAD_LETTER"),
)


@pytest.fixture
def stored(database: LedgerDatabase) -> LedgerDatabase:
    """Every kind of record in one batch, and the whole batch again."""
    database.add()
    database.connection.execute("INSERT INTO intake_offsets VALUES (%s, 0, 0)", (PATIENTS_ID,))
    for _ in range(2):
        database.writer.positions = {(PATIENTS_ID, 0): 0}
        database.connection.execute("UPDATE intake_offsets SET next_offset = 0 WHERE topic_id = %s", (PATIENTS_ID,))
        database.writer.store([read(consumed(n, key, value)) for n, (key, value, _, _) in enumerate(RECORDS)])
    return database


def test_every_record_has_one_receipt(stored: LedgerDatabase) -> None:
    """Law 11: also a tombstone, a bad one, and one of a practice that nobody added; a repeat changes nothing."""
    found = stored.rows("SELECT practice_id, verdict FROM receipts WHERE topic_id = %s ORDER BY off", PATIENTS_ID)
    assert found == [(practice, verdict) for _, _, practice, verdict in RECORDS]
    assert stored.one("SELECT count(*) FROM practices") == 1, "no record of a patient makes a practice"


def test_no_value_is_kept_or_sent_on(stored: LedgerDatabase) -> None:
    """H-4, H-8: an identity that came in the clear is not copied into the ledger or onto the dead-letter topic."""
    letters = stored.rows("SELECT value, headers::text FROM outbox WHERE topic = 'writeback-dead-letters.v1'")
    assert len(letters) == 2 * sum(verdict == "DEAD_LETTER" for _, _, _, verdict in RECORDS)
    assert all(value is None and "CANARY" not in headers for value, headers in letters)
    tables = [row[0] for row in stored.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        if table != "outbox":  # the original key stands there, as in every dead letter
            assert stored.rows(f"SELECT t::text FROM {table} t WHERE t::text LIKE '%%CANARY%%'") == [], table
            assert stored.rows(f"SELECT 1 FROM {table} t WHERE t::text LIKE %s", f"%{IDENTITY[:40]}%") == [], table


def test_the_audit_covers_the_topic(world: World, database: LedgerDatabase) -> None:
    """Law 11: a record that nobody read is missing there; INTAKE reads it, and all is well."""
    at_work = IntakeAtWork(world, database)
    database.add()
    producer = Producer({"bootstrap.servers": world.bootstrap})
    topic = physical(world.prefix, TopicName.PATIENTS)
    for number in range(3):
        event = changed(f"pt-{number}")
        producer.produce(topic, encode_event(event), f"{PRACTICE}:{event.patient_ref}".encode(), partition=0)
    assert producer.flush(WITHIN_S) == 0
    unsound = [each for each in audit(database.connection, at_work.settings, wait=WAIT) if not each.sound]
    assert [(each.topic, each.missing) for each in unsound] == [(TopicName.PATIENTS, 3)]
    with at_work.running():
        until(lambda: at_work.receipts() == 3, "3 receipts")
    assert all(each.sound for each in audit(database.connection, at_work.settings, wait=WAIT))
    assert at_work.positions()["patients.v1"] == 3

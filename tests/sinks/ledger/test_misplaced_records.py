"""A sender whose partitioner is not murmur2: its records are taken and counted, and it hears of it once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.codec import decode_published
from schemas.partitioning import partition_of
from schemas.sender_warnings import SenderWarning
from schemas.vocabulary import SenderFault
from schemas.writebacks import Writeback
from sinks.ledger.intake import misplaced_records
from sinks.ledger.intake.batch import BatchWriter
from streams.runtime.metrics import MISPLACED_RECORDS
from tests.processors.rules.event_examples import PRACTICE, payment
from tests.sinks.ledger.ledger_fixture import LedgerDatabase, again

PARTITIONS = 12
RIGHT = partition_of(PRACTICE.encode(), PARTITIONS)
WRONG = (RIGHT + 1) % PARTITIONS


@pytest.fixture
def ledger(database: LedgerDatabase) -> LedgerDatabase:
    database.add()
    database.link()
    reopen(database)
    return database


def reopen(database: LedgerDatabase) -> None:
    """An intake that has just started."""
    policy = msgspec.structs.replace(database.policy, partitions=PARTITIONS)
    database.writer = BatchWriter(database.connection, policy, database.clock)


def on(partition: int, database: LedgerDatabase, **fields: Any) -> Writeback:
    decided = database.decide(payment(**fields))
    return again(decided, position=again(decided.position, partition=partition))  # type: ignore[no-any-return]


def told(database: LedgerDatabase) -> list[SenderWarning]:
    rows = database.rows("SELECT value FROM outbox WHERE topic = 'writeback-results.v1' ORDER BY enqueued")
    return [each for (value,) in rows if isinstance(each := decode_published(bytes(value)), SenderWarning)]


def counted() -> float:
    return float(MISPLACED_RECORDS.labels("payments.v1")._value.get())


def test_a_record_on_its_keys_partition_is_no_news(ledger: LedgerDatabase) -> None:
    before = counted()
    ledger.store(on(RIGHT, ledger))
    assert ledger.verdicts() == ["FIRST"]
    assert told(ledger) == []
    assert counted() == before


def test_a_sender_is_told_once_and_its_records_are_taken(ledger: LedgerDatabase) -> None:
    """In one batch, in the next, and by an intake that was started anew: each record counts, one report is made."""
    before = counted()
    events = [{"event_id": f"ev-{n}", "payment_id": f"pay-{n}"} for n in range(4)]
    ledger.store(on(WRONG, ledger, **events[0]), on(WRONG, ledger, **events[1]))
    ledger.store(on(WRONG, ledger, **events[2]))
    reopen(ledger)
    ledger.store(on(WRONG, ledger, **events[3]))
    assert ledger.verdicts() == ["FIRST"] * 4
    assert counted() == before + 4
    (warning,) = told(ledger)
    assert (warning.fault, warning.practice_id, warning.event_id) == (SenderFault.OTHER_PARTITIONER, PRACTICE, "ev-0")
    assert (warning.topic, warning.partition, warning.expected_partition) == ("payments.v1", WRONG, RIGHT)
    assert ledger.rows("SELECT source, topic FROM misplaced_senders") == [(warning.source, "payments.v1")]


def test_each_system_is_told(ledger: LedgerDatabase) -> None:
    names = ["a.example", "b.example"]
    ledger.store(*(on(WRONG, ledger, source=name, event_id=f"ev-{name}", payment_id=f"pay-{name}") for name in names))
    assert sorted(each.source for each in told(ledger)) == names


def test_who_invents_names_is_not_told_for_ever(ledger: LedgerDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything foreign is bounded: so many senders are reported, and the events of all are taken."""
    monkeypatch.setattr(misplaced_records, "MOST_SENDERS", 2)
    for number in range(4):
        name = f"{number}.example"
        ledger.store(on(WRONG, ledger, source=name, event_id=f"ev-{number}", payment_id=f"pay-{number}"))
    assert len(told(ledger)) == 2
    assert ledger.verdicts() == ["FIRST"] * 4


def test_a_decision_made_again_says_nothing_of_its_sender(ledger: LedgerDatabase) -> None:
    decided = again(on(WRONG, ledger), redecision=True)
    before = counted()
    ledger.store(decided)
    assert told(ledger) == []
    assert counted() == before

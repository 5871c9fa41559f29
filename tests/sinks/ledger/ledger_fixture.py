"""A ledger of one's own with business time in hand, fed by the real rules without a broker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.source_records import decide_record, redecide_record
from schemas.codec import encode_event
from schemas.events import Event
from schemas.practice_settings import SettingsHistory
from schemas.topics import STREAM_TOPICS, TopicName
from schemas.vocabulary import EntryKind
from schemas.writebacks import Redecision, SourcePosition, Writeback
from sinks.ledger.intake.batch import BatchWriter
from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.intake.records import Consumed, Decided, Record
from sinks.ledger.practices.links import link
from sinks.ledger.practices.settings import settings_store
from sinks.ledger.practices.settings.history import history_of
from sinks.ledger.practices.settings.settings_store import Saving
from sinks.ledger.schema.database import connect
from sinks.ledger.schema.migrate import migrate
from sinks.ledger.waiting.sweeps import Sweeps
from streams.fault_injection import Control, install
from streams.kafka.redecision_requests import parse_redecision
from tests.processors.rules.event_examples import NOON, PRACTICE, settings

SAVING = Saving(actor="owner", reason="test", without_golive="a ledger without an office")
WRITEBACKS_ID = "writebacks-topic-id"
SOURCE_ID = "source-topic-id"


class HandClock:
    """Business time that a test moves."""

    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def for_database(self) -> datetime | None:
        return self.instant


class LedgerDatabase:
    """One database, one intake without its consumer."""

    def __init__(self, database_url: str, *controls: Control) -> None:
        migrate(database_url)
        self.database_url = database_url
        self.connection: psycopg.Connection[TupleRow] = connect(database_url, "test")
        self.clock = HandClock()
        self.source_offset = 0
        self.offset = 0
        self.reopen(*controls)
        self.connection.execute("INSERT INTO intake_offsets VALUES (%s, 0, 0) ON CONFLICT DO NOTHING", (WRITEBACKS_ID,))

    def reopen(self, *controls: Control) -> None:
        """A new intake on the same ledger, as after a restart; `controls` are off in it."""
        install(controls)
        self.policy = Policy(group="intake", redecide_after=timedelta(seconds=30), jitter_s=0, partitions=1)
        self.writer = BatchWriter(self.connection, self.policy, self.clock)
        self.sweeps = Sweeps(self.connection, self.policy, self.clock)

    # --- facts
    def add(self, practice_id: str = PRACTICE, *, connected: bool = True, **changed: Any) -> None:
        """A practice that has been there for a month, switched on, with both connections, which write everything."""
        settings_store.add_practice(
            self.connection,
            practice_id,
            settings(**changed),
            SAVING,
            clock=self.clock,
            jitter_s=0,
            email="office@practice.example",
            since=NOON - timedelta(days=30),
        )
        if connected:
            self.connect(practice_id)

    def connect(self, practice_id: str = PRACTICE) -> None:
        for target in ("PMS", "QUICKBOOKS"):
            connection_id = f"{practice_id}-{target}"
            self.connection.execute(
                "INSERT INTO connections (home_practice_id, connection_id, target, route, base_url,"
                " account_fingerprint, capabilities) VALUES (%s, %s, %s, 'test', 'http://127.0.0.1', %s, %s)",
                (practice_id, connection_id, target, connection_id, [kind.value for kind in EntryKind]),
            )
            self.connection.execute(
                "INSERT INTO practice_connections VALUES (%s, %s, %s, %s)",
                (practice_id, target, practice_id, connection_id),
            )

    def save(self, practice_id: str = PRACTICE, *, effective_from: datetime | None = None, **changed: Any) -> int:
        return settings_store.save(
            self.connection,
            practice_id,
            settings(**changed),
            SAVING,
            clock=self.clock,
            jitter_s=0,
            effective_from=effective_from,
        ).version

    def link(self, patient_ref: str = "pt-1", practice_id: str = PRACTICE) -> int:
        return link(self.connection, practice_id, patient_ref, "17", SAVING, clock=self.clock, jitter_s=0)

    def history(self, practice_id: str) -> SettingsHistory | None:
        with self.connection.cursor() as cursor:
            found = history_of(cursor, practice_id)
        return found if found.versions else None

    # --- events
    def decide(self, event: Event, *, history: SettingsHistory | None = None) -> Writeback:
        """What RULES says of an event that the broker has just taken, under the truth or under another history."""
        topic = STREAM_TOPICS[event.stream]
        position = SourcePosition(
            topic=topic.value,
            topic_id=SOURCE_ID,
            partition=0,
            offset=self.source_offset,
            appended_at=self.clock.instant,
        )
        self.source_offset += 1
        said = decide_record(
            position,
            event.practice_id.encode(),
            encode_event(event),
            self.history if history is None else lambda _: history,
        )
        if not isinstance(said, Writeback):
            raise TypeError(f"the rules refuse the event: {said.reason} {said.field}")
        return said

    def decide_again(self, request: Redecision) -> Writeback:
        said = redecide_record(request, self.history)
        if not isinstance(said, Writeback):
            raise TypeError(f"the rules refuse the event: {said.reason}")
        return said

    def record(self, writeback: Writeback) -> Record:
        at = Consumed(
            topic=TopicName.WRITEBACKS,
            topic_id=WRITEBACKS_ID,
            part=0,
            off=self.offset,
            timestamp_ms=int(self.clock.instant.timestamp() * 1000),
            key=writeback.identity.practice_id.encode(),
            value=b"",
        )
        self.offset += 1
        return Decided(at, writeback)

    def store(self, *writebacks: Writeback) -> None:
        """One batch."""
        self.store_records([self.record(writeback) for writeback in writebacks])

    def store_records(self, records: list[Record]) -> None:
        self.writer.positions = {(WRITEBACKS_ID, 0): self.position()}
        self.writer.store(records)

    def report(self, *events: Event) -> None:
        self.store(*(self.decide(event) for event in events))

    def redecisions(self) -> list[Redecision]:
        """The requests in the outbox, taken out of it as the relay would."""
        rows = self.connection.execute(
            "DELETE FROM outbox WHERE topic = %s RETURNING key, value, headers, enqueued",
            (TopicName.REDECISIONS.value,),
        ).fetchall()
        return [
            parse_redecision(row[0], row[1], [(name, value) for name, value in row[2]])
            for row in sorted(rows, key=lambda row: int(row[3]))
        ]

    # --- what there is
    def position(self) -> int:
        return int(self.one("SELECT next_offset FROM intake_offsets WHERE topic_id = %s AND part = 0", WRITEBACKS_ID))

    def rows(self, query: str, *parameters: Any) -> list[TupleRow]:
        return self.connection.execute(query, parameters).fetchall()

    def one(self, query: str, *parameters: Any) -> Any:
        ((value,),) = self.connection.execute(query, parameters).fetchall()
        return value

    def states(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT state FROM effects ORDER BY practice_id, effect_id")]

    def waiting(self) -> list[str | None]:
        return [row[0] for row in self.rows("SELECT waiting FROM events ORDER BY received_at, event_id")]

    def verdicts(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT verdict FROM receipts ORDER BY part, off")]

    def amounts(self) -> list[int]:
        return [row[0] for row in self.rows("SELECT amount_minor FROM effects ORDER BY practice_id, effect_id")]

    def close(self) -> None:
        self.connection.close()


def again(told: msgspec.Struct, **values: Any) -> Any:
    """The record with other values."""
    return msgspec.structs.replace(told, **values)

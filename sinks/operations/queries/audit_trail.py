"""Verifies the audit trail (H-15): each chain by itself, and its head against what was published."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec
from confluent_kafka.admin import AdminClient

from schemas.topics import TopicName, physical
from schemas.writebacks import AuditHead
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import broken_rows
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.operations.ledger import Ledger
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from streams.kafka.topic_records import reader, records
from streams.settings import ProgramSettings

_SQL: Final = named_queries("sinks.operations.queries", "audit_trail.sql")


class Fault(StrEnum):
    """What is wrong with a trail."""

    CHAIN = "an entry was changed, removed or inserted"
    CUT = "its last entries are gone"
    REWRITTEN = "it is not the trail whose head was published"
    UNREADABLE_HEAD = "a published head cannot be read"


class TrailFault(msgspec.Struct, frozen=True):
    """One fault, at entry `n` of a trail."""

    trail: str
    n: int
    fault: Fault


class TrailReport(msgspec.Struct, frozen=True):
    """What a look at every trail found."""

    trails: int
    heads: int
    """Trails whose head is published."""
    faults: tuple[TrailFault, ...]
    rewritable: bool
    """The user of the application could change the trail: `writeback audit protect` was not run."""

    @property
    def sound(self) -> bool:
        return not self.faults


@sees(View.AUDIT, practice=None)
def verify(ledger: Ledger, settings: ProgramSettings) -> TrailReport:
    """Compare. Blocks for as long as it takes to read the trail and the topic once. Raises psycopg.Error,
    KafkaException, Transient.

    1. The published heads. 2. The trails, read later, so that an entry which is just written is no fault.
    """
    heads, faults = _published(settings)
    connection = ledger.connection
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL transaction_timeout = 0")
        newest = {each.trail: each.n for each in fetch_all(cursor, AuditHead, _SQL["trails"])}
        places = {"trails": [head.trail for head in heads], "numbers": [head.n for head in heads]}
        stored = {
            (each.trail, each.n): each.digest for each in fetch_all(cursor, AuditHead, _SQL["entries_at"], places)
        }
        faults += [TrailFault(row.trail, row.n, Fault.CHAIN) for row in broken_rows(cursor)]
        rewritable = bool(fetch_value(cursor, _SQL["rewritable"]))
    for head in heads:
        if head.n > newest.get(head.trail, 0):
            faults.append(TrailFault(head.trail, newest.get(head.trail, 0) + 1, Fault.CUT))
        elif stored.get((head.trail, head.n)) != head.digest:
            faults.append(TrailFault(head.trail, head.n, Fault.REWRITTEN))
    return TrailReport(len(newest), len(heads), tuple(faults), rewritable)


def _published(settings: ProgramSettings) -> tuple[list[AuditHead], list[TrailFault]]:
    """The newest published head of each trail."""
    found: dict[str, AuditHead] = {}
    faults: list[TrailFault] = []
    admin = AdminClient({**settings.kafka_client(), "log_level": 3})
    consumer = reader(settings, "audit-verify")
    try:
        for message in records(admin, consumer, physical(settings.topic_prefix, TopicName.AUDIT_HEADS)):
            value = message.value()
            try:
                head = msgspec.json.decode(value or b"", type=AuditHead)
            except msgspec.DecodeError:
                faults.append(TrailFault("?", message.offset() or 0, Fault.UNREADABLE_HEAD))
                continue
            if head.trail not in found or found[head.trail].n < head.n:
                found[head.trail] = head
    finally:
        consumer.close()
    return list(found.values()), faults

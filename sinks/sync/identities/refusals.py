"""Tells the sender of an identity that cannot be opened: a dead letter without its value (H-4, H-8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import DeadLetterReason, FieldFault
from sinks.ledger.intake.records import PatientRecord
from sinks.ledger.intake.refused_records import patient_message
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import enqueue
from sinks.ledger.rows.fetch import fetch_all
from sinks.sync.identities.changes import Change, Outcome
from streams.kafka.dead_letters import UNKNOWN_PRACTICE

_SQL: Final = named_queries("sinks.sync.identities", "identities.sql")


class _Place(msgspec.Struct, frozen=True):
    topic_id: str
    part: int
    off: int


def report(
    connection: psycopg.Connection[TupleRow],
    changes: Sequence[Change],
    group: str,
    at: datetime,
    *,
    by_ledger: bool = False,
) -> None:
    """In the caller's transaction: a letter for each record that could not be opened, once however often the topic is
    read. `by_ledger`: the database takes none of these records. Blocks for up to three statements."""
    bad = [each for each in changes if by_ledger or each.outcome is Outcome.NOT_OPENED]
    if not bad:
        return
    given = {
        "practice_ids": [each.practice_id for each in bad],
        "topic_ids": [each.at.topic_id for each in bad],
        "parts": [each.at.part for each in bad],
        "offs": [each.at.off for each in bad],
    }
    reported = set(fetch_all(connection, _Place, _SQL["letters"], given))
    letters = [
        patient_message(_refused_by_ledger(each) if by_ledger else _not_opened(each), group, at)
        for each in bad
        if _Place(each.at.topic_id, each.at.part, each.at.off) not in reported
    ]
    with connection.cursor() as cursor:
        enqueue(cursor, letters)


def _not_opened(change: Change) -> PatientRecord:
    """The field and what is wrong with it, never a value."""
    return PatientRecord(
        at=change.at,
        practice_id=change.practice_id,
        source=change.source,
        event_id=change.event_id,
        reason=DeadLetterReason.INVALID_FIELD,
        field="identity",
        fault=change.fault or FieldFault.IDENTITY_UNOPENED,
        problem="NotAnIdentity",
    )


def _refused_by_ledger(change: Change) -> PatientRecord:
    """Whatever is wrong with it may be its ids: they are not repeated."""
    return PatientRecord(at=change.at, practice_id=UNKNOWN_PRACTICE, reason=DeadLetterReason.REFUSED_BY_LEDGER)

"""Reads what a batch has to be compared with, after the practices' locks are held and in later statements (law 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.batch_records import Era, Facts
from sinks.ledger.database import statement
from sinks.ledger.identities import Known, Stored
from sinks.ledger.records import Decided, Record
from sinks.ledger.resolving import Truth

Cursor = psycopg.Cursor[TupleRow]


def lock_practices(cursor: Cursor, practice_ids: Sequence[str], *, locked: bool = True) -> dict[str, int]:
    """Lock the rows, sorted, and return the counters. Blocks while another writer of theirs is at work.

    `locked=False` is the control of law 8.
    """
    name = "lock_practices" if locked else "read_practices"
    return dict(cursor.execute(statement("intake", name), {"practice_ids": sorted(practice_ids)}).fetchall())


def read_facts(cursor: Cursor, records: Sequence[Record], seqs: dict[str, int], now: datetime | None) -> Facts:
    """Everything that decides about these records. Blocks for one round trip: the reads go out together."""
    decided = [record.writeback for record in records if isinstance(record, Decided)]
    identities = [writeback.identity for writeback in decided]
    positions = [writeback.position for writeback in decided]
    practices = {"practice_ids": sorted(seqs)}
    of_events = [identity.practice_id for identity in identities]
    refs = sorted(
        {
            (writeback.identity.practice_id, planned.instruction.patient_ref)
            for writeback in decided
            for planned in writeback.decision.effects
            if planned.instruction.patient_ref is not None
        }
    )
    connection = cursor.connection
    with connection.pipeline():
        reads = [
            _send(connection, "moment", {"now": now}),
            _send(
                connection,
                "events_of",
                {
                    "practice_ids": of_events,
                    "sources": [identity.source for identity in identities],
                    "event_ids": [identity.event_id for identity in identities],
                    "subjects": [identity.subject for identity in identities],
                    "kinds": [str(identity.kind) for identity in identities],
                },
            ),
            _send(connection, "truths_of", practices),
            _send(
                connection,
                "links_of",
                {"practice_ids": [practice for practice, _ in refs], "patient_refs": [ref for _, ref in refs]},
            ),
            _send(connection, "connections_of", practices),
            _send(
                connection,
                "receipts_of",
                {
                    "practice_ids": of_events,
                    "topic_ids": [position.topic_id for position in positions],
                    "parts": [position.partition for position in positions],
                    "offs": [position.offset for position in positions],
                },
            ),
        ]
    moment, events, truths, links, connections, receipts = [read.fetchall() for read in reads]
    ((at, era, raised_at),) = moment
    return Facts(
        now=at,
        era=Era(1, at) if era is None else Era(era, raised_at),
        seqs=seqs,
        known=Known(_stored(row) for row in events),
        truths=_truths(truths),
        linked=frozenset(links),
        connections={(practice, target): connection_id for practice, target, connection_id in connections},
        receipts=frozenset(receipts),
    )


def _send(connection: psycopg.Connection[TupleRow], name: LiteralString, parameters: dict[str, Any]) -> Cursor:
    return connection.execute(statement("intake", name), parameters)


def _truths(rows: Sequence[TupleRow]) -> dict[str, list[Truth]]:
    found: dict[str, list[Truth]] = {}
    for practice_id, version, effective_from, master in rows:
        found.setdefault(practice_id, []).append(Truth(version, effective_from, bool(master)))
    return found


def _stored(row: TupleRow) -> Stored:
    return Stored(
        practice_id=row[0],
        source=row[1],
        event_id=row[2],
        subject=row[3],
        kind=row[4],
        version=row[5],
        event_type=row[6],
        digest_v=row[7],
        digest=bytes(row[8]),
        money_digest=bytes(row[9]),
        waiting=row[10],
        superseded_by=row[11],
    )

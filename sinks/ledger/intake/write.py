"""Writes what was decided into the tables, in the order of the laws, under the practices' locks (law 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import Verdict
from sinks.ledger import gates, outbox
from sinks.ledger.effect_moves import move_effects
from sinks.ledger.intake.bulk_insert import FEW, copy, insert
from sinks.ledger.intake.new_rows import RECORDS, Row, plan_bytes
from sinks.ledger.intake.records import PatientRecord
from sinks.ledger.intake.write_dead_letters import write_dead_letters
from sinks.ledger.intake.writes import Resolution, Writes
from sinks.ledger.named_queries import named_queries
from sinks.ledger.payouts.standing import write_again, write_news, write_standing
from sinks.ledger.rows.arrays import Numbers, Texts
from sinks.ledger.rows.events import ToldAgainRow

_INTAKE: Final = named_queries("sinks.ledger.intake")
_PAYMENT_STATES: Final = named_queries("sinks.ledger.intake", "payment_states.sql")

_encode: Final = msgspec.json.Encoder().encode

Cursor = psycopg.Cursor[TupleRow]
_Put = Callable[[Cursor, str, Sequence[Row]], None]


def write(cursor: Cursor, writes: Writes, *, now: datetime | None, at: datetime, jitter_s: int) -> None:
    """Insert everything, in this order: receipts, events, entries, moves, gates (sorted), outbox; then tell the posters
    of what is due. Blocks, for one round trip as a rule when there is little.

    There is no ON CONFLICT: under the locks the context says what exists, and the unique indexes would refuse the whole
    batch if they did not.
    """
    if max(len(getattr(writes, table)) for table in RECORDS) > FEW:
        _write(cursor, writes, copy, now=now, at=at, jitter_s=jitter_s)
        return
    with cursor.connection.pipeline():
        _write(cursor, writes, insert, now=now, at=at, jitter_s=jitter_s)


def _write(cursor: Cursor, writes: Writes, put: _Put, *, now: datetime | None, at: datetime, jitter_s: int) -> None:
    put(cursor, "receipts", writes.receipts)
    _patients(cursor, writes.patients)
    writes.sender_results += write_dead_letters(cursor, writes.letters, now)
    put(cursor, "events", writes.events)
    put(cursor, "bodies", writes.bodies)
    put(cursor, "payout_items", writes.payout_items)
    _tell_again(cursor, writes.told_again)
    write_standing(cursor, writes.standing, at)
    write_again(cursor, writes.compare_again)
    write_news(cursor, writes.news, at)
    _resolve(cursor, writes.resolutions)
    put(cursor, "entries", writes.entries)
    put(cursor, "work", writes.work)
    put(cursor, "outcomes", writes.outcomes)
    _dispute(cursor, writes, at)
    # They are locked since they were read, so each is found as it was.
    move_effects(cursor, list(writes.moves.values()), at=at)
    if writes.seqs:
        cursor.execute(
            _INTAKE["advance_sequences"],
            {"practice_ids": Texts(writes.seqs), "seqs": Numbers(writes.seqs.values())},
        )
    gates.advance(cursor, writes.due, now=now, jitter_s=jitter_s)
    gates.refresh(cursor, writes.touched, now=now, jitter_s=jitter_s)
    outbox.enqueue(cursor, [*writes.outbox, *writes.sender_results])
    gates.wake(cursor, {key[0] for key, due in writes.due.items() if due <= at})


def _tell_again(cursor: Cursor, rows: Sequence[ToldAgainRow]) -> None:
    """One statement for all of them; after the events, which they may name."""
    if rows:
        names = [name for name in ToldAgainRow.__struct_fields__ if name != "differences"]
        columns = {f"{name}s": [getattr(row, name) for row in rows] for name in names}
        columns["differences"] = [_encode(row.differences).decode() for row in rows]
        cursor.execute(_INTAKE["add_told_again"], columns)


def _dispute(cursor: Cursor, writes: Writes, at: datetime) -> None:
    """Row by row: one batch may hold a dispute and its end."""
    for dispute in writes.disputes:
        name = "open_dispute" if dispute.outcome is None else "close_dispute"
        cursor.execute(_PAYMENT_STATES[name], msgspec.structs.asdict(dispute) | {"now": at})


def _resolve(cursor: Cursor, resolutions: Sequence[Resolution]) -> None:
    """Events that waited get their status and the plan that decided, in the order in which they moved."""
    for resolution in resolutions:
        identity, status = resolution.writeback.identity, resolution.status
        key = {
            "practice_id": identity.practice_id,
            "source": identity.source,
            "event_id": identity.event_id,
        }
        cursor.execute(
            _INTAKE["resolve_event"],
            key
            | {
                "waiting": status.waiting,
                "reason": status.reason,
                "applied": status.applied,
                "settings_version": status.settings_version,
                "resolved": status.waiting is None,
                "ended_as": status.ended_as,
                "concerns": resolution.concerns,
                "now": resolution.at,
            },
        )
        cursor.execute(_INTAKE["replace_plan"], key | {"plan": plan_bytes(resolution.writeback)})


def _patients(cursor: Cursor, records: Sequence[PatientRecord]) -> None:
    """Receipts of patients' records (law 11), and nothing else of them: one statement."""
    if records:
        cursor.execute(
            _INTAKE["add_patient_receipts"],
            {
                "practice_ids": [each.practice_id for each in records],
                "topic_ids": [each.at.topic_id for each in records],
                "parts": [each.at.part for each in records],
                "offs": [each.at.off for each in records],
                "verdicts": [Verdict.FIRST if each.reason is None else Verdict.DEAD_LETTER for each in records],
                "sources": [each.source for each in records],
                "event_ids": [each.event_id for each in records],
            },
        )

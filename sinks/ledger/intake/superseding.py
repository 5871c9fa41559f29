"""Records that change what an earlier event planned; each is taken in a transaction of its own (law 2, B-5)."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from schemas.codec import decode_event
from schemas.events import PaymentSucceeded
from schemas.topics import TopicName
from schemas.vocabulary import SKIPPED, UNTOUCHED, DecisionReason, EntryKind, State, Target, Verdict
from sinks.ledger import gates
from sinks.ledger.intake.decide_batch import BatchDecision
from sinks.ledger.intake.duplicates import Finding, Stored
from sinks.ledger.intake.payment_key import told_by
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import OutboxMessage, result_message
from streams.fault_injection import Control, disabled

_SQL: Final = named_queries("sinks.ledger.intake")

Cursor = psycopg.Cursor[TupleRow]


def take_alone(cursor: Cursor, deciding: BatchDecision, record: Record) -> None:
    """Take the first record of a batch, which looks at rows that the bulk path does not read. Locks are held."""
    deciding.writes.taken = 1
    if not isinstance(record, Decided):
        return
    writeback = record.writeback
    finding, stored = deciding.find(writeback)
    if (
        stored is not None
        and finding is Finding.MEMBERS_NAMED
        and _replace(cursor, deciding, stored, by=writeback.identity.event_id)
    ):
        told = told_by(writeback)
        if told is not None:
            deciding.linking.forget(told, stored.event_id)
        deciding.first(writeback)
        return
    deciding.receipt(writeback, Verdict.DUPLICATE)
    if disabled(Control.RESOLVE_ONCE):
        # The control of law 2: a later plan adds what the first one did not have.
        key = _key(stored.practice_id, stored.source, stored.event_id) if stored is not None else {}
        there = cursor.execute(_SQL["effect_keys_of"], key).fetchall()
        deciding.effects(writeback, but=frozenset(there))


def _replace(cursor: Cursor, deciding: BatchDecision, first: Stored, *, by: str) -> bool:
    """Void what the bare payment planned, if it named no members and nothing of it was sent or may have been (B-5).

    Not where a reversal hangs on it already: that has its parts.
    """
    key = _key(first.practice_id, first.source, first.event_id)
    body = cursor.execute(_SQL["body_of"], key).fetchone()
    if body is None:
        return False
    told = decode_event(TopicName.PAYMENTS, bytes(body[0]))
    if not isinstance(told, PaymentSucceeded) or told.splits:
        return False
    effects = cursor.execute(_SQL["replaceable"], key).fetchall()
    if any(State(row[1]) not in UNTOUCHED or row[3] or row[4] or row[10] for row in effects):
        return False
    open_ones = [row for row in effects if State(row[1]) not in SKIPPED]
    cursor.execute(
        _SQL["void_effects"],
        {
            "practice_id": first.practice_id,
            "effect_ids": [row[0] for row in open_ones],
            "now": deciding.facts.now,
        },
    )
    cursor.execute(_SQL["supersede"], key | {"by": by, "now": deciding.facts.now})
    deciding.facts.known.forget(first)
    if first.waiting is not None:
        deciding.writes.outbox.append(_voided_event(deciding, first))
    for row in open_ones:
        deciding.writes.outbox.append(_voided(deciding, first, row))
    touched = [(first.practice_id, row[2]) for row in open_ones if row[2] is not None]
    gates.refresh(cursor, touched, now=deciding.facts.now, jitter_s=deciding.policy.jitter_s)
    return True


def _voided(deciding: BatchDecision, first: Stored, row: Any) -> OutboxMessage:
    return result_message(
        practice_id=first.practice_id,
        source=first.source,
        event_id=first.event_id,
        subject=first.subject,
        state=State.VOIDED_BEFORE_POST,
        target=Target(row[5]),
        entry_kind=EntryKind(row[6]),
        part=row[7],
        reason=DecisionReason.BOOKED_ELSEWHERE,
        amount_minor=row[8],
        currency=row[9],
        changed_at=deciding.facts.now,
    )


def _voided_event(deciding: BatchDecision, first: Stored) -> OutboxMessage:
    """An event that still waited has no effects: its own state is what changes."""
    return result_message(
        practice_id=first.practice_id,
        source=first.source,
        event_id=first.event_id,
        subject=first.subject,
        state=State.VOIDED_BEFORE_POST,
        reason=DecisionReason.BOOKED_ELSEWHERE,
        changed_at=deciding.facts.now,
    )


def _key(practice_id: str, source: str, event_id: str) -> dict[str, str]:
    return {"practice_id": practice_id, "source": source, "event_id": event_id}

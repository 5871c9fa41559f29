"""Records that change what an earlier event planned; each is taken in a transaction of its own (law 2, B-5)."""

from __future__ import annotations

from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import decode_event
from schemas.events import PaymentSucceeded
from schemas.topics import TopicName
from schemas.vocabulary import SKIPPED, UNTOUCHED, DecisionReason, State, Verdict
from sinks.ledger.effect_moves import move_of
from sinks.ledger.intake.decide_batch import BatchDecision
from sinks.ledger.intake.duplicates import Finding, Stored
from sinks.ledger.intake.payment_key import told_by
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import event_result
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.unit_of_work import UnitOfWork
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


class _Planned(msgspec.Struct, frozen=True):
    """An effect of the first event. `is_origin`: an effect of another event depends on it."""

    effect_id: int
    is_origin: bool


def _replace(cursor: Cursor, deciding: BatchDecision, first: Stored, *, by: str) -> bool:
    """Void what the bare payment planned, if it named no members and nothing of it was sent or may have been (B-5).

    Not where a reversal hangs on it already: that has its parts.
    """
    key = _key(first.practice_id, first.source, first.event_id)
    original = fetch_value(cursor, _SQL["body_of"], key)
    if original is None:
        return False
    told = decode_event(TopicName.PAYMENTS, original)
    if not isinstance(told, PaymentSucceeded) or told.splits:
        return False
    planned = fetch_all(cursor, _Planned, _SQL["planned_effects"], key)
    now, jitter_s = deciding.facts.now, deciding.policy.jitter_s
    unit = UnitOfWork(cursor, first.practice_id, now=now, jitter_s=jitter_s)
    effects = unit.lock_effects([each.effect_id for each in planned]) if planned else []
    touched = any(each.state not in UNTOUCHED or each.look_first or each.attempts for each in effects)
    if touched or any(each.is_origin for each in planned):
        return False
    reason = DecisionReason.BOOKED_ELSEWHERE
    unit.move([move_of(each, State.VOIDED_BEFORE_POST, reason=reason) for each in effects if each.state not in SKIPPED])
    cursor.execute(_SQL["supersede"], key | {"by": by, "now": now})
    deciding.facts.known.forget(first)
    if first.waiting is not None:
        # It has no effects: its own state is what changes.
        unit.publish(event_result(first, State.VOIDED_BEFORE_POST, at=now, reason=reason))
    unit.finish()
    return True


def _key(practice_id: str, source: str, event_id: str) -> dict[str, str]:
    return {"practice_id": practice_id, "source": source, "event_id": event_id}

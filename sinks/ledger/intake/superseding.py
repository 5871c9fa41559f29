"""Replaces a bare payment by its membership, which names the members; a transaction of its own (law 2, B-5)."""

from __future__ import annotations

from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.codec import decode_event
from schemas.events import PaymentSucceeded
from schemas.topics import TopicName
from schemas.vocabulary import SKIPPED, UNTOUCHED, DecisionReason, State, Verdict
from schemas.writebacks import Writeback
from sinks.ledger.effect_moves import lock_effects, move_of
from sinks.ledger.intake.decide_batch import BatchDecision
from sinks.ledger.intake.duplicates import Finding, StoredEvent
from sinks.ledger.intake.payment_key import reported_key
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import event_result
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from sinks.ledger.unit_of_work import UnitOfWork
from streams.fault_injection import Control, disabled

_SQL: Final = named_queries("sinks.ledger.intake")

Cursor = psycopg.Cursor[TupleRow]


def take_alone(cursor: Cursor, decision: BatchDecision, record: Record) -> None:
    """Take the first record of a batch, which needs rows that the bulk path does not read. Locks are held."""
    decision.writes.taken = 1
    if not isinstance(record, Decided):
        return
    writeback = record.writeback
    finding, stored = decision.find(writeback)
    if (
        stored is not None
        and finding is Finding.MEMBERS_NAMED
        and _replace(cursor, decision, stored, by=writeback.identity.event_id)
    ):
        key = reported_key(writeback)
        if key is not None:
            decision.events.supersede(key, stored.event_id)
        decision.first(writeback)
        return
    decision.receipt(writeback, Verdict.DUPLICATE)
    if disabled(Control.RESOLVE_ONCE):
        _add_missing_entries(cursor, decision, writeback, stored)


def _add_missing_entries(
    cursor: Cursor, decision: BatchDecision, writeback: Writeback, stored: StoredEvent | None
) -> None:
    """What the control of law 2 lets happen: a later plan adds what the first one did not have."""
    effects: list[LockedEffect] = []
    if stored is not None:
        planned = fetch_all(cursor, _Planned, _SQL["planned_effects"], _key(stored))
        effects = lock_effects(cursor, stored.practice_id, [each.effect_id for each in planned])
    there = {(each.target, each.entry_kind, each.part) for each in effects}
    entries = writeback.decision.effects
    missing = (each for each in entries if (each.target, each.entry_kind, each.part) not in there)
    decision.events.add_entries(writeback, tuple(missing))


class _Planned(msgspec.Struct, frozen=True):
    """An effect of the first event. `is_origin`: an effect of another event depends on it."""

    effect_id: int
    is_origin: bool


def _replace(cursor: Cursor, decision: BatchDecision, first: StoredEvent, *, by: str) -> bool:
    """Void what the bare payment planned, if it named no members and nothing of it was sent or may have been (B-5).

    Not where a reversal depends on it already: that has its parts.
    """
    key = _key(first)
    original = fetch_value(cursor, _SQL["body_of"], key)
    if original is None:
        return False
    event = decode_event(TopicName.PAYMENTS, original)
    if not isinstance(event, PaymentSucceeded) or event.splits:
        return False
    planned = fetch_all(cursor, _Planned, _SQL["planned_effects"], key)
    now, jitter_s = decision.context.now, decision.policy.jitter_s
    unit = UnitOfWork(cursor, first.practice_id, now=now, jitter_s=jitter_s)
    effects = unit.lock_effects([each.effect_id for each in planned]) if planned else []
    touched = any(each.state not in UNTOUCHED or each.look_first or each.attempts for each in effects)
    if touched or any(each.is_origin for each in planned):
        return False
    reason = DecisionReason.BOOKED_ELSEWHERE
    unit.move([move_of(each, State.VOIDED_BEFORE_POST, reason=reason) for each in effects if each.state not in SKIPPED])
    cursor.execute(_SQL["supersede"], key | {"by": by, "now": now})
    decision.context.known.forget(first)
    if first.waiting is not None:
        # It has no effects: its own state is what changes.
        unit.publish(event_result(first, State.VOIDED_BEFORE_POST, at=now, reason=reason))
    unit.finish()
    return True


def _key(stored: StoredEvent) -> dict[str, str]:
    return {"practice_id": stored.practice_id, "source": stored.source, "event_id": stored.event_id}

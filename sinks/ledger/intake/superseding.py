"""Replaces a report of a payment by one that says more, such as a membership with its members; a transaction of its own
(law 2, B-5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.payment_state import PaymentState
from schemas.events import Event, MembershipPaid
from schemas.vocabulary import UNTOUCHED, DecisionReason, State, Verdict
from schemas.writebacks import Writeback
from sinks.ledger.effect_moves import lock_effects
from sinks.ledger.intake.decide_batch import BatchDecision
from sinks.ledger.intake.duplicates import Finding, Match, StoredEvent
from sinks.ledger.intake.payment_key import PaymentKey, event_of, reported_key
from sinks.ledger.intake.read_context import read_context
from sinks.ledger.intake.records import Decided, Record
from sinks.ledger.intake.writes import Writes
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import event_result
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_all
from streams.fault_injection import Control, disabled

_SQL: Final = named_queries("sinks.ledger.intake")

Cursor = psycopg.Cursor[TupleRow]


def take_alone(
    cursor: Cursor, decision: BatchDecision, record: Record, seqs: Mapping[str, int], now: datetime | None
) -> Writes:
    """Take the first record of a batch, which needs rows that the bulk path does not read. Locks are held."""
    decision.writes.taken = 1
    if not isinstance(record, Decided):
        return decision.writes
    writeback = record.writeback
    match = decision.find(writeback)
    key = reported_key(writeback)
    if match.finding is Finding.SAYS_MORE and match.stored is not None and key is not None:
        context = read_context(cursor, [record], seqs, now, also={key})
        alone = BatchDecision(context, decision.policy)
        alone.writes.taken = 1
        alone.told_again(writeback, match)
        if _may_replace(event_of(writeback), context.payments.state(key)):
            _replace(cursor, alone, match.stored, writeback, key)
        else:
            alone.receipt(writeback, Verdict.DUPLICATE)
        return alone.writes
    decision.receipt(writeback, Verdict.DUPLICATE)
    if disabled(Control.RESOLVE_ONCE):
        _add_missing_entries(cursor, decision, writeback, match)
    return decision.writes


def _may_replace(event: Event, state: PaymentState) -> bool:
    """Members, and a fee, are worth a correction of what was sent. A membership that names no members is only as long
    as nothing was sent, or may have been, and nothing follows it."""
    if not isinstance(event, MembershipPaid) or event.members:
        return True
    untouched = all(each.state in UNTOUCHED and not each.look_first for each in state.entries)
    return untouched and all(each.waiting is not None for each in state.follow_ups)


def _replace(
    cursor: Cursor, decision: BatchDecision, first: StoredEvent, writeback: Writeback, key: PaymentKey
) -> None:
    """The later report corrects the first, posted or not (E-11): unsent entries are voided, sent ones reversed."""
    now = decision.context.now
    by = {"practice_id": first.practice_id, "source": first.source, "event_id": first.event_id}
    cursor.execute(_SQL["supersede"], by | {"by": writeback.identity.event_id, "now": now})
    if first.waiting is not None:
        # It has no effects: its own state is what changes.
        reason = DecisionReason.BOOKED_ELSEWHERE
        decision.writes.outbox.append(event_result(first, State.VOIDED_BEFORE_POST, at=now, reason=reason))
    decision.events.supersede(key)
    decision.first(writeback)


def _add_missing_entries(cursor: Cursor, decision: BatchDecision, writeback: Writeback, match: Match) -> None:
    """What the control of law 2 lets happen: a later plan adds what the first one did not have."""
    effects: list[LockedEffect] = []
    stored = match.stored
    if stored is not None:
        key = {"practice_id": stored.practice_id, "source": stored.source, "event_id": stored.event_id}
        planned = fetch_all(cursor, _Planned, _SQL["planned_effects"], key)
        effects = lock_effects(cursor, stored.practice_id, [each.effect_id for each in planned])
    there = {(each.target, each.entry_kind, each.part) for each in effects}
    entries = writeback.decision.effects
    missing = (each for each in entries if (each.target, each.entry_kind, each.part) not in there)
    decision.events.add_entries(writeback, tuple(missing))


class _Planned(msgspec.Struct, frozen=True):
    """An effect of the first event."""

    effect_id: int

"""An original ended without our post: what hangs on it ends alike or becomes a person's (R-14, PROTOCOL section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import (
    ENDED_UNPOSTED,
    PENDING,
    SKIPPED,
    DecisionReason,
    EntryKind,
    State,
    Target,
)
from sinks.ledger import gates, outbox
from sinks.ledger.named_queries import named_queries

_WAITING: Final = named_queries("sinks.ledger.waiting")
_GATES: Final = named_queries("sinks.ledger", "gates.sql")

Cursor = psycopg.Cursor[TupleRow]


def follow_originals(
    cursor: Cursor, practice_id: str, effect_ids: Iterable[int], *, now: datetime, jitter_s: int
) -> int:
    """Let follow what depends on effects that this transaction just ended; returns how many moved. Blocks.

    For whatever ends an effect by hand, recording or dismissing (`writeback entries`). The caller holds the practice's
    lock. 1. the gates. 2. level by level: parts of the original's own plan take its state; reversals, open
    still, become AWAITING_MANUAL_POST and depend on nobody (R-14). What is in doubt, or to be looked up, stays. 3.
    results. 4. the gates' next time. Raises ValueError for an original that has not ended.
    """
    gates.lock(cursor, _gates(cursor, practice_id))
    rows: list[Any] = []
    level = sorted(set(effect_ids))
    while level:
        found = cursor.execute(_WAITING["hanging_on"], {"practice_id": practice_id, "effect_ids": level}).fetchall()
        moves = [(row, state) for row in found if (state := _follows(row)) is not None]
        if moves:
            _move(cursor, practice_id, moves, now)
        rows += moves
        level = sorted(row[0] for row, state in moves if state in ENDED_UNPOSTED)
    outbox.enqueue(cursor, [_result(practice_id, row, state, now) for row, state in rows])
    touched = {(practice_id, row[4]) for row, _ in rows if row[4] is not None}
    gates.refresh(cursor, touched, now=now, jitter_s=jitter_s)
    return len(rows)


def _follows(row: TupleRow) -> State | None:
    """The state to go to; None = it stays."""
    state, same_plan, original = State(row[1]), bool(row[2]), State(row[3])
    if original not in ENDED_UNPOSTED:
        raise ValueError(f"an original that is {original} has not ended")
    if state not in PENDING:
        return None
    if same_plan and original not in SKIPPED:
        return None if original is State.VOIDED_BEFORE_POST and row[5] else original
    return State.AWAITING_MANUAL_POST if state is not State.AWAITING_MANUAL_POST or row[6] is not None else None


def _move(cursor: Cursor, practice_id: str, moves: list[tuple[TupleRow, State]], now: datetime) -> None:
    cursor.execute(
        _WAITING["follow"],
        {
            "practice_id": practice_id,
            "effect_ids": [row[0] for row, _ in moves],
            "states": [state.value for _, state in moves],
            "reason": DecisionReason.ORIGINAL_NOT_POSTED.value,
            "now": now,
        },
    )


def _gates(cursor: Cursor, practice_id: str) -> list[gates.GateKey]:
    rows = cursor.execute(_GATES["gates_of"], {"practice_id": practice_id}).fetchall()
    return [(practice_id, row[0]) for row in rows]


def _result(practice_id: str, row: TupleRow, state: State, now: datetime) -> outbox.OutboxMessage:
    source, event_id, subject, target, entry_kind, part, reason, amount_minor, currency = row[7:16]
    by_hand = state is State.AWAITING_MANUAL_POST
    return outbox.result_message(
        practice_id=practice_id,
        source=source,
        event_id=event_id,
        subject=subject,
        state=state,
        target=Target(target),
        entry_kind=EntryKind(entry_kind),
        part=part,
        reason=DecisionReason.ORIGINAL_NOT_POSTED if by_hand else DecisionReason(reason),
        amount_minor=amount_minor,
        currency=currency,
        changed_at=now,
    )

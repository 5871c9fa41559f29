"""A fact changed: effects that waited for it move on, under the practice's lock (law 8, PROTOCOL section 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from processors.rules.lifecycle.waiting_state import first_unmet, needs_link, said_reason, stops_for_master
from schemas.vocabulary import DecisionReason, EntryKind, State, Target
from sinks.ledger import gates, outbox
from sinks.ledger.named_queries import named_queries

_PRACTICES: Final = named_queries("sinks.ledger.practices")
_WAITING: Final = named_queries("sinks.ledger.waiting")
_EFFECTS: Final = named_queries("sinks.ledger", "effects.sql")

Cursor = psycopg.Cursor[TupleRow]


def lock(cursor: Cursor, practice_id: str) -> bool:
    """Lock the practice's row; False when there is none. Blocks while another writer of its ledger is at work."""
    return cursor.execute(_PRACTICES["lock_practice"], {"practice_id": practice_id}).fetchone() is not None


def recompute(
    cursor: Cursor, practice_id: str, *, now: datetime | None, jitter_s: int, patient_ref: str | None = None
) -> int:
    """Give what waits for a link, the master switch or its connection its first unmet condition; returns how many
    changed.

    The caller holds the practice's lock and made its change in an earlier statement.
    1. lock the gates. 2. lock and read the effects. 3. recompute, pure. 4. write, with results. 5. refresh the gates.
    """
    who = {"practice_id": practice_id, "patient_ref": patient_ref}
    keys = [(practice_id, row[0]) for row in cursor.execute(_WAITING["gates_to_recompute"], who).fetchall()]
    if not keys:
        return 0
    gates.lock(cursor, keys)
    rows = cursor.execute(_WAITING["effects_to_recompute"], who).fetchall()
    paused = not master_on(cursor, practice_id, now)
    moved = [(row, state) for row in rows if (state := _state(row, paused)) != row[1] or _is_back(row)]
    if not moved:
        return 0
    at = moment(cursor, now)
    cursor.execute(
        _WAITING["set_states"],
        {
            "practice_id": practice_id,
            "effect_ids": [row[0] for row, _ in moved],
            "states": [str(state) for _, state in moved],
            "was": [row[1] for row, _ in moved],
            "over": [_is_back(row) for row, _ in moved],
            "now": at,
        },
    )
    outbox.enqueue(cursor, [_result(practice_id, row, state, at) for row, state in moved if state != State.SCHEDULED])
    gates.refresh(cursor, keys, now=now, jitter_s=jitter_s)
    return len(moved)


def master_on(cursor: Cursor, practice_id: str, now: datetime | None) -> bool:
    """The switch as it is now (law 24). Without settings nothing was decided, so nothing is paused."""
    found = cursor.execute(_WAITING["master_now"], {"practice_id": practice_id, "now": now}).fetchone()
    return found is None or bool(found[0])


def moment(cursor: Cursor, now: datetime | None) -> datetime:
    """Business time now, by the wall clock: after the wait for a lock, not before it."""
    ((at,),) = cursor.execute(_EFFECTS["moment"], {"now": now}).fetchall()
    instant: datetime = at
    return instant


def _is_back(row: Any) -> bool:
    """It waited for its connection, which the practice has again (R-6: no other may take what follows an entry)."""
    return row[9] == DecisionReason.CONNECTION_REPLACED.value and bool(row[17])


def _state(row: Any, paused: bool) -> State:
    target = Target(row[3])
    gone = row[9] == DecisionReason.CONNECTION_REPLACED.value and not row[17]
    return first_unmet(
        tuple(State(hold) for hold in row[2]),
        needs_link=needs_link(target, office_level=bool(row[15])),
        linked=bool(row[14]),
        paused=gone or (paused and stops_for_master(target, EntryKind(row[7]))),
    )


def _result(practice_id: str, row: Any, state: State, at: datetime) -> outbox.OutboxMessage:
    return outbox.result_message(
        practice_id=practice_id,
        source=row[5],
        event_id=row[6],
        subject=row[13],
        state=state,
        target=Target(row[3]),
        entry_kind=EntryKind(row[7]),
        part=row[8],
        reason=said_reason(state, DecisionReason(row[16] if _is_back(row) and row[16] else row[9])),
        settings_version=row[10],
        amount_minor=row[11],
        currency=row[12],
        changed_at=at,
    )

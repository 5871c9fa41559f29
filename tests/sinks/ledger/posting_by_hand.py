"""What a poster or a person does to effects, by the transitions alone: no target, no waiting (PROTOCOL section 3)."""

from __future__ import annotations

from tests.sinks.ledger.ledger_fixture import LedgerDatabase

_NEXT = """
SELECT e.effect_id, e.entry_kind FROM effects e
WHERE e.practice_id = %s AND is_ready(e.state) AND e.due_at <= %s
  AND (e.depends_on IS NULL OR EXISTS (SELECT FROM effects o
       WHERE o.practice_id = e.practice_id AND o.effect_id = e.depends_on AND o.state = 'POSTED'))
  AND NOT EXISTS (SELECT FROM effects o WHERE o.practice_id = e.practice_id AND o.connection_id = e.connection_id
       AND o.lane = e.lane AND is_in_doubt(o.state))
ORDER BY e.effect_id LIMIT 1
"""


def next_due(database: LedgerDatabase, practice_id: str) -> tuple[int, str] | None:
    """The next effect that may be sent, and its kind; None when there is none now."""
    found = database.rows(_NEXT, practice_id, database.clock.instant)
    return (found[0][0], found[0][1]) if found else None


def post_what_is_due(database: LedgerDatabase, practice_id: str, most: int = 1000) -> int:
    """Post, in order, whatever may be sent now, each with an external id of its own; answers how many."""
    for count in range(most):
        found = next_due(database, practice_id)
        if found is None:
            return count
        effect_id, kind = found
        begin_sending(database, practice_id, effect_id)
        answered(database, practice_id, effect_id, f"{kind}/{effect_id}")
    return most


def begin_sending(database: LedgerDatabase, practice_id: str, effect_id: int) -> None:
    """The mark."""
    database.connection.execute(
        "UPDATE effects SET state = 'SENDING', epoch = 1, sent_at = %s, attempts = attempts + 1"
        " WHERE practice_id = %s AND effect_id = %s AND is_ready(state)",
        (database.clock.instant, practice_id, effect_id),
    )


def answered(database: LedgerDatabase, practice_id: str, effect_id: int, external_id: str) -> None:
    """A positive answer."""
    database.connection.execute(
        "UPDATE effects SET state = 'POSTED', external_id = %s, posted_at = %s, changed_at = %s"
        " WHERE practice_id = %s AND effect_id = %s",
        (external_id, database.clock.instant, database.clock.instant, practice_id, effect_id),
    )


def record_by_hand(database: LedgerDatabase, practice_id: str) -> int:
    """A named person records everything that waits for one."""
    return database.connection.execute(
        "UPDATE effects SET state = 'RECORDED_MANUALLY', changed_at = %s"
        " WHERE practice_id = %s AND state = 'AWAITING_MANUAL_POST'",
        (database.clock.instant, practice_id),
    ).rowcount

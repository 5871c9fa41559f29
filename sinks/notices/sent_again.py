"""What was dead and was sent again: whether it is still under way, and how much of it failed again (law 26)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_value_async
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.problems import dead_letter_reason
from streams.fault_injection import Control, disabled

SETTLING: Final = timedelta(minutes=5)
"""A record that is sent again is stored or dead again within seconds; after this long nothing of it waits."""

_SQL: Final = named_queries("sinks.notices", "sent_again.sql")
_KINDS: Final = frozenset({CauseKind.RECORD, CauseKind.POSTING})
"""Only what is dead is sent again."""


class FailedAgain(msgspec.Struct, frozen=True):
    state: State | None
    reason: str
    count: int


async def is_under_way(
    connection: psycopg.AsyncConnection[TupleRow], practice_id: str, cause: Cause, now: datetime | None
) -> bool:
    """Whether a cause that is not open any more may come back: what was sent again has not ended. One statement.

    Entries are asked by their target, whatever they failed of: their reason is gone once they are on their way. A
    practice learns of the end a little later for it, and never of one that was none.
    """
    if cause.kind not in _KINDS or disabled(Control.SENT_AGAIN):
        return False
    parameters = _parameters(practice_id, cause) | {"settling": SETTLING, "now": now}
    return bool(await fetch_value_async(connection, _SQL["under_way"], parameters))


async def failed_again(connection: psycopg.AsyncConnection[TupleRow], practice_id: str, cause: Cause) -> int:
    """How many of those that are open for a cause were sent again before. One statement."""
    if cause.kind not in _KINDS:
        return 0
    found = await fetch_all_async(connection, FailedAgain, _SQL["failed_again"], _parameters(practice_id, cause))
    return sum(each.count for each in found if dead_letter_reason(each.state, each.reason) is cause.reason)


def _parameters(practice_id: str, cause: Cause) -> dict[str, Any]:
    return {
        "practice_id": practice_id,
        "entries": cause.kind is CauseKind.POSTING,
        "target": cause.target,
        "reason": cause.reason.value,
    }

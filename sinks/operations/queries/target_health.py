"""How practices' targets stand, as HEALTH stated it last (law 27)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from schemas.vocabulary import AnswerClass, HealthState, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.settings.settings_file import checked_id
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.practices import practice_shown
from sinks.operations.roles import View
from sinks.operations.viewing import sees

_SQL: Final = named_queries("sinks.operations.queries", "target_health.sql")


class StatedHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One target of a practice."""

    practice_id: str
    target: Target
    state: HealthState
    since: datetime
    attempts: int
    failed: int
    failure: AnswerClass | None
    slow: int
    last_answered_at: datetime | None
    last_failed_at: datetime | None
    posted: int
    dead: int
    stated_at: datetime
    known: bool
    """False: it was not repeated three times, so that nobody knows how the target stands now."""


@sees(View.HEALTH, practice="practice")
def stated_health(
    ledger: Ledger, practice: str | None, most: int, *, unhealthy: bool = False
) -> tuple[StatedHealth, ...]:
    """Of one practice, or of all; `unhealthy`: only those that are not well. Blocks for two statements.
    ConfigurationError for an unknown practice."""
    if practice is not None:
        practice_shown(ledger.connection, checked_id("PRACTICE", practice))
    query = "unhealthy_states" if unhealthy and practice is None else "states"
    found = fetch_all(
        ledger.connection, StatedHealth, _SQL[query], {"practice_id": practice, "after": "", "most": most}
    )
    return tuple(each for each in found if not unhealthy or each.state is not HealthState.HEALTHY)

"""Reads which targets are not well (law 27), and says nothing twice: one cause is one notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import AnswerClass, AttentionReason, HealthState, Target
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.schedule import Problem
from sinks.operations.words.health import failures_words
from streams.runtime.times import HealthTimes

_SQL: Final = named_queries("sinks.notices", "target_health.sql")
REASONS: Final = {
    HealthState.DEGRADED: AttentionReason.TARGET_DEGRADED,
    HealthState.FAILING: AttentionReason.TARGET_FAILING,
    HealthState.OFFLINE: AttentionReason.TARGET_OFFLINE,
    HealthState.NEEDS_RECONNECT: AttentionReason.TARGET_NEEDS_RECONNECT,
}
_SAYS_IT: Final = frozenset({CauseKind.CONNECTION, CauseKind.POSTING})
"""Notices about what failed at a target: they say more than its state."""

Problems = dict[tuple[str, str], Problem]


class _Unhealthy(msgspec.Struct, frozen=True):
    """A target that is not known to be well, and how that stands in notices."""

    practice_id: str
    target: Target
    state: HealthState
    since: datetime
    attempts: int
    failed: int
    failure: AnswerClass | None
    slow: int
    told_as: AttentionReason | None
    """The reason of its open notice, which it keeps until all is well: one cause is one notice, from open to closed."""
    connection_told: bool
    """A notice of its closed connection is open."""
    lags: bool | None
    """It may be that of before a repair: nothing failed since, or it had no time yet to follow."""


async def with_health_problems(
    connection: psycopg.AsyncConnection[TupleRow],
    problems: Problems,
    waits: frozenset[str],
    times: HealthTimes,
    now: datetime | None,
) -> Problems:
    """`problems` with those of health. `waits`: reasons of closed connections that need no person at once. `now` None =
    the database's clock. One statement."""
    rows = await fetch_all_async(connection, _Unhealthy, _SQL["unhealthy"], {"now": now, "follows_s": follows_s(times)})
    return joined(problems, rows, waits)


def follows_s(times: HealthTimes) -> float:
    """How long a state may take to follow what happens at its target: a window without failures, a look, and as long
    again as a statement may be late. Pure."""
    return times.short_panes * times.pane_s + times.look_s + times.repeat_s


def joined(problems: Mapping[tuple[str, str], Problem], rows: list[_Unhealthy], waits: frozenset[str]) -> Problems:
    """1. A state opens no notice where one of its connection or its entries says so already, or did until now. 2. A
    connection that is away opens none where the state's notice is open. Pure."""
    found = dict(problems)
    told: dict[tuple[str, Target | None], set[CauseKind]] = {}
    for problem in problems.values():
        told.setdefault((problem.practice_id, problem.cause.target), set()).add(problem.cause.kind)
    for row in rows:
        said = told.get((row.practice_id, row.target), set()) & _SAYS_IT
        if row.told_as is None and (said or row.lags):
            continue
        if row.told_as is not None and not row.connection_told:
            found = {key: each for key, each in found.items() if not _is_wait(each, row, waits)}
        if (unwell := _problem(row)) is not None:
            found[unwell.practice_id, unwell.cause.key] = unwell
    return found


def _is_wait(problem: Problem, row: _Unhealthy, waits: frozenset[str]) -> bool:
    mine = (problem.practice_id, problem.cause.target) == (row.practice_id, row.target)
    return mine and problem.cause.kind is CauseKind.CONNECTION and problem.cause.reason.value in waits


def _problem(row: _Unhealthy) -> Problem | None:
    reason = row.told_as or REASONS.get(row.state)
    if reason is None:
        return None
    return Problem(
        practice_id=row.practice_id,
        cause=Cause(CauseKind.HEALTH, row.target, reason),
        count=1,
        oldest_at=row.since,
        details=(failures_words(row.attempts, row.failed, row.failure, row.slow),),
    )

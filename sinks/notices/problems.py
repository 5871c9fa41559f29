"""Reads from the ledger what is wrong now (law 26): the only source of notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import ConnectionReason, DeadLetterReason, State, Target
from sinks.ledger.gauges.open_work import LATELY
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async
from sinks.notices.cases import SHOWN, Case
from sinks.notices.causes import Cause, CauseKind, Reason, reason_of
from sinks.notices.health_problems import with_health_problems
from sinks.notices.payout_problems import payout_problems
from sinks.notices.schedule import Problem
from streams.runtime.times import HealthTimes

UNSETTLED: Final = timedelta(minutes=30)
"""A read-back settles a doubt within minutes of `settle_until`; after this long a person should know (NOT-4)."""
DOWN_FOR: Final = timedelta(minutes=60)
"""A connection that is away for less is a wait, not news (G7)."""
AT_ONCE: Final = frozenset(
    {ConnectionReason.NEEDS_RECONNECT, ConnectionReason.SUBSCRIPTION_ENDED, ConnectionReason.WRONG_COMPANY}
)
"""Closed until a person acts: waiting would only lose time."""
WAITS: Final = frozenset(reason.value for reason in ConnectionReason) - {reason.value for reason in AT_ONCE}
"""Closed until the target answers again."""
ORIGINAL_BY: Final = timedelta(hours=24)
"""Producers of one payment system differ by minutes; a refund whose payment is a day away has lost it (R-8)."""
FEE_BY: Final = timedelta(hours=72)
"""Interchange is known with the settlement, two banking days as a rule (N-5)."""
UNKNOWN_BY: Final = timedelta(hours=1)
"""A practice that is being added is known within minutes; an id that nobody knows for so long is a mistake."""
NEWS_FOR: Final = timedelta(hours=24)
"""An event without an end of its own is open for a day, so that more of the same are one bundle."""

_SQL = named_queries("sinks.notices")
_BY_STATE: Final = {
    State.INVALID_CONFIG: DeadLetterReason.MAPPING_INVALID,
    State.BLOCKED_PERIOD: DeadLetterReason.PERIOD_CLOSED,
    State.REJECTED: DeadLetterReason.REFUSED_BY_TARGET,
    State.DEAD_LETTERED: DeadLetterReason.RETRIES_SPENT,
    State.UNCERTAIN: DeadLetterReason.OUTCOME_UNKNOWN,
}
"""Words for an effect whose reason is not one of a dead letter: no dead letter stays without a notice (I6)."""


class OpenRow(msgspec.Struct, frozen=True):
    """A row of the query: what is open at one practice for one reason."""

    kind: CauseKind
    practice_id: str
    target: Target | None
    state: State | None
    reason: str
    count: int
    oldest_at: datetime
    dependents: int
    code: str | None
    answer_by: datetime | None
    cases: tuple[Case, ...] | None


async def open_problems(
    connection: psycopg.AsyncConnection[TupleRow],
    now: datetime | None,
    times: HealthTimes,
    *,
    widely: bool = False,
) -> dict[tuple[str, str], Problem]:
    """Every open problem by (practice, cause key). `now` None = the database's clock. `widely`: so many practices are
    silent that only the operator is told. Four statements."""
    parameters = {
        "now": now,
        "unsettled": UNSETTLED,
        "down_for": DOWN_FOR,
        "at_once": [reason.value for reason in AT_ONCE],
        "original_by": ORIGINAL_BY,
        "fee_by": FEE_BY,
        "news_for": NEWS_FOR,
        "most_cases": SHOWN,
        "unknown_by": UNKNOWN_BY,
        "widely": widely,
        "lately": LATELY,
    }
    found: dict[tuple[str, str], Problem] = {}
    for row in await fetch_all_async(connection, OpenRow, _SQL["problems"], parameters):
        problem = _problem(row)
        key = (problem.practice_id, problem.cause.key)
        found[key] = _joined(found[key], problem) if key in found else problem
    for problem in await payout_problems(connection, now, NEWS_FOR):
        found[problem.practice_id, problem.cause.key] = problem
    return await with_health_problems(connection, found, WAITS, times, now)


def _problem(row: OpenRow) -> Problem:
    return Problem(
        practice_id=row.practice_id,
        cause=Cause(row.kind, row.target, _reason(row)),
        count=row.count,
        oldest_at=row.oldest_at,
        dependents=row.dependents,
        vendor_code=row.code,
        answer_by=row.answer_by,
        cases=row.cases or (),
    )


def _reason(row: OpenRow) -> Reason:
    if row.kind in (CauseKind.CONNECTION, CauseKind.EVENT):
        return reason_of(row.kind, row.reason)
    return dead_letter_reason(row.state, row.reason)


def dead_letter_reason(state: State | None, reason: str) -> DeadLetterReason:
    """What an entry of that state, or without one a record, failed of. Pure."""
    if state is State.UNCERTAIN:
        return DeadLetterReason.OUTCOME_UNKNOWN
    if reason in DeadLetterReason.__members__:
        return DeadLetterReason(reason)
    return DeadLetterReason.REFUSED_BY_LEDGER if state is None else _BY_STATE[state]


def _joined(one: Problem, other: Problem) -> Problem:
    """Two rows of the same cause (found by another state, or on another gate) are one problem."""
    return Problem(
        practice_id=one.practice_id,
        cause=one.cause,
        count=one.count + other.count,
        oldest_at=min(one.oldest_at, other.oldest_at),
        dependents=one.dependents + other.dependents,
        vendor_code=one.vendor_code or other.vendor_code,
        answer_by=min((at for at in (one.answer_by, other.answer_by) if at), default=None),
        cases=(*one.cases, *other.cases)[:SHOWN],
    )

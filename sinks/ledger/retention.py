"""Deletes what the ledger need not keep: old bodies, attempts, requests, closed notices and settled dead letters.

Kept for ever: events, receipts, entries and their outcomes without the requests that were sent (who was posted what,
and the memory that recognises a repeat), settings, and the audit trail, which the law wants for six years.

An old month goes in bounded steps, each a transaction of its own, so that nothing waits for it and an interrupted run
goes on where it was:

1. A page of the month is looked through. What an open payment or payout still needs moves to the current month, under
   the practice's lock; of the rest, the requests that its entries were sent with are cleared.
2. When a whole round through the month found nothing more to move, its partition is detached and dropped.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all, fetch_value
from streams.runtime.clock import Clock
from streams.runtime.logging import log

PAGE: Final = 500
"""Rows of one step: far below the statement's time limit, also where each needs look-ups of its own."""
LOCK_WAIT_MS: Final = 2_000
"""A partition is dropped under an exclusive lock; whoever holds it longer is waited for in the next round."""
LEAST_MONTHS: Final = 13
"""A refund, a return or a dispute may still come about a payment of the last year, and reads what it said."""

LOOK_EVERY_S: Final = 3_600.0
"""How often INTAKE looks for something that expired. A month does so twelve times a year."""
STEP_EVERY_S: Final = 1.0
"""Between two steps of a run: a page in a second is two millions an hour, and a batch waits for one page at most."""

Connection = psycopg.Connection[TupleRow]
_RETENTION: Final = named_queries("sinks.ledger", "retention.sql")
_INTAKE: Final = named_queries("sinks.ledger.intake")
_LOG: Final = log(__name__)


class ExpiredMonth(msgspec.Struct, frozen=True):
    """One monthly partition that holds nothing younger than the retention time. `rows` is the planner's estimate."""

    parent: str
    month: date
    partition: str
    bytes: int
    rows: int


class Expired(msgspec.Struct, frozen=True):
    """What a run would delete. Counts end at `MOST_COUNTED`."""

    before: date
    months: tuple[ExpiredMonth, ...]
    notices: int
    dead_letters: int


class Deleted(msgspec.Struct, frozen=True):
    """What a run did: rows kept by a move to the current month, partitions dropped, rows deleted."""

    moved: int = 0
    dropped: tuple[str, ...] = ()
    postponed: tuple[str, ...] = ()
    """Partitions that somebody was using: the next run takes them."""
    notices: int = 0
    dead_letters: int = 0


class RetentionJob:
    """Deletes what expired beside a role's other work: at most one step at a call. For one thread."""

    def __init__(self, connection: Connection, clock: Clock, months: int) -> None:
        self._connection = connection
        self._clock = clock
        self._months = months
        self._steps: Iterator[Deleted] | None = None
        self._next_at = time.monotonic() + LOOK_EVERY_S

    def run(self) -> None:
        """One step when its time has come; else nothing. Blocks for some statements. Raises psycopg.Error."""
        now = time.monotonic()
        if now < self._next_at:
            return
        if self._steps is None:
            self._steps = steps(self._connection, first_kept(self._clock.now().date(), self._months), self._clock)
        done = next(self._steps, None)
        if done is None:
            self._steps = None
        self._next_at = now + (LOOK_EVERY_S if done is None else STEP_EVERY_S)


class _Body(msgspec.Struct, frozen=True):
    practice_id: str
    source: str
    event_id: str
    needed: bool


class _Attempt(msgspec.Struct, frozen=True):
    practice_id: str
    effect_id: int
    n: int
    phase: str
    epoch: int
    needed: bool


class _Notice(msgspec.Struct, frozen=True):
    practice_id: str
    cause: str
    opened_at: datetime
    letters: int


MOST_COUNTED: Final = 1_000_000


def first_kept(today: date, months: int) -> date:
    """The first day of the oldest month that is kept: `months` whole months before today's. Pure."""
    count = today.year * 12 + today.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def expired(connection: Connection, before: date) -> Expired:
    """What is older than `before` and would go. Reads only; blocks for some statements, bounded by MOST_COUNTED."""
    months = [
        month
        for parent in ("bodies", "attempts")
        for month in fetch_all(
            connection, ExpiredMonth, _RETENTION["expired_months"], {"parent": parent, "before": before}
        )
    ]
    limits = {"before": before, "most": MOST_COUNTED}
    return Expired(
        before=before,
        months=tuple(months),
        notices=fetch_value(connection, _RETENTION["count_notices"], limits),
        dead_letters=fetch_value(connection, _RETENTION["count_dead_letters"], limits),
    )


def delete_expired(connection: Connection, before: date, clock: Clock) -> Deleted:
    """Delete all that is older than `before`. Blocks for as long as that takes, in steps of PAGE rows; safe to
    interrupt and to run beside every role and beside another run."""
    done = Deleted()
    for step in steps(connection, before, clock):
        done = _added(done, step)
    return done


def steps(connection: Connection, before: date, clock: Clock) -> Iterator[Deleted]:
    """The same, one bounded step at each turn of the iterator: for a role that has other work between them."""
    while gather_stray_month(connection):
        yield Deleted()
    for month in expired(connection, before).months:
        moves = _moved_bodies if month.parent == "bodies" else _moved_attempts
        for moved in moves(connection, month, before, clock.now().date().replace(day=1)):
            yield Deleted(moved=moved)
        yield _dropped(connection, month)
    yield from _old_rows(connection, before)


def gather_stray_month(connection: Connection) -> bool:
    """Give a month that has rows in a catch-all table its partition, with those rows; False when there is none.

    Blocks for the move of that month's rows, and holds up whoever writes to the catch-all table meanwhile.
    """
    month = fetch_value(connection, _RETENTION["stray_month"])
    if month is None:
        return False
    connection.execute(_RETENTION["ensure_months"], {"first_day": month, "months": 0})
    return True


def _added(one: Deleted, other: Deleted) -> Deleted:
    return Deleted(
        moved=one.moved + other.moved,
        dropped=one.dropped + other.dropped,
        postponed=one.postponed + other.postponed,
        notices=one.notices + other.notices,
        dead_letters=one.dead_letters + other.dead_letters,
    )


def _moved_bodies(connection: Connection, month: ExpiredMonth, since: date, to_month: date) -> Iterator[int]:
    """With each page that nobody needs, the requests of its entries go too."""
    place = _Body("", "", "", False)
    while True:
        parameters = msgspec.structs.asdict(place) | {"month": month.month, "since": since, "page": PAGE}
        seen = fetch_all(connection, _Body, _RETENTION["needed_bodies"], parameters)
        practices = sorted({each.practice_id for each in seen})
        with connection.transaction():
            connection.execute(_INTAKE["lock_practices"], {"practice_ids": practices})
            # Read again under the locks: what was heard of meanwhile is needed, and what comes later waits for them.
            page = [
                each
                for each in fetch_all(connection, _Body, _RETENTION["needed_bodies"], parameters)
                if each.practice_id in practices
            ]
            moved = _move(connection, [each for each in page if each.needed], month, to_month)
            gone = [each for each in page if not each.needed]
            connection.execute(
                _RETENTION["clear_outcomes"],
                {
                    "practice_ids": [each.practice_id for each in gone],
                    "sources": [each.source for each in gone],
                    "event_ids": [each.event_id for each in gone],
                },
            )
        yield moved
        if len(seen) < PAGE:
            return
        place = seen[-1]


def _move(connection: Connection, needed: list[_Body], month: ExpiredMonth, to_month: date) -> int:
    by_practice: dict[str, list[_Body]] = defaultdict(list)
    for each in needed:
        by_practice[each.practice_id].append(each)
    for practice_id, bodies in by_practice.items():
        connection.execute(
            _RETENTION["move_bodies"],
            {
                "practice_id": practice_id,
                "sources": [each.source for each in bodies],
                "event_ids": [each.event_id for each in bodies],
                "month": month.month,
                "to_month": to_month,
            },
        )
    return len(needed)


def _moved_attempts(connection: Connection, month: ExpiredMonth, since: date, to_month: date) -> Iterator[int]:
    del since  # an attempt is needed for its entry alone
    place = _Attempt("", 0, 0, "", 0, False)
    while True:
        parameters = msgspec.structs.asdict(place) | {"month": month.month, "page": PAGE}
        page = fetch_all(connection, _Attempt, _RETENTION["needed_attempts"], parameters)
        needed = [each for each in page if each.needed]
        if needed:
            connection.execute(
                _RETENTION["move_attempts"],
                {
                    "practice_ids": [each.practice_id for each in needed],
                    "effect_ids": [each.effect_id for each in needed],
                    "numbers": [each.n for each in needed],
                    "phases": [each.phase for each in needed],
                    "epochs": [each.epoch for each in needed],
                    "month": month.month,
                    "to_month": to_month,
                },
            )
        yield len(needed)
        if len(page) < PAGE:
            return
        place = page[-1]


def _dropped(connection: Connection, month: ExpiredMonth) -> Deleted:
    partition, parent = sql.Identifier(month.partition), sql.Identifier(month.parent)
    try:
        with connection.transaction():
            connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_WAIT_MS)))
            connection.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(parent, partition))
            connection.execute(sql.SQL("DROP TABLE {}").format(partition))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable):
        return Deleted(postponed=(month.partition,))
    _LOG.info("dropped an expired month", table=month.partition)
    return Deleted(dropped=(month.partition,))


def _old_rows(connection: Connection, before: date) -> Iterator[Deleted]:
    while True:
        with connection.transaction():
            old = fetch_all(connection, _Notice, _RETENTION["old_notices"], {"before": before, "page": PAGE})
            connection.execute(
                _RETENTION["delete_notices"],
                {
                    "practice_ids": [each.practice_id for each in old],
                    "causes": [each.cause for each in old],
                    "opened_ats": [each.opened_at for each in old],
                },
            )
        yield Deleted(notices=len(old))
        if len(old) < PAGE:
            break
    while True:
        rows = connection.execute(_RETENTION["delete_dead_letters"], {"before": before, "page": PAGE}).rowcount
        yield Deleted(dead_letters=rows)
        if rows < PAGE:
            break

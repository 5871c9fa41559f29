"""The book of notices: opened, told step by step, closed. One transaction per step (law 26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from sinks.ledger.named_queries import named_queries
from sinks.notices.causes import UNKNOWN_PRACTICE, Cause
from sinks.notices.channels.email_message import message_id
from sinks.notices.email_text import letter
from sinks.notices.schedule import BUNDLE, Notice, Problem, Step, StepKind, next_step, resolved_step
from sinks.notices.words import Audience, words_for
from streams.runtime.logging import log
from streams.runtime.metrics import DEAD_LETTERS_OLDEST, DEAD_LETTERS_OPEN, NOTICES_OPEN, NOTICES_SUPPRESSED

_SQL = named_queries("sinks.notices")
_LOG = log(__name__)
Connection = psycopg.AsyncConnection[TupleRow]


class NoticeStore:
    """Writes notices and the deliveries they owe. Used by one event loop; several notifiers may share the tables."""

    def __init__(self, *, ops_email: str, sender_domain: str) -> None:
        self._ops_email = ops_email
        self._sender_domain = sender_domain

    async def bring_up_to_date(
        self, connection: Connection, problems: Mapping[tuple[str, str], Problem], now: datetime, at: datetime | None
    ) -> int:
        """1. open what is new. 2. tell what is due. 3. close what is solved. Returns how many messages were planned.

        `now` is business time here, `at` the same for the database (None: its own clock).
        """
        rows = await (await connection.execute(_SQL["open_notices"])).fetchall()
        notices = {(row[0], row[1]): _notice(*row) for row in rows}
        planned = 0
        for key, problem in problems.items():
            notice = notices.pop(key, None) or await self._open(connection, problem, at)
            if notice is not None:
                planned += await self._tell(connection, notice, problem, now, at)
        for notice in notices.values():
            planned += await self._close(connection, notice, at)
        await self._measure(connection)
        return planned

    async def _open(self, connection: Connection, problem: Problem, at: datetime | None) -> Notice | None:
        parameters = _key(problem) | {
            "now": at,
            "target": problem.cause.target,
            "reason": problem.cause.reason.value,
            "items": problem.count,
            "bundle": BUNDLE,
        }
        row = await (await connection.execute(_SQL["open_notice"], parameters)).fetchone()
        if row is None:
            return None
        _LOG.info("notice opened", practice_id=problem.practice_id, notice_cause=problem.cause.key, count=problem.count)
        return _notice(*row)

    async def _tell(
        self, connection: Connection, notice: Notice, problem: Problem, now: datetime, at: datetime | None
    ) -> int:
        place = _key(problem) | {"opened_at": notice.opened_at}
        step = next_step(notice, problem, now)
        if step is None:
            await connection.execute(_SQL["forget_solved"], place | {"items": problem.count})
            return 0
        async with connection.transaction():
            if not await self._take(connection, place, step, notice, problem.count, at):
                return 0
            recipients = await self._recipients(connection, problem)
            await self._plan(connection, notice, problem, step, recipients, at)
        NOTICES_SUPPRESSED.labels(problem.cause.key).inc(step.more)
        return len(recipients)

    async def _close(self, connection: Connection, notice: Notice, at: datetime | None) -> int:
        """The closing message goes to those who were told, and only after nothing else can follow it."""
        solved = Problem(practice_id=notice.practice_id, cause=notice.cause, count=0, oldest_at=notice.opened_at)
        place = _key(solved) | {"opened_at": notice.opened_at}
        step = resolved_step(notice)
        if step is None:
            await connection.execute(_SQL["close_untold"], place | {"steps": notice.steps, "now": at})
            return 0
        async with connection.transaction():
            if not await self._take(connection, place, step, notice, 0, at):
                return 0
            await connection.execute(_SQL["overtaken"], place)
            told = await (await connection.execute(_SQL["told_recipients"], place)).fetchall()
            await self._plan(connection, notice, solved, step, [row[0] for row in told], at)
        _LOG.info("notice closed", practice_id=notice.practice_id, notice_cause=notice.cause.key)
        return len(told)

    async def _take(
        self,
        connection: Connection,
        place: dict[str, Any],
        step: Step,
        notice: Notice,
        items: int,
        at: datetime | None,
    ) -> bool:
        parameters = place | {
            "steps": notice.steps,
            "items": items,
            "more": step.more,
            "now": at,
            "reminder": step.kind is StepKind.REMINDER,
            "closing": step.kind is StepKind.RESOLVED,
        }
        return await (await connection.execute(_SQL["take_step"], parameters)).fetchone() is not None

    async def _recipients(self, connection: Connection, problem: Problem) -> list[str]:
        """Contacts of the practice, the operator, or both; the operator too where a practice has no contact."""
        audience = words_for(problem.cause.reason).audience
        found: list[str] = []
        if audience is not Audience.OPERATOR and problem.practice_id != UNKNOWN_PRACTICE:
            rows = await connection.execute(_SQL["contacts"], {"practice_id": problem.practice_id})
            found = [row[0] for row in await rows.fetchall()]
        if (audience is not Audience.PRACTICE or not found) and self._ops_email:
            found.append(self._ops_email)
        if not found:
            _LOG.error(
                "nobody can be told: give the practice a contact, or set WRITEBACK_OPS_EMAIL",
                practice_id=problem.practice_id,
                notice_cause=problem.cause.key,
            )
        return sorted(set(found))

    async def _plan(
        self,
        connection: Connection,
        notice: Notice,
        problem: Problem,
        step: Step,
        recipients: Sequence[str],
        at: datetime | None,
    ) -> None:
        text = letter(problem, notice.opened_at, step)
        place = _key(problem) | {"opened_at": notice.opened_at}
        for recipient in recipients:
            key = (notice.practice_id, notice.cause.key, notice.opened_at.isoformat(), step.name, "email", recipient)
            await connection.execute(
                _SQL["plan_delivery"],
                place
                | {
                    "step": step.name,
                    "recipient": recipient,
                    "message_id": message_id(key, self._sender_domain),
                    "subject": text.subject,
                    "body": text.body,
                    "now": at,
                },
            )

    async def _measure(self, connection: Connection) -> None:
        NOTICES_OPEN.clear()
        for cause, count in await (await connection.execute(_SQL["open_by_cause"])).fetchall():
            NOTICES_OPEN.labels(cause).set(count)
        letters = await (await connection.execute(_SQL["open_dead_letters"])).fetchall()
        DEAD_LETTERS_OPEN.clear()
        for stage, count, _ in letters:
            DEAD_LETTERS_OPEN.labels(stage).set(count)
        DEAD_LETTERS_OLDEST.set(max((age for _, _, age in letters), default=0.0))


def _key(problem: Problem) -> dict[str, Any]:
    return {"practice_id": problem.practice_id, "cause": problem.cause.key}


def _notice(
    practice_id: str,
    cause: str,
    opened_at: datetime,
    not_before: datetime,
    told_at: datetime | None,
    shown: int,
    steps: int,
) -> Notice:
    return Notice(
        practice_id=practice_id,
        cause=Cause.parse(cause),
        opened_at=opened_at,
        not_before=not_before,
        told_at=told_at,
        shown=shown,
        steps=steps,
    )

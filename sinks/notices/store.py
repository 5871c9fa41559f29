"""Opens notices, plans what their recipients are sent, closes them: one transaction per step (law 26)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import AttentionReason, DeadLetterReason, Stage
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_one_async, fetch_value_async
from sinks.notices.causes import UNKNOWN_PRACTICE, Cause, CauseKind
from sinks.notices.disagreements import disagreement_lines
from sinks.notices.email_text import correlation_id, notice_email
from sinks.notices.field_faults import field_fault_lines, field_faults
from sinks.notices.plan_deliveries import (
    Channels,
    NoticeKey,
    Recipient,
    contacts_of,
    operators,
    plan_deliveries,
    reader_of,
    route_of,
)
from sinks.notices.problems import NEWS_FOR
from sinks.notices.schedule import BUNDLE, Notice, Problem, Step, StepKind, next_step, resolved_step
from sinks.notices.sent_again import failed_again, is_under_way
from sinks.notices.set_backs import set_back_lines, set_backs
from sinks.operations.words.reasons import Audience, words_for
from streams.runtime.logging import log
from streams.runtime.metric_series import set_all
from streams.runtime.metrics import (
    DEAD_LETTERS_OLDEST,
    DEAD_LETTERS_OPEN,
    NOTICES_OPEN,
    NOTICES_SUPPRESSED,
    NOTICES_UNREAD,
)

_SQL: dict[str, LiteralString] = named_queries("sinks.notices")
_LOG = log(__name__)
UNREAD_AFTER: Final = timedelta(minutes=1)
"""A message that is planned now may still be written in the next round."""
Connection = psycopg.AsyncConnection[TupleRow]


class OpenNotice(msgspec.Struct, frozen=True):
    """An open row of `notices`, as it is read."""

    practice_id: str
    cause: str
    opened_at: datetime
    not_before: datetime
    told_at: datetime | None
    shown: int
    steps: int
    reminders: int

    def notice(self) -> Notice:
        return Notice(**msgspec.structs.asdict(self) | {"cause": Cause.parse(self.cause)})


class CauseCount(msgspec.Struct, frozen=True):
    cause: str
    count: int


class OpenDeadLetters(msgspec.Struct, frozen=True):
    """Dead letters that nobody has settled, by where they failed and why."""

    stage: Stage
    reason: DeadLetterReason
    count: int
    oldest_s: float


class NoticeStore:
    """Writes notices and the deliveries they owe. Used by one event loop; several notifiers may share the tables."""

    def __init__(self, channels: Channels, support: str = "") -> None:
        """`support`: where a reader of a letter can ask."""
        self._channels = channels
        self._support = support
        self._without_reader: set[tuple[str, str]] = set()

    async def bring_up_to_date(
        self, connection: Connection, problems: Mapping[tuple[str, str], Problem], now: datetime, at: datetime | None
    ) -> int:
        """1. open what is new. 2. plan what is due. 3. close what is solved: nothing is dead, and what was
        sent again ended well. Returns how many messages were planned.

        `now` is business time here, `at` the same for the database (None: its own clock).
        """
        rows = await fetch_all_async(connection, OpenNotice, _SQL["open_notices"])
        notices = {(row.practice_id, row.cause): row.notice() for row in rows}
        planned = 0
        for key, problem in problems.items():
            notice = notices.pop(key, None) or await self._open(connection, problem, at)
            if notice is not None:
                planned += await self._notify(connection, notice, problem, now, at)
        for notice in notices.values():
            if await is_under_way(connection, notice.practice_id, notice.cause, at):
                # It stays open with nothing shown: whatever fails again is told again.
                await connection.execute(_SQL["forget_solved"], _key(notice).parameters() | {"items": 0})
            else:
                planned += await self._close(connection, notice, at)
        await self._measure(connection)
        return planned

    async def _open(self, connection: Connection, problem: Problem, at: datetime | None) -> Notice | None:
        parameters = {
            "practice_id": problem.practice_id,
            "cause": problem.cause.key,
            "now": at,
            "target": problem.cause.target,
            "reason": problem.cause.reason.value,
            "items": problem.count,
            "bundle": BUNDLE,
        }
        row = await fetch_one_async(connection, OpenNotice, _SQL["open_notice"], parameters)
        if row is None:
            return None
        notice = row.notice()
        reference = correlation_id(notice.practice_id, problem.cause.key, notice.opened_at)
        await connection.execute(_SQL["name_notice"], _key(notice).parameters() | {"reference": reference})
        _LOG.info("notice opened", practice_id=problem.practice_id, notice_cause=problem.cause.key, count=problem.count)
        return notice

    async def _notify(
        self, connection: Connection, notice: Notice, problem: Problem, now: datetime, at: datetime | None
    ) -> int:
        """The message that is due now, if one is. A notice is told when somebody is told: without a reader it waits."""
        key = _key(notice)
        step = next_step(notice, problem, now)
        if step is None:
            await connection.execute(_SQL["forget_solved"], key.parameters() | {"items": problem.count})
            return 0
        recipients = await self._recipients(connection, problem)
        if not recipients:
            return 0
        async with connection.transaction():
            if not await self._take(connection, key, step, notice, problem.count, at):
                return 0
            planned = await self._plan(connection, key, problem, step, recipients, at)
        NOTICES_SUPPRESSED.labels(problem.cause.key).inc(step.more)
        return planned

    async def _close(self, connection: Connection, notice: Notice, at: datetime | None) -> int:
        """The closing message goes to those who were notified, and only after nothing else can follow it."""
        solved = Problem(practice_id=notice.practice_id, cause=notice.cause, count=0, oldest_at=notice.opened_at)
        key = _key(notice)
        step = resolved_step(notice)
        if step is None:
            await connection.execute(_SQL["close_unreported"], key.parameters() | {"steps": notice.steps, "now": at})
            return 0
        async with connection.transaction():
            if not await self._take(connection, key, step, notice, 0, at):
                return 0
            await connection.execute(_SQL["overtaken"], key.parameters())
            notified = await fetch_all_async(connection, Recipient, _SQL["notified_recipients"], key.parameters())
            planned = await self._plan(connection, key, solved, step, notified, at)
        _LOG.info("notice closed", practice_id=notice.practice_id, notice_cause=notice.cause.key)
        return planned

    async def _take(
        self,
        connection: Connection,
        key: NoticeKey,
        step: Step,
        notice: Notice,
        items: int,
        at: datetime | None,
    ) -> bool:
        parameters: dict[str, Any] = key.parameters() | {
            "steps": notice.steps,
            "items": items,
            "more": step.more,
            "now": at,
            "reminder": step.kind is StepKind.REMINDER,
            "closing": step.kind is StepKind.RESOLVED,
        }
        return await (await connection.execute(_SQL["take_step"], parameters)).fetchone() is not None

    async def _recipients(self, connection: Connection, problem: Problem) -> list[Recipient]:
        """Contacts of the practice, the operator, or both; the operator too where a practice has no contact."""
        audience = words_for(problem.cause.reason).audience
        found: list[Recipient] = []
        if audience is not Audience.OPERATOR and problem.practice_id != UNKNOWN_PRACTICE:
            found = await contacts_of(connection, problem.practice_id)
        if audience is not Audience.PRACTICE or not found:
            found += operators(self._channels)
        key = (problem.practice_id, problem.cause.key)
        if found:
            self._without_reader.discard(key)
        elif key not in self._without_reader:
            self._without_reader.add(key)
            _LOG.error(
                "nobody can be notified: give the practice a contact, or set WRITEBACK_OPS_EMAIL",
                practice_id=problem.practice_id,
                notice_cause=problem.cause.key,
            )
        return sorted(set(found))

    async def unread(self, connection: Connection, at: datetime | None) -> int:
        """Open notices that nobody was told of and nobody is about to be. Sets the gauge."""
        parameters = {"now": at, "grace": UNREAD_AFTER}
        count = int(await fetch_value_async(connection, _SQL["unread"], parameters))
        NOTICES_UNREAD.set(count)
        return count

    async def _plan(
        self,
        connection: Connection,
        key: NoticeKey,
        problem: Problem,
        step: Step,
        recipients: list[Recipient],
        at: datetime | None,
    ) -> int:
        target = problem.cause.target
        route = None if target is None else await route_of(connection, problem.practice_id, target)
        reader = await reader_of(connection, problem.practice_id)
        details = await _details(connection, problem, at)
        again = await failed_again(connection, problem.practice_id, problem.cause) if problem.count else 0
        text = notice_email(
            problem,
            key.opened_at,
            msgspec.structs.replace(step, again=again),
            route,
            reader=reader,
            support=self._support,
            details=details,
        )
        return await plan_deliveries(connection, self._channels, key, step.name, recipients, text, at)

    async def _measure(self, connection: Connection) -> None:
        causes = await fetch_all_async(connection, CauseCount, _SQL["open_by_cause"])
        set_all(NOTICES_OPEN, {(each.cause,): each.count for each in causes})
        dead = await fetch_all_async(connection, OpenDeadLetters, _SQL["open_dead_letters"])
        set_all(DEAD_LETTERS_OPEN, {(each.stage, each.reason): each.count for each in dead})
        DEAD_LETTERS_OLDEST.set(max((each.oldest_s for each in dead), default=0.0))


async def _details(connection: Connection, problem: Problem, at: datetime | None) -> list[str]:
    """What a letter of this cause names besides counts: money that is reported in two ways, the fields of records
    that are at fault, or what showed that the ledger was set back."""
    if not problem.count:
        return []
    if problem.cause.kind is CauseKind.RECORD and problem.cause.reason is not DeadLetterReason.CONFLICT:
        return field_fault_lines(await field_faults(connection, problem.practice_id, problem.cause.reason))
    if problem.cause.reason is AttentionReason.LEDGER_SET_BACK:
        return set_back_lines(await set_backs(connection, at, NEWS_FOR))
    if problem.cause.reason is not DeadLetterReason.CONFLICT:
        return []
    return await disagreement_lines(connection, problem.practice_id, at)


def _key(notice: Notice) -> NoticeKey:
    return NoticeKey(notice.practice_id, notice.cause.key, notice.opened_at)

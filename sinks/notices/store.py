"""Opens notices, plans what their recipients are sent, closes them: one transaction per step (law 26)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import AttentionReason, DeadLetterReason
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all_async, fetch_one_async
from sinks.notices.addressees import AddressBook, Addressees, is_for_practice
from sinks.notices.causes import Cause, CauseKind
from sinks.notices.disagreements import disagreement_lines
from sinks.notices.email_text import correlation_id, notice_email
from sinks.notices.field_faults import field_fault_lines, field_faults
from sinks.notices.measures import measure_open
from sinks.notices.plan_deliveries import (
    Channels,
    NoticeKey,
    Recipient,
    plan_deliveries,
    put_in_inbox,
    reader_of,
    route_of,
)
from sinks.notices.problems import NEWS_FOR
from sinks.notices.reported_amounts import with_reported_amounts
from sinks.notices.schedule import BUNDLE, Notice, Problem, Step, StepKind, next_step, resolved_step
from sinks.notices.sent_again import failed_again, is_under_way
from sinks.notices.set_backs import set_back_lines, set_backs
from streams.runtime.logging import log
from streams.runtime.metrics import NOTICES_SUPPRESSED

_SQL: dict[str, LiteralString] = named_queries("sinks.notices")
_LOG = log(__name__)
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
    escalated: timedelta
    acknowledged_by: str | None

    def notice(self) -> Notice:
        return Notice(**msgspec.structs.asdict(self) | {"cause": Cause.parse(self.cause)})


class Unacknowledged(OpenNotice, frozen=True):
    """An open notice with a contact who is told by now, as nobody has acknowledged it."""

    open_for: timedelta

    def notice(self) -> Notice:
        known = msgspec.structs.asdict(self)
        return Notice(**{name: known[name] for name in Notice.__struct_fields__} | {"cause": Cause.parse(self.cause)})


class NoticeStore:
    """Writes notices and the deliveries they owe. Used by one event loop; several notifiers may share the tables."""

    def __init__(self, channels: Channels, support: str = "") -> None:
        """`support`: where a reader of a letter can ask."""
        self._channels = channels
        self._support = support
        self._book = AddressBook(channels)

    async def bring_up_to_date(
        self,
        connection: Connection,
        look: Callable[[], Awaitable[Mapping[tuple[str, str], Problem]]],
        now: datetime,
        at: datetime | None,
    ) -> int:
        """1. open what is new. 2. plan what is due. 3. tell others of what nobody has acknowledged. 4. close what is
        solved: nothing is dead, and what was sent again ended well. Returns how many messages were planned.

        `look` reads what is open. `now` is business time here, `at` the same for the database (None: its own clock).
        """
        problems = await look()
        rows = await fetch_all_async(connection, OpenNotice, _SQL["open_notices"])
        notices = {(row.practice_id, row.cause): row.notice() for row in rows}
        planned = 0
        for key, problem in problems.items():
            notice = notices.pop(key, None) or await self._open(connection, problem, at)
            if notice is not None:
                planned += await self._notify(connection, notice, problem, now, at)
        planned += await self._escalate(connection, problems, now, at)
        ended: dict[tuple[str, str], Notice] = {}
        for key, notice in notices.items():
            if await is_under_way(connection, notice.practice_id, notice.cause, at):
                # It stays open with nothing shown: whatever fails again is told again.
                await connection.execute(_SQL["forget_solved"], _key(notice).parameters() | {"items": 0})
            else:
                ended[key] = notice
        # What was on its way when it was looked for among the dead may have died before it was looked for on its way.
        open_again = await look() if ended else {}
        for key, notice in ended.items():
            if key in open_again:
                await connection.execute(_SQL["forget_solved"], _key(notice).parameters() | {"items": 0})
            else:
                planned += await self._close(connection, notice, now, at)
        await measure_open(connection)
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
        told = await self._book.addressees(connection, notice.practice_id, notice.cause, notice.escalated)
        if not told.anybody:
            return 0
        step = msgspec.structs.replace(step, acknowledged_by=notice.acknowledged_by, others_after=told.escalates_after)
        async with connection.transaction():
            if not await self._take(connection, key, step, notice, problem.count, at, in_digest=told.digest_alone):
                return 0
            planned = await self._plan(connection, key, problem, step, told, now, at)
        NOTICES_SUPPRESSED.labels(problem.cause.key).inc(step.more)
        return planned

    async def _escalate(
        self, connection: Connection, problems: Mapping[tuple[str, str], Problem], now: datetime, at: datetime | None
    ) -> int:
        """A message to contacts who are told of what nobody has acknowledged by now; to nobody else."""
        due = await fetch_all_async(connection, Unacknowledged, _SQL["escalations"], {"now": at})
        planned = 0
        for each in due:
            problem = problems.get((each.practice_id, each.cause))
            if problem is not None:
                planned += await self._escalate_one(connection, each, problem, now, at)
        return planned

    async def _escalate_one(
        self, connection: Connection, due: Unacknowledged, problem: Problem, now: datetime, at: datetime | None
    ) -> int:
        notice = due.notice()
        before = await self._book.addressees(connection, notice.practice_id, notice.cause, notice.escalated)
        told = await self._book.addressees(connection, notice.practice_id, notice.cause, due.open_for)
        new = tuple(sorted({*told.recipients} - {*before.recipients}))
        told = msgspec.structs.replace(told, recipients=new)
        key = _key(notice)
        step = Step(kind=StepKind.ESCALATED, number=notice.steps + 1, others_after=told.escalates_after)
        async with connection.transaction():
            if new and not await self._take(connection, key, step, notice, problem.count, at):
                return 0
            await connection.execute(_SQL["escalated"], key.parameters() | {"open_for": due.open_for})
            return await self._plan(connection, key, problem, step, told, now, at) if new else 0

    async def _close(self, connection: Connection, notice: Notice, now: datetime, at: datetime | None) -> int:
        """The closing message goes to those who were notified and are still contacts, or the operator, and only after
        nothing else can follow it."""
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
            told = await self._book.still_there(connection, notice.practice_id, notified)
            planned = await self._plan(connection, key, solved, step, told, now, at)
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
        *,
        in_digest: bool = False,
    ) -> bool:
        parameters: dict[str, Any] = key.parameters() | {
            "steps": notice.steps,
            "items": items,
            "more": step.more,
            "in_digest": in_digest,
            "now": at,
            "reminder": step.kind is StepKind.REMINDER,
            "closing": step.kind is StepKind.RESOLVED,
        }
        return await (await connection.execute(_SQL["take_step"], parameters)).fetchone() is not None

    async def _plan(
        self,
        connection: Connection,
        key: NoticeKey,
        problem: Problem,
        step: Step,
        told: Addressees,
        now: datetime,
        at: datetime | None,
    ) -> int:
        cases = await with_reported_amounts(connection, problem.practice_id, problem.cases)
        problem = msgspec.structs.replace(problem, cases=cases)
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
        if is_for_practice(problem.practice_id, problem.cause):
            await put_in_inbox(connection, key, step.name, text, at)
        quiet = told.quiet(reader.zone, now)
        return await plan_deliveries(connection, self._channels, key, step.name, told.recipients, text, at, quiet)


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

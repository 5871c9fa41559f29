"""Measures for how long nothing has been reported of a practice, and tells HEALTH while that is too long (law 27)."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from schemas.bookkeeping.office_hours import OfficeCalendar
from schemas.practice_settings import WORKING_WEEK, Weekday
from schemas.silence import UpstreamSilence
from schemas.vocabulary import Target
from sinks.ledger.gauges.open_work import LATELY, SILENCE, Silence
from sinks.ledger.named_queries import named_queries
from sinks.ledger.outbox import INSERT, WAKE, OutboxMessage, insert_parameters, silence_message
from sinks.ledger.rows.fetch import fetch_all_async, fetch_one_async, fetch_value_async
from sinks.notices.silence_rules import HISTORY, STEP, is_heard, silent_from, usual_pause
from streams.runtime.times import HealthTimes

PAGE: Final = 1_000
"""Targets that are taken up in one round: half an hour for 400,000."""
ROUND: Final = 25
"""Targets that are looked at in one transaction; each costs some pages, and its habits up to some thousands once a day:
far within the time of a transaction where all of them are learned."""
AT_MOST_S: Final = 1.0
"""Of one iteration: letters that are due wait no longer."""
LEARN_EVERY: Final = timedelta(days=1)
UNKNOWN_AGAIN: Final = timedelta(days=1)
"""Between two looks where too little is known, or where nothing is posted."""
EXPIRES: Final = 3
"""Repetitions that are missing until nothing is known any more."""
WIDELY_FROM: Final = 10
WIDELY_SHARE: Final = 0.1
"""Of all whose habits are known: so many at once are not silent each for itself; who reports of them has stopped."""
WIDELY_HOLDS: Final = timedelta(hours=1)
"""While reports come again, practice after practice, those that are not heard yet are not told either."""
COUNT_EVERY_S: Final = 60.0

_SQL: Final = named_queries("sinks.notices", "silence.sql")
_REPORTS: Final = {Target.PMS: _SQL["payments_reported"], Target.QUICKBOOKS: _SQL["payouts_reported"]}

Connection = psycopg.AsyncConnection[TupleRow]


class _Key(msgspec.Struct, frozen=True):
    practice_id: str = ""
    target: str = ""


class _Report(msgspec.Struct, frozen=True):
    at: datetime


class _Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One target of a practice, as it is looked at."""

    practice_id: str
    target: Target
    usual: timedelta | None
    learned_at: datetime
    silent_since: datetime | None
    stated_at: datetime
    zone: str | None
    business_days: tuple[Weekday, ...] | None
    holidays: tuple[date, ...] | None
    posts: bool
    """Its master switch is on: what is not posted is nobody's to miss here."""
    last_at: datetime | None

    @property
    def calendar(self) -> OfficeCalendar:
        return OfficeCalendar(
            zone=self.zone or OfficeCalendar().zone,
            business_days=self.business_days or WORKING_WEEK,
            holidays=self.holidays or (),
        )


class SilenceWatch:
    """Looks at every target of every practice when it can first be silent. Several may share the table."""

    def __init__(self, times: HealthTimes) -> None:
        self._times = times
        self._page = _Key()
        self._counted_at = float("-inf")
        self._known = 0
        self._widely_until = datetime.min.replace(tzinfo=UTC)
        self.widely = False
        """So many practices became silent lately that who reports of them has stopped."""

    async def look(self, connection: Connection, now: datetime, at: datetime | None) -> int:
        """1. take up targets that practices use since lately. 2. look at those that are due, for AT_MOST_S. 3. judge
        whether too many are silent. Returns how many were looked at. `now`, `at`: business time here and for the
        database."""
        await self._take_up(connection)
        looked, began = 0, time.monotonic()
        while time.monotonic() - began < AT_MOST_S:
            count = await self._round(connection, now, at)
            looked += count
            if count < ROUND:
                break
        await self._judge_widely(connection, now, at)
        return looked

    async def _judge_widely(self, connection: Connection, now: datetime, at: datetime | None) -> None:
        lately = await fetch_value_async(connection, _SQL["silent_lately"], {"now": at, "lately": LATELY})
        if lately >= WIDELY_FROM:
            if time.monotonic() - self._counted_at >= COUNT_EVERY_S:
                self._counted_at = time.monotonic()
                counts = await fetch_all_async(connection, Silence, SILENCE, {"now": at, "lately": LATELY})
                self._known = sum(each.known for each in counts)
            if is_wide(lately, self._known):
                self._widely_until = now + WIDELY_HOLDS
        self.widely = now < self._widely_until

    async def _take_up(self, connection: Connection) -> None:
        given = {"after_practice": self._page.practice_id, "after_target": self._page.target, "most": PAGE}
        await connection.execute(_SQL["take_up"], given)
        self._page = await fetch_one_async(connection, _Key, _SQL["page_end"], given) or _Key()

    async def _round(self, connection: Connection, now: datetime, at: datetime | None) -> int:
        messages: list[OutboxMessage] = []
        async with connection.transaction():
            due = await fetch_all_async(connection, _Looked, _SQL["due"], {"now": at, "most": ROUND})
            for each in due:
                learned = await self._learned(connection, each, now)
                after, look_at = judged(learned, now, timedelta(seconds=self._times.silence_look_s))
                said = self._said(each, after)
                if said is not None:
                    messages.append(silence_message(said))
                    after = msgspec.structs.replace(after, stated_at=said.stated_at)
                await connection.execute(_SQL["looked"], _row(after) | {"look_at": look_at})
            if messages:
                await connection.execute(INSERT, insert_parameters(messages))
                await connection.execute(WAKE)
        return len(due)

    async def _learned(self, connection: Connection, looked: _Looked, now: datetime) -> _Looked:
        """With its habits, learned anew once a day; while it is silent they stay, as a silence is no habit."""
        if looked.silent_since is not None or now - looked.learned_at < LEARN_EVERY:
            return looked
        given = {"practice_id": looked.practice_id, "since": now - HISTORY, "until": now, "step": STEP}
        reports = await fetch_all_async(connection, _Report, _REPORTS[looked.target], given)
        usual = usual_pause([each.at for each in reports], looked.calendar)
        return msgspec.structs.replace(looked, usual=usual, learned_at=now)

    def _said(self, before: _Looked, after: _Looked) -> UpstreamSilence | None:
        """What HEALTH is told: a change, and again what lasts."""
        now = datetime.now(UTC)
        repeat = timedelta(seconds=self._times.repeat_healthy_s)
        lasts = after.silent_since is not None and now - before.stated_at >= repeat
        if before.silent_since == after.silent_since and not lasts:
            return None
        return UpstreamSilence(
            practice_id=after.practice_id,
            target=after.target,
            silent_since=after.silent_since,
            stated_at=now,
            expires_at=now + EXPIRES * max(repeat, timedelta(seconds=self._times.silence_look_s)),
        )


def judged(looked: _Looked, now: datetime, while_silent: timedelta) -> tuple[_Looked, datetime]:
    """How it stands now, and when to look again: as soon as it can be otherwise. Pure."""
    if not looked.posts or looked.usual is None or looked.last_at is None:
        return msgspec.structs.replace(looked, silent_since=None), now + UNKNOWN_AGAIN
    since = looked.silent_since
    if since is None:
        silent = silent_from(looked.last_at, looked.usual, looked.calendar)
        if silent > now:
            return looked, silent
        since = silent
    elif is_heard(looked.last_at, looked.usual, now, looked.calendar):
        silent = silent_from(looked.last_at, looked.usual, looked.calendar)
        return msgspec.structs.replace(looked, silent_since=None), max(silent, now + while_silent)
    return msgspec.structs.replace(looked, silent_since=since), now + while_silent


def is_wide(lately: int, known: int) -> bool:
    """Whether it is not practices that are silent, but who reports of them. Pure."""
    return lately >= WIDELY_FROM and lately >= WIDELY_SHARE * known


def _row(looked: _Looked) -> dict[str, object]:
    names = ("practice_id", "target", "usual", "learned_at", "silent_since", "stated_at")
    return {name: getattr(looked, name) for name in names}

"""One turn of one practice: a number of pages of its system, then back to the queue.

A round reads every kind that the route can read, over as many turns as it takes. What fails for one kind alone is said
of that kind, and the others go on; what the connection says ends the turn, and the round goes on from there later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from sinks.sync.access import SyncAccess
from sinks.sync.changes import Watch, state_of
from sinks.sync.held_connection import HeldConnection
from sinks.sync.page_store import PageStore
from sinks.sync.records import Claimed, ReadConnection, Result, StoredRead
from sinks.sync.schedule import NOTHING_TO_READ, WHOLE_EVERY, next_round, next_try, window_from, window_until
from sinks.targets.catalogue import ROUTES, open_target, times_of_route
from sinks.targets.choices import Choice, OffersChoices
from sinks.targets.foreign_values import bounded_origin
from sinks.targets.port import OriginReading, PaymentTarget, ReadFailed, Scope, TargetEntry
from sinks.targets.reading import MirrorPage, PageRequest, PmsReader, ReadKind, bounded_page
from sinks.targets.route import UnusableConnectionError
from streams.runtime.errors import Transient
from streams.runtime.logging import log
from streams.runtime.metrics import SYNC_CHANGES, SYNC_PAGES, SYNC_ROWS

PAGES: Final = 20
"""Of one turn: others wait no longer than that takes, and whoever reads 200,000 patients takes many turns."""
AGAIN: Final = timedelta(seconds=5)
"""After a turn in which the connection was not to be had."""
CLOSED: Final = timedelta(minutes=1)
"""While the connection is closed for posting: whoever posts finds out when it works again."""
MOST_CHOICES: Final = 5_000
WHOLE_DAILY: Final = frozenset({ReadKind.PAYMENTS, ReadKind.ADJUSTMENTS, ReadKind.APPOINTMENTS})
"""Kinds whose whole window is read once a day: what was deleted shows by its absence alone."""
ONCE_A_DAY: Final = frozenset({ReadKind.INSURANCE})
LOOK: Final = "entry"
"""Among the kinds of pages: a read of one entry."""

T = TypeVar("T")
_LOG: Final = log(__name__)


class TurnEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a turn ended, and when the practice is due again."""

    result: Result
    due_at: datetime
    code: str | None = None
    ended: bool = False
    """The round is over."""
    failures: int = 0


class _BusyError(Transient):
    """The connection was not to be had: nothing was asked."""


class _FailedError(Transient):
    """The connection, or its vendor, could not be asked."""

    def __init__(self, failed: ReadFailed) -> None:
        super().__init__(failed.code)
        self.failed = failed


class Turn:
    """Of one claimed practice. Reads only, and may be cut off at any instant: what is not stored is read again."""

    def __init__(self, access: SyncAccess, claimed: Claimed, connection: ReadConnection | None) -> None:
        self._access = access
        self._claimed = claimed
        self._connection = connection
        self._store = PageStore(access, claimed)
        self._pages_left = PAGES

    async def run(self) -> TurnEnd:
        """Raises psycopg.Error and TurnLostError. Never raises for what the target does."""
        connection, at = self._connection, self._access.clock.now()
        route = None if connection is None else ROUTES.get(connection.route)
        if connection is None or route is None or not connection.enabled or route.by_hand:
            return TurnEnd(result=Result.NO_SYSTEM, due_at=at + NOTHING_TO_READ, ended=True)
        if connection.closed:
            return TurnEnd(result=Result.BUSY, due_at=at + CLOSED, failures=self._claimed.failures)
        if self._claimed.account != connection.account:
            await self._store.forget(connection.account)
        try:
            target = open_target(connection.stored, self._access.adapters)
        except UnusableConnectionError as error:
            return self._failed(connection, error.code)
        try:
            return await self._read(connection, target)
        except _BusyError:
            return TurnEnd(result=Result.BUSY, due_at=self._access.clock.now() + AGAIN, failures=self._claimed.failures)
        except _FailedError as error:
            return self._failed(connection, error.failed.code, error.failed.retry_after_s)
        finally:
            await target.close()

    def _failed(self, connection: ReadConnection, code: str, retry_after_s: float | None = None) -> TurnEnd:
        failures, at = self._claimed.failures + 1, self._access.clock.now()
        due_at = next_try(connection.every, failures, at)
        if retry_after_s is not None:
            due_at = max(due_at, at + timedelta(seconds=retry_after_s))
        return TurnEnd(result=Result.FAILED, code=code, due_at=due_at, failures=failures)

    async def _read(self, connection: ReadConnection, target: PaymentTarget) -> TurnEnd:
        reads = await self._store.reads()
        for kind in self._kinds(connection, target):
            read = reads.get(kind, StoredRead(kind=kind))
            if read.is_done(self._claimed.round_at) or self._is_fresh(read):
                continue
            await self._read_kind(connection, target, read)
            if self._pages_left <= 0:
                return TurnEnd(result=Result.GOES_ON, due_at=self._access.clock.now())
        reads = await self._store.reads()
        await self._look_for_changes(connection, target, reads)
        failed = next((each.code for each in reads.values() if each.result is Result.FAILED), None)
        result = Result.READ if failed is None else Result.PARTLY
        due_at = next_round(connection.every, self._claimed.round_at)
        return TurnEnd(result=result, code=failed, due_at=due_at, ended=True)

    def _is_fresh(self, read: StoredRead) -> bool:
        """Of a kind that can only be read whole and changes seldom: it was read today."""
        if read.kind not in ONCE_A_DAY or self._claimed.round_full or read.run_began_at is not None:
            return False
        return read.whole_at is not None and self._claimed.round_at - read.whole_at < WHOLE_EVERY

    def _kinds(self, connection: ReadConnection, target: PaymentTarget) -> list[ReadKind]:
        unread = ROUTES[connection.route].unread_of(connection.config)
        able = {kind: isinstance(target, PmsReader) for kind in ReadKind}
        able[ReadKind.CHOICES] = isinstance(target, OffersChoices)
        return [kind for kind in ReadKind if able[kind] and kind not in unread]

    async def _read_kind(self, connection: ReadConnection, target: PaymentTarget, read: StoredRead) -> None:
        """Pages of one kind until it has ended or the turn has. What fails for this kind alone is kept with it."""
        if read.run_began_at is None:
            read = self._begun(read)
            window = window_from(read.kind, self._claimed.round_at)
            await self._store.begin(read.kind, read.run_since, window, self._claimed.round_at)
        while self._pages_left > 0:
            self._pages_left -= 1
            if read.run_swept is not None:
                last = await self._store.sweep_patients(read)
                if last is None:
                    await self._store.end(read, whole=True)
                    return
                read = msgspec.structs.replace(read, run_swept=last)
                continue
            found = await self._page(connection, target, read)
            if isinstance(found, ReadFailed):
                _LOG.warning(
                    "a kind cannot be read of a practice's system",
                    practice_id=self._claimed.practice_id,
                    table=read.kind.value,
                    code=found.code,
                )
                await self._store.give_up(read.kind, found.code)
                return
            read = found
            if read.run_began_at is None:
                return

    def _begun(self, read: StoredRead) -> StoredRead:
        """From the watermark; of everything the first time, on demand, and once a day of the window of entries."""
        whole = read.watermark is None or self._claimed.round_full
        if read.kind in WHOLE_DAILY:
            due = read.whole_at is None or self._claimed.round_at - read.whole_at >= WHOLE_EVERY
            whole = whole or due
        return StoredRead(
            kind=read.kind,
            run=read.run + 1,
            run_began_at=self._claimed.round_at,
            run_since=None if whole else read.watermark,
            run_window=window_from(read.kind, self._claimed.round_at),
        )

    async def _page(
        self, connection: ReadConnection, target: PaymentTarget, read: StoredRead
    ) -> StoredRead | ReadFailed:
        """One page, read while the connection is held, and stored. `run_began_at` None: that was the last of it."""
        if read.kind is ReadKind.CHOICES:
            return await self._choices(connection, target, read)
        request = PageRequest(
            kind=read.kind,
            since=read.run_since,
            window_from=read.run_window or window_from(read.kind, self._claimed.round_at),
            window_until=window_until(self._claimed.round_at),
            position=read.run_position,
            at=self._access.clock.now(),
        )

        async def ask(deadline_s: float) -> MirrorPage | ReadFailed:
            if not isinstance(target, PmsReader):
                return ReadFailed(scope=Scope.EFFECT, reason=None, code="NOT_A_READER")
            return bounded_page(await target.read_page(request, deadline_s))

        page = await self._held(connection, target, read.kind, ask)
        if isinstance(page, ReadFailed):
            return page
        is_first = not read.run_position
        after = msgspec.structs.replace(
            read,
            run_position=page.next_position or "",
            run_watermark=page.watermark if is_first else read.run_watermark,
            run_whole_from=page.whole_from,
            run_rows=read.run_rows + page.count,
            run_skipped=read.run_skipped + page.skipped,
        )
        if page.next_position is None and self._is_swept(after):
            after = msgspec.structs.replace(after, run_swept="")
        await self._store.keep_page(after, page)
        SYNC_ROWS.labels(read.kind.value).inc(page.count)
        if page.next_position is not None or after.run_swept is not None:
            return after
        await self._store.end(after, whole=after.run_since is None)
        return msgspec.structs.replace(after, run_began_at=None)

    def _is_swept(self, read: StoredRead) -> bool:
        """After a whole read of patients: those that it did not show are looked for in stretches."""
        return read.kind is ReadKind.PATIENTS and read.run_whole_from is not None and not read.run_skipped

    async def _choices(
        self, connection: ReadConnection, target: PaymentTarget, read: StoredRead
    ) -> StoredRead | ReadFailed:
        """The whole list, in one hold of the connection."""

        async def ask(deadline_s: float) -> tuple[Choice, ...] | ReadFailed:
            if not isinstance(target, OffersChoices):
                return ReadFailed(scope=Scope.EFFECT, reason=None, code="NOT_A_READER")
            return await target.choices(deadline_s)

        found = await self._held(connection, target, read.kind, ask)
        if isinstance(found, ReadFailed):
            return found
        if len(found) > MOST_CHOICES:
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="LIST_TOO_LARGE")
        after = msgspec.structs.replace(read, run_rows=len(found))
        await self._store.keep_choices(after, found)
        SYNC_ROWS.labels(read.kind.value).inc(len(found))
        return msgspec.structs.replace(after, run_began_at=None)

    async def _look_for_changes(
        self, connection: ReadConnection, target: PaymentTarget, reads: Mapping[ReadKind, StoredRead]
    ) -> None:
        """After the lists: entries of ours that people may have deleted or changed, each read by itself (R-20)."""
        lists = target.lists if isinstance(target, PmsReader) else {}
        whole = [lists[kind] for kind in lists if kind in reads and reads[kind].proves_absence(self._claimed.round_at)]
        watch = Watch(
            connection=connection,
            round_at=self._claimed.round_at,
            mirrored=tuple(lists.values()),
            whole=tuple(whole),
        )
        for suspect in await self._store.suspects(watch):
            entry = suspect.as_original(self._claimed.practice_id)

            async def ask(deadline_s: float, entry: TargetEntry = entry) -> OriginReading | ReadFailed:
                return bounded_origin(await target.read_origin(entry, deadline_s))

            found = await self._held(connection, target, LOOK, ask)
            state = state_of(found)
            if await self._store.keep_look(suspect.effect_id, state):
                SYNC_CHANGES.labels(state).inc()
                _LOG.warning(
                    "an entry is not as it was posted",
                    practice_id=self._claimed.practice_id,
                    effect_id=suspect.effect_id,
                    state=state,
                )

    async def _held(
        self,
        connection: ReadConnection,
        target: PaymentTarget,
        kind: str,
        ask: Callable[[float], Awaitable[T | ReadFailed]],
    ) -> T | ReadFailed:
        """Ask while the connection is held. What the target answers for this kind alone is returned; _BusyError and
        _FailedError end the turn."""
        deadline_s = times_of_route(connection.route, self._access.settings).deadline_s
        held = HeldConnection(self._access, connection, deadline_s)
        try:
            if not await held.take():
                raise _BusyError
            found = await self._asked(target, ask, deadline_s)
        finally:
            await held.let_go(target.capabilities.min_interval_s)
        SYNC_PAGES.labels(kind, "failed" if isinstance(found, ReadFailed) else "read").inc()
        if isinstance(found, ReadFailed) and found.scope is not Scope.EFFECT:
            raise _FailedError(found)
        return found

    async def _asked(
        self, target: PaymentTarget, ask: Callable[[float], Awaitable[T | ReadFailed]], deadline_s: float
    ) -> T | ReadFailed:
        try:
            with self._access.memory.operation(target):
                return await ask(deadline_s)
        except Exception as error:  # noqa: BLE001 - says nothing about the practice's system
            _LOG.failure("an adapter raised instead of reading", error, practice_id=self._claimed.practice_id)
            return ReadFailed(scope=Scope.EFFECT, reason=None, code="ADAPTER_ERROR")

"""The sweeps over what other events let go on: page by page, each payment under the practice's lock (law 8)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import TupleRow

from sinks.ledger import gates
from sinks.ledger.intake.apply_events import EventApplier
from sinks.ledger.intake.batch_context import Policy
from sinks.ledger.intake.build_writes import WriteBuilder
from sinks.ledger.intake.payment_key import PaymentKey
from sinks.ledger.intake.read_context import fitting, lock_practices, read_context
from sinks.ledger.intake.write import write
from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from streams.runtime.clock import Clock

Cursor = psycopg.Cursor[TupleRow]
_SQL: Final = named_queries("sinks.ledger.waiting", "sweeps.sql")

PAGE: Final = 250
"""Waiting rows of one sweep: far below the statement timeout, and the next sweep goes on behind them."""
Place = tuple[str, str, str]
"""Practice, source and event id of the last row of a page."""
START: Final[Place] = ("", "", "")


class _Waiting(msgspec.Struct, frozen=True):
    """An event that waits, the payment or payout that it is about, and whether what it waits for is there."""

    practice_id: str
    source: str
    event_id: str
    kind: str
    ref: str
    resumable: bool

    @property
    def key(self) -> PaymentKey:
        return PaymentKey(self.practice_id, self.kind, self.ref)

    @property
    def place(self) -> Place:
        return (self.practice_id, self.source, self.event_id)


class ResumeSweep:
    """Resumes what should have gone on by itself. Not for two threads."""

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        policy: Policy,
        clock: Clock,
        kinds: Sequence[LiteralString] = ("awaiting_original", "awaiting_funds", "awaiting_fee"),
    ) -> None:
        self._connection = connection
        self._policy = policy
        self._clock = clock
        self._after: dict[LiteralString, Place] = dict.fromkeys(kinds, START)

    def run(self) -> int:
        """One page of each kind; returns how many events and entries moved. Of waiting, expected: none."""
        return sum(self._page(name) for name in self._after)

    def _page(self, name: LiteralString) -> int:
        practice_id, source, event_id = self._after[name]
        parameters = {"practice_id": practice_id, "source": source, "event_id": event_id, "most": PAGE}
        rows = fetch_all(self._connection, _Waiting, _SQL[name], parameters)
        self._after[name] = rows[-1].place if len(rows) == PAGE else START
        keys = {row.key for row in rows if row.resumable}
        practices = sorted({key.practice_id for key in keys})
        return sum(self._repair(each, {key for key in keys if key.practice_id == each}) for each in practices)

    def _repair(self, practice_id: str, keys: set[PaymentKey]) -> int:
        """In as many transactions as what is stored of them asks for (law 9)."""
        moved, left = 0, sorted(keys)
        while left:
            fit = fitting(self._connection, {key: place for place, key in enumerate(left)}, len(left))
            with self._connection.transaction(), self._connection.cursor() as cursor:
                moved += reconsider(cursor, practice_id, left[:fit], self._clock.for_database(), self._policy.jitter_s)
            left = left[fit:]
        return moved


def reconsider(
    cursor: Cursor, practice_id: str, keys: Collection[PaymentKey], now: datetime | None, jitter_s: int
) -> int:
    """Let everything of these payments and payouts go on that can; returns how much moved. Blocks for the
    practice's lock, in the caller's transaction."""
    context = read_context(cursor, [], lock_practices(cursor, [practice_id]), now, also=keys)
    builder = WriteBuilder(context)
    events = EventApplier(context, builder)
    for key in sorted(keys):
        events.reconsider(key)
    writes = builder.writes
    moved = len(writes.resolutions) + len(writes.moves)
    if moved or writes.entries:
        write(cursor, writes, now=now, at=context.now, jitter_s=jitter_s)
        gates.wake(cursor, {practice_id})
    return moved

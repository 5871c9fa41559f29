"""One transaction on one practice's ledger: what changes effects outside the poster and INTAKE's batch goes through it.

The order is the guarantee (laws 8 and 15), and it is the same for everybody, so that nobody deadlocks:

1. the practice's row is locked, so that no other writer of this ledger is at work;
2. its gates are locked, in the order of their ids, so that no poster marks meanwhile;
3. the effects are locked, in the order of their ids, and read;
4. the time is taken, after the wait for the locks;
5. the effects move, from the state in which they were read;
6. results are published, the time of the gates' next work is recomputed, and their posters are woken.

What a person does stands in the audit trail, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from schemas.vocabulary import State
from sinks.ledger import gates, outbox
from sinks.ledger.effect_moves import Move, lock_effects, move_effects
from sinks.ledger.named_queries import named_queries
from sinks.ledger.practices.audit import append
from sinks.ledger.practices.registry import lock_practice, require_practice
from sinks.ledger.rows.effects import LockedEffect
from sinks.ledger.rows.fetch import fetch_value, fetch_values
from streams.runtime.clock import Clock

_EFFECTS: Final = named_queries("sinks.ledger", "effects.sql")
_GATES: Final = named_queries("sinks.ledger", "gates.sql")

Cursor = psycopg.Cursor[TupleRow]


@contextmanager
def unit_of_work(
    connection: psycopg.Connection[TupleRow], practice_id: str, *, clock: Clock, jitter_s: int, added: bool = True
) -> Iterator[UnitOfWork]:
    """Begin a transaction, lock the practice, and end it with what its moves owe. Blocks for the practice's lock.

    `added`: only a practice that somebody added; ConfigurationError names the nearest known one. An exception inside
    rolls everything back.
    """
    with connection.transaction(), connection.cursor() as cursor:
        if added:
            require_practice(cursor, practice_id)
        else:
            lock_practice(cursor, practice_id)
        unit = UnitOfWork(cursor, practice_id, now=clock.for_database(), jitter_s=jitter_s)
        yield unit
        unit.finish()


class UnitOfWork:
    """The work of one transaction whose caller has locked the practice. Not for two threads.

    `now` is a rehearsed business time; None, in production, asks the database's clock after each wait for a lock.
    """

    def __init__(self, cursor: Cursor, practice_id: str, *, now: datetime | None, jitter_s: int) -> None:
        self.cursor = cursor
        self.practice_id = practice_id
        self._now = now
        self._jitter_s = jitter_s
        self._at: datetime | None = None
        self._gates: set[str] = set()
        self._locked: dict[int, LockedEffect] = {}
        self._messages: list[outbox.OutboxMessage] = []
        self._changed_gates: set[str] = set()

    @property
    def at(self) -> datetime:
        """Business time, taken after the wait for the newest lock and never before (law 15). It does not go back.

        Every statement of the unit that compares instants is given this one: the transaction's own is older.
        """
        if self._at is None:
            self._at = instant(self.cursor, self._now)
        return self._at

    def lock_gates(self, also: Iterable[str] = ()) -> None:
        """Step 2: all gates of the practice, and those of the connections `also`. Blocks on a poster's mark."""
        mine = fetch_values(self.cursor, _GATES["gates_of"], {"practice_id": self.practice_id})
        wanted = {*mine, *also}
        if not wanted <= self._gates:
            gates.lock(self.cursor, self._keys(wanted))
            self._gates |= wanted
            self._at = None

    def lock_effects(self, effect_ids: Collection[int], *, connections: Iterable[str] = ()) -> list[LockedEffect]:
        """Steps 2 to 4: the effects of these ids that exist, ascending, as they are now that they are locked.

        `connections` are further ones that the effects will belong to. Blocks.
        """
        self.lock_gates(connections)
        found = lock_effects(self.cursor, self.practice_id, effect_ids)
        self._locked |= {effect.effect_id: effect for effect in found}
        self._at = instant(self.cursor, self._now)
        return found

    def move(self, moves: Sequence[Move]) -> None:
        """Step 5: write moves of effects that this unit has locked, and note what they owe. Blocks.

        A result is published of every effect whose state or reason is another now, but for one that became SCHEDULED:
        upstreams get the outcome, not the intention. Raises Permanent as `move_effects`.
        """
        moved = [(self._locked[move.effect_id], move) for move in moves]
        move_effects(self.cursor, moves, at=self.at)
        for effect, move in moved:
            self._changed_gates |= {each for each in (effect.connection_id, move.connection_id) if each is not None}
            if move.state is not State.SCHEDULED and _is_news(effect, move):
                self.publish(outbox.effect_result(effect, move.state, reason=move.reason, at=self.at))

    def publish(self, *messages: outbox.OutboxMessage) -> None:
        """Publish with this transaction, behind what was published before."""
        self._messages += messages

    def refresh_gates(self, connections: Iterable[str] | None = None) -> None:
        """Recompute when gates have work next, although no effect of theirs moved. None: all gates of the practice."""
        if connections is None:
            connections = fetch_values(self.cursor, _GATES["gates_of"], {"practice_id": self.practice_id})
        self._changed_gates.update(connections)

    def audit(
        self,
        action: str,
        *,
        actor: str,
        why: str | None,
        subject: str | None = None,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Add an entry to the practice's trail. `before` and `after` are JSON of ids and settings, no personal data."""
        append(
            self.cursor,
            self.practice_id,
            at=self.at,
            actor=actor,
            action=action,
            subject=subject,
            before=before,
            after=after,
            why=why,
        )

    def finish(self) -> None:
        """Step 6. Whoever made the unit calls it once, as the last thing before the commit. Blocks."""
        outbox.enqueue(self.cursor, self._messages)
        gates.refresh(self.cursor, self._keys(self._changed_gates), now=self.at, jitter_s=self._jitter_s)
        self._messages, self._changed_gates = [], set()

    def _keys(self, connections: Iterable[str]) -> list[gates.GateKey]:
        return [(self.practice_id, connection_id) for connection_id in connections]


def instant(cursor: Cursor, now: datetime | None) -> datetime:
    """Business time now: the rehearsed one, else the wall clock, whatever the age of the transaction. Blocks."""
    found: datetime = fetch_value(cursor, _EFFECTS["instant"], {"now": now})
    return found


def _is_news(effect: LockedEffect, move: Move) -> bool:
    before = outbox.published_reason(effect.state, effect.reason)
    return move.state is not effect.state or outbox.published_reason(move.state, move.reason or effect.reason) != before

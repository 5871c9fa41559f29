"""How much one transaction of INTAKE takes: records, the entries that they make, less after a time-out (law 9).

Pure but for its counts, which outlive the connection that a time-out ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import psycopg

from sinks.ledger.intake.records import Consumed, Decided, Record

MOST_ENTRIES: Final = 4_000
"""Entries that the records of one transaction plan: a fifth of what a statement's time is enough for. A record with
more is taken alone."""
TRIES_ALONE: Final = 3
"""Time-outs of one record by itself, with locks that were not waited for in vain, before it is refused."""

TOO_LONG: Final = (psycopg.errors.QueryCanceled, psycopg.errors.TransactionTimeout)
"""What ends a statement or a transaction that takes longer than the protocol allows (PROTOCOL section 5)."""

_Place = tuple[str, int, int]


class BatchLimit(msgspec.Struct):
    """Halved by each time-out, doubled by each transaction that ends in time."""

    most: int
    """Records of a transaction where nothing is slow."""
    records: int = 0
    """Of the next transaction; 0 = `most`."""
    alone: _Place | None = None
    """The record that took too long by itself the last time."""
    tries: int = 0

    def chunk(self, left: Sequence[Record]) -> Sequence[Record]:
        """The first records of these that the next transaction takes; one at least."""
        entries, taken = 0, 0
        for record in left[: self.records or self.most]:
            entries += _entries(record)
            if taken and entries > MOST_ENTRIES:
                break
            taken += 1
        return left[:taken]

    def stored(self) -> None:
        """A transaction ended in time."""
        if self.records:
            doubled = 2 * self.records
            self.records = 0 if doubled >= self.most else doubled
        self.alone, self.tries = None, 0

    def too_long(self, chunk: Sequence[Record]) -> bool:
        """A transaction with these records took too long. Whether its one record is to be refused: the others wait
        behind it, and it has taken too long often enough."""
        self.records = max(1, len(chunk) // 2)
        if len(chunk) > 1:
            return False
        place = _place(chunk[0].at)
        self.tries = self.tries + 1 if place == self.alone else 1
        self.alone = place
        return self.tries >= TRIES_ALONE


def _entries(record: Record) -> int:
    return len(record.writeback.decision.effects) if isinstance(record, Decided) else 0


def _place(at: Consumed) -> _Place:
    return (at.topic_id, at.part, at.off)

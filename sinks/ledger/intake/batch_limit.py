"""How much one transaction of INTAKE takes: records, the entries that they make, those that are stored about their
money, what is written; less after a time-out (law 9).

Pure but for its counts, which outlive the connection that a time-out ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
import psycopg

from sinks.ledger.intake.payment_key import PaymentKey
from sinks.ledger.intake.records import Consumed, Decided, Record, read
from streams.fault_injection import Control, disabled

MOST_ENTRIES: Final = 4_000
"""Entries that the records of one transaction plan, entries and events that it reads of the money that they are about,
and rows that it writes: a fifth of what a statement's time is enough for. A record with more is taken alone."""
BYTES_OF_AN_ITEM: Final = 128
"""So many bytes of an event count as an entry: a payout of 9,000 items plans one document, and stores each item."""
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
            if taken and is_enough(entries - 1):
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


def is_enough(rows: int) -> bool:
    """Whether so many are as many as one transaction takes."""
    return rows >= MOST_ENTRIES and not disabled(Control.BOUNDED_STEPS)


def read_in_steps(consumed: Iterable[Consumed]) -> Iterator[list[Record]]:
    """The records, each read when its turn comes, in lists of what one transaction takes: plans are held in memory for
    one of them, and not for all that the broker sent."""
    step: list[Record] = []
    entries = 0
    for each in consumed:
        record = read(each)
        entries += _entries(record)
        if step and is_enough(entries - 1):
            yield step
            step, entries = [], _entries(record)
        step.append(record)
    if step:
        yield step


def first_that_fit(first: Mapping[PaymentKey, int], stored: Mapping[PaymentKey, int], count: int) -> int:
    """How many of `count` things, from the first, concern money of which one transaction can read what is stored; one
    at least. `first`: the number of the first thing that concerns it."""
    total = 0
    for key, number in sorted(first.items(), key=lambda each: each[1]):
        total += stored.get(key, 0)
        if number and is_enough(total - 1):
            return number
    return count


def _entries(record: Record) -> int:
    if not isinstance(record, Decided):
        return 0
    writeback = record.writeback
    return max(len(writeback.decision.effects), len(writeback.original) // BYTES_OF_AN_ITEM)


def _place(at: Consumed) -> _Place:
    return (at.topic_id, at.part, at.off)

"""A proposed version over what happened lately, before it is saved: the numbers of `whatif` for a screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Final

import msgspec

from schemas.practice_settings import PracticeSettings
from sinks.operations.ledger import Ledger
from sinks.operations.queries.calendar import Calendar
from sinks.operations.roles import View
from sinks.operations.viewing import sees
from sinks.operations.whatif.compare import Compared, Totals
from sinks.operations.whatif.run import run

DAYS: Final = 30
MOST_EVENTS: Final = 3_000
"""Of a page that somebody waits for; `writeback whatif` goes through all."""
MOST_SHOWN: Final = 10


class MonthLine(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one kind and state at a target, now and as proposed."""

    target: str
    entry_kind: str
    state: str
    currency: str
    entries_before: int
    minor_before: int
    entries_after: int
    minor_after: int


class LastMonth(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been otherwise in the days up to today."""

    first: date
    last: date
    events: int
    differing: int
    not_kept: int
    """Of these the content is not kept any more."""
    complete: bool
    """False: only the first `MOST_EVENTS` were gone through."""
    lines: tuple[MonthLine, ...]
    """Those that differ."""
    examples: tuple[Compared, ...]
    currency: str | None
    payments_before: int
    payments_after: int
    """What is posted without a person, less what went back, in minor units."""


@sees(View.TRANSACTIONS)
def last_month(ledger: Ledger, practice_id: str, proposed: PracticeSettings) -> LastMonth:
    """The last thirty days of the practice's own calendar under `proposed`, next to what they are. Reads only. Blocks
    for two statements for each two hundred events."""
    calendar = Calendar(zone=proposed.zone)
    last = calendar.day_of(ledger.clock.now())
    first = last - timedelta(days=DAYS)
    since, until = calendar.bounds(first, last)
    totals, seen = Totals(), 0
    examples: list[Compared] = []
    for each in islice(run(ledger.connection, practice_id, proposed, since, until), MOST_EVENTS + 1):
        seen += 1
        if seen > MOST_EVENTS:
            break
        totals.add(each)
        if each.differs and len(examples) < MOST_SHOWN:
            examples.append(each)
    return LastMonth(
        first=first,
        last=last,
        events=totals.events,
        differing=totals.differing,
        not_kept=totals.without_body,
        complete=seen <= MOST_EVENTS,
        lines=tuple(_lines(totals)),
        examples=tuple(examples),
        currency=totals.after.currency or totals.before.currency,
        payments_before=totals.before.payments,
        payments_after=totals.after.payments,
    )


def _lines(totals: Totals) -> Iterator[MonthLine]:
    for (target, kind, state, currency), line in sorted(totals.lines.items()):
        if (line.entries_before, line.minor_before) != (line.entries_after, line.minor_after):
            yield MonthLine(
                target=target,
                entry_kind=kind,
                state=state,
                currency=currency,
                entries_before=line.entries_before,
                minor_before=line.minor_before,
                entries_after=line.entries_after,
                minor_after=line.minor_after,
            )

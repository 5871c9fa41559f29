"""What stands dead, counted by stage and reason, by practice and by age, with the money that it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from sinks.ledger.named_queries import named_queries
from sinks.ledger.rows.fetch import fetch_all
from sinks.operations.ledger import Ledger
from sinks.operations.queries.dead_letters import DeadWanted, check_wanted, filters
from sinks.operations.roles import View
from sinks.operations.viewing import sees

LOOKED_AT: Final = 50_000
"""Entries, and records, that are counted at most: some seconds, however much a storm has left."""
AGES: Final = ("<1 h", "<1 d", "<3 d", "older")
_SQL: Final = named_queries("sinks.operations.queries", "dead_stats.sql")


class DeadGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters that have all of this in common."""

    stage: str
    """Where it failed; `post` for an entry at a target, whether sending or looking it up failed."""
    target: str | None
    reason: str
    practice_id: str
    currency: str | None
    age: str
    """How long ago it failed last, by business time: one of AGES."""
    entries: int
    records: int
    amount_minor: int | None
    """Of entries that move money, each without its sign; None where none does. The amount of a record is not known."""
    since: datetime


class DeadLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table: what has `of` in common, at one target, in one currency. `of` are the columns that it is
    counted by."""

    of: tuple[str, ...]
    target: str | None
    currency: str | None
    entries: int
    records: int
    amount_minor: int | None
    since: datetime
    """The oldest of them."""


class DeadStats(msgspec.Struct, frozen=True, kw_only=True):
    """What stands dead. Amounts stand per target: the same payment may be dead at two."""

    entries: int
    records: int
    more_than: int | None
    """So many entries or records were counted, and there may be more; None: all were counted."""
    by_reason: tuple[DeadLine, ...]
    """`of`: stage, reason."""
    by_practice: tuple[DeadLine, ...]
    """`of`: practice. Those with the most first."""
    by_age: tuple[DeadLine, ...]
    """`of`: age."""


@sees(View.TRANSACTIONS, practice="wanted.practice_id")
def dead_stats(ledger: Ledger, wanted: DeadWanted, *, looked_at: int = LOOKED_AT) -> DeadStats:
    """Count what stands dead; `wanted.most` practices at most. Blocks for two statements. Raises as `check_wanted`.
    A lane and an id are not looked at: they are no crowd."""
    check_wanted(ledger.connection, wanted)
    parameters = filters(wanted) | {"now": ledger.now, "looked_at": looked_at}
    return counted_up(fetch_all(ledger.connection, DeadGroup, _SQL["dead_groups"], parameters), looked_at, wanted.most)


def counted_up(groups: Iterable[DeadGroup], looked_at: int, most: int) -> DeadStats:
    """The same groups by each of the columns. Pure."""
    found = list(groups)
    entries, records = sum(each.entries for each in found), sum(each.records for each in found)
    return DeadStats(
        entries=entries,
        records=records,
        more_than=looked_at if looked_at in (entries, records) else None,
        by_reason=_lines(found, lambda each: (each.stage, each.reason)),
        by_practice=_lines(found, lambda each: (each.practice_id,))[:most],
        by_age=tuple(sorted(_lines(found, lambda each: (each.age,)), key=lambda line: AGES.index(line.of[0]))),
    )


def _lines(groups: Iterable[DeadGroup], of: Callable[[DeadGroup], tuple[str, ...]]) -> tuple[DeadLine, ...]:
    together: dict[tuple[tuple[str, ...], str | None], list[DeadGroup]] = {}
    for each in groups:
        together.setdefault((of(each), each.target), []).append(each)
    lines = [line for (key, target), same in together.items() for line in _per_currency(key, target, same)]
    return tuple(sorted(lines, key=lambda line: (-line.entries - line.records, line.of, line.target or "")))


def _per_currency(of: tuple[str, ...], target: str | None, groups: list[DeadGroup]) -> list[DeadLine]:
    """One line, or one a currency; records, whose currency is not known, stand on the first."""
    currencies: Sequence[str | None] = sorted({each.currency for each in groups if each.currency is not None})
    lines = []
    for number, currency in enumerate(currencies or [None]):
        mine = [each for each in groups if each.currency == currency or (number == 0 and each.currency is None)]
        amounts = [each.amount_minor for each in mine if each.amount_minor is not None]
        lines.append(
            DeadLine(
                of=of,
                target=target,
                currency=currency,
                entries=sum(each.entries for each in mine),
                records=sum(each.records for each in mine),
                amount_minor=sum(amounts) if amounts else None,
                since=min(each.since for each in mine),
            )
        )
    return lines

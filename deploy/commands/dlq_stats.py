"""`writeback dlq stats`: how much stands dead, where, why, for how long, and how much money that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.dlq_wanted import Reason, Since, TargetName, Until, dead_wanted
from deploy.commands.options import Json, Practice

if TYPE_CHECKING:
    from sinks.operations.queries.dead_stats import DeadLine

Practices = Annotated[int, typer.Option("--most", min=1, max=10_000, help="Show at most this many lines of practices.")]


def stats(
    practice: Practice = None,
    reason: Reason = None,
    target: TargetName = None,
    since: Since = None,
    until: Until = None,
    most: Practices = 20,
    as_json: Json = False,
) -> None:
    """Count what stands dead by stage and reason, by practice and by age, with the money of its entries."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.printing import counted, print_json
    from sinks.operations.queries.dead_stats import dead_stats

    wanted = dead_wanted(practice, reason, target, since, until, most)
    with open_ledger("dlq") as opened:
        found = dead_stats(opened.ledger, wanted)
    if as_json:
        print_json(found)
        return
    if found.more_than is not None:
        print(f"{found.more_than} entries or records stand dead, or more: only so many of each were counted")
    _print("By stage and reason", ("stage", "reason"), found.by_reason)
    _print("By practice, most first", ("practice",), found.by_practice)
    _print("By age of the last failure", ("age",), found.by_age)
    entries, records = counted(found.entries, "entry", "entries"), counted(found.records, "record")
    print(f"{entries} and {records} {'stands' if found.entries + found.records == 1 else 'stand'} dead")


def _print(title: str, of: tuple[str, ...], lines: tuple[DeadLine, ...]) -> None:
    from deploy.commands.printing import print_table, shown_at, shown_money

    if lines:
        rows = (
            (
                *line.of,
                line.target,
                line.entries or "",
                line.records or "",
                shown_money(line.amount_minor, line.currency),
                shown_at(line.since),
            )
            for line in lines
        )
        print_table(title, (*of, "target", "entries", "records", "value", "oldest"), rows)

"""`writeback whatif`: a proposed setting over the practice's past events, touching nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.commands.options import Json

if TYPE_CHECKING:
    from sinks.ledger.practices.settings.warnings import SettingsWarning
    from sinks.operations.whatif.compare import Compared, Outcome, Totals

SHOWN = 100
"""Payments that a person is shown; the sum and --json hold all."""


def whatif(
    practice: Annotated[str, typer.Option("--practice", help="The practice's id.")],
    since: Annotated[str, typer.Option("--from", help="A day of the practice, or an instant with its zone.")],
    until: Annotated[str, typer.Option("--to", help="A day, included; or an instant, excluded.")],
    file: Annotated[Path | None, typer.Option("--settings", help="JSON with the whole proposed settings.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--change", help="Or the newest settings with a field changed; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Decide a practice's past payments under proposed settings, and show what would differ."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.parsing import period
    from sinks.operations.actions.settings import edit_of
    from sinks.operations.queries.settings_views import propose_settings
    from sinks.operations.whatif.run import run

    edit = edit_of(practice, file, changes)
    with open_ledger("whatif") as opened:
        proposed, warnings = propose_settings(opened.ledger, practice, edit)
        begins, ends = period(since, until, proposed.zone)
        events = run(opened.ledger.connection, practice, proposed, begins, ends)
        (_stream if as_json else _table)(practice, events, warnings)


def _stream(practice_id: str, events: Iterable[Compared], warnings: tuple[SettingsWarning, ...]) -> None:
    """One JSON document, written as it is found: years of payments take no memory."""
    from msgspec.json import encode

    from sinks.operations.whatif.compare import Totals

    total, comma = Totals(), ""
    sys.stdout.write(f'{{"practice_id":{encode(practice_id).decode()},"payments":[')
    for each in _counted(events, total):
        sys.stdout.write(comma + encode(each).decode())
        comma = ","
    ending = {"warnings": warnings, "sum": _sum_json(total)}
    sys.stdout.write("]," + encode(ending).decode()[1:] + "\n")


def _table(practice_id: str, events: Iterable[Compared], warnings: tuple[SettingsWarning, ...]) -> None:
    from deploy.commands.printing import print_table, shown_money
    from sinks.operations.whatif.compare import Totals

    total = Totals()
    listed: list[Compared] = []
    for each in _counted(events, total):
        if len(listed) < SHOWN:
            listed.append(each)
    if listed:
        heads = ("payment", "happened", "event", "now", "proposed")
        print_table(f"{practice_id}: what would differ", heads, _rows(listed))
    if total.differing > len(listed):
        print(f"{total.differing - len(listed)} more differ: --json holds them all")
    sums = (
        (target, kind, state, line.entries_before, shown_money(line.minor_before, currency), line.entries_after,
         shown_money(line.minor_after, currency))
        for (target, kind, state, currency), line in sorted(total.lines.items())
    )  # fmt: skip
    print_table("In sum", ("target", "entry", "state", "now", "", "proposed", ""), sums)
    print_table(
        "What is posted without a person, in the practice's system",
        ("", "now", "proposed"),
        (
            (said, shown_money(before, total.before.currency), shown_money(after, total.after.currency))
            for said, before, after in (
                ("payments less what went back", total.before.payments, total.after.payments),
                ("with their fee adjustments", total.before.balances, total.after.balances),
            )
        ),
    )
    print(f"{total.differing} of {total.events} events would differ; nothing was touched")
    if total.without_body:
        print(f"{total.without_body} events are too old: their content is not kept any more")
    for warning in warnings:
        print(f"{warning.level.value} {warning.code.value} ({warning.field}): {warning.text}")


def _rows(listed: list[Compared]) -> Iterator[tuple[object, ...]]:
    """Payment by payment, each event in its order; where a payment has several, what they come to."""
    from deploy.commands.printing import shown_at

    for about, group in groupby(listed, key=lambda each: each.about):
        events = list(group)
        for each in events:
            yield about, shown_at(each.occurred_at), _named(each), _outcome(each.before), _outcome(each.after)
        if len(events) > 1:
            yield about, "", "these together", _in_all(x.before for x in events), _in_all(x.after for x in events)


def _named(each: Compared) -> str:
    return each.event_type if each.subject == each.about else f"{each.event_type} {each.subject}"


def _in_all(outcomes: Iterable[Outcome]) -> str:
    from deploy.commands.printing import shown_money
    from sinks.operations.whatif.compare import PostedTotals

    books = PostedTotals()
    for outcome in outcomes:
        books.add(outcome)
    payments, balances = (shown_money(each, books.currency) for each in (books.payments, books.balances))
    return f"posted {payments}, {balances} with fee adjustments"


def _counted(events: Iterable[Compared], total: Totals) -> Iterable[Compared]:
    """Those that differ; all are added up."""
    for each in events:
        total.add(each)
        if each.differs:
            yield each


def _outcome(outcome: Outcome) -> str | tuple[str, ...]:
    """A line for each entry."""
    from deploy.commands.printing import shown_at, shown_money

    if outcome.refused is not None:
        return f"refused: {outcome.refused.value}"
    if outcome.waiting is not None:
        return f"{outcome.waiting.value} {outcome.reason}"
    lines = []
    for each in outcome.entries:
        due = f" due {shown_at(each.due_at)}" if each.due_at is not None else ""
        money = shown_money(each.amount_minor, each.currency)
        lines.append(f"{each.entry_kind.value} {money} {each.state.value} {each.reason}{due}")
    return tuple(lines) or "posts nothing"


def _sum_json(total: Totals) -> dict[str, Any]:
    names = ("target", "entry_kind", "state", "currency")
    return {
        "events": total.events,
        "differing": total.differing,
        "without_body": total.without_body,
        "payments_minor": {"before": total.before.payments, "after": total.after.payments},
        "with_adjustments_minor": {"before": total.before.balances, "after": total.after.balances},
        "lines": [
            dict(zip(names, key, strict=True))
            | {"entries_before": line.entries_before, "minor_before": line.minor_before}
            | {"entries_after": line.entries_after, "minor_after": line.minor_after}
            for key, line in sorted(total.lines.items())
        ],
    }

"""`writeback backfill PRACTICE --from --to`: post on purpose what a switch skipped when it happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import By, Json, PracticeId, Why, Yes

if TYPE_CHECKING:
    from sinks.operations.actions.backfill import BackfillDone
    from sinks.operations.ledger import Ledger
    from sinks.operations.queries.skipped import BackfillItem, BackfillWanted

SHOWN = 200
"""Payments of a preview that are listed; all are counted."""


def backfill(
    practice: PracticeId,
    since: Annotated[str, typer.Option("--from", help="A day of the practice, or an instant with its zone.")],
    until: Annotated[str, typer.Option("--to", help="A day, included; or an instant, excluded.")],
    kind: Annotated[str | None, typer.Option("--type", help="Only this kind, like TERMINAL.")] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="Also what was skipped for this: COMPANION_OFF, NO_CONNECTION, NOTES_OFF."),
    ] = None,
    yes: Yes = False,
    why: Why = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make entries due that were skipped because their type or the master was off."""
    from deploy.commands.open_ledger import open_ledger
    from deploy.commands.options import order_of
    from sinks.operations.actions import backfill as backfilling

    with open_ledger("backfill") as opened:
        wanted = _wanted(opened.ledger, practice, since, until, kind, also)
        done = backfilling.backfill(opened.ledger, wanted, order_of(yes, why, by))
        if done is None:
            _print_preview(backfilling.plan_backfill(opened.ledger, wanted), as_json)
        else:
            _print_done(wanted.practice_id, done, as_json)


def _print_done(practice_id: str, done: BackfillDone, as_json: bool) -> None:
    from deploy.commands.printing import counted, print_json

    if as_json:
        print_json({"dry_run": False, "done": done})
        return
    kept = f"; {counted(done.kept, 'payment')} stayed skipped" if done.kept else ""
    are = "is" if done.entries == 1 else "are"
    print(f"{practice_id}: {_moved(done.entries, done.payments)} {are} due now{kept}")


def _print_preview(items: Iterable[BackfillItem], as_json: bool) -> None:
    """Counts everything; lists the first, so that the preview of years stays readable and small."""
    from deploy.commands.printing import APPLY_HINT, print_json, print_table, shown_money

    listed: list[BackfillItem] = []
    payments = entries = 0
    sums: dict[tuple[str, str, str], int] = {}
    kept: dict[str, int] = {}
    for item in items:
        if len(listed) < SHOWN:
            listed.append(item)
        payments += bool(item.moves)
        entries += len(item.moves)
        for each in item.moves:
            key = (each.target.value, each.entry_kind.value, each.currency)
            sums[key] = sums.get(key, 0) + each.amount_minor
        if item.kept is not None:
            kept[item.kept.value] = kept.get(item.kept.value, 0) + 1
    if as_json:
        totals = [
            {"target": key[0], "entry_kind": key[1], "currency": key[2], "amount_minor": minor}
            for key, minor in sums.items()
        ]
        found = {"dry_run": True, "payments": payments, "entries": entries, "sums": totals, "kept": kept}
        print_json(found | {"items": listed})
        return
    print_table("", ("happened", "payment", "would be due", "stays skipped, because"), map(_row, listed))
    for (target, entry_kind, currency), minor in sums.items():
        print(f"{target} {entry_kind}: {shown_money(minor, currency)}")
    print(f"{_moved(entries, payments)} would be due now\n{APPLY_HINT}")


def _row(item: BackfillItem) -> tuple[object, ...]:
    from deploy.commands.printing import shown_at, shown_money

    return (
        shown_at(item.occurred_at),
        item.subject,
        ", ".join(f"{each.entry_kind.value} {shown_money(each.amount_minor, each.currency)}" for each in item.moves),
        "" if item.kept is None else item.kept.value,
    )


def _moved(entries: int, payments: int) -> str:
    from deploy.commands.printing import counted

    return f"{counted(entries, 'entry', 'entries')} of {counted(payments, 'payment')}"


def _wanted(
    ledger: Ledger, practice: str, since: str, until: str, kind: str | None, also: list[str] | None
) -> BackfillWanted:
    from deploy.commands.parsing import one_of, period
    from schemas.events import PaymentKind
    from schemas.vocabulary import DecisionReason
    from sinks.operations.queries.settings_views import zone_of
    from sinks.operations.queries.skipped import BY_SWITCH, ON_REQUEST, BackfillWanted
    from streams.runtime.errors import ConfigurationError

    begins, ends = period(since, until, zone_of(ledger, practice))
    asked = [one_of(each, DecisionReason, "--also") for each in also or ()]
    for each in asked:
        if each not in ON_REQUEST:
            known = ", ".join(sorted(ON_REQUEST))
            raise ConfigurationError(f"--also {each}: takes one of {known}")
    chosen = one_of(kind, PaymentKind, "--type")
    return BackfillWanted(
        practice_id=practice,
        since=begins,
        until=ends,
        kind=None if chosen is None else PaymentKind(chosen),
        reasons=BY_SWITCH | {DecisionReason(each) for each in asked if each},
    )
